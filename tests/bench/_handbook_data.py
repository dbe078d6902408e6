"""The transactions of the Fraud-Detection-Handbook, and the folds of its protocol."""

# pyarrow has no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

DAY_S = 86_400
DELAY_DAYS = TRAIN_DAYS = TEST_DAYS = 7
FIRST_DAY = int(datetime(2018, 7, 25, tzinfo=UTC).timestamp()) // DAY_S
PUBLISHED_FOLDS = 4
COLUMNS = ["TRANSACTION_ID", "TX_DATETIME", "CUSTOMER_ID", "TERMINAL_ID", "TX_AMOUNT", "TX_FRAUD"]


@dataclass(frozen=True)
class Transactions:
    """The columns, in order of time."""

    ids: list[str]
    at: list[int]
    """Seconds since 1970."""
    customers: list[int]
    terminals: list[str]
    amounts: list[int]
    """In minor units."""
    frauds: list[bool]

    def __len__(self) -> int:
        return len(self.at)


@dataclass(frozen=True)
class Fold:
    """Positions of the transactions that one fold trains on and is tested on."""

    number: int
    train: range
    test: list[int]


def read_transactions(data: Path) -> Transactions:
    """All `handbook*.parquet` of a folder in order of time, each transaction once."""
    paths = sorted(data.glob("handbook*.parquet"))
    if not paths:
        raise FileNotFoundError(f"There is no handbook*.parquet in {data}.")
    tables = [_same_types(pq.read_table(path, columns=COLUMNS)) for path in paths]
    table = pa.concat_tables(tables).group_by(COLUMNS, use_threads=False).aggregate([])
    table = table.sort_by([("TX_DATETIME", "ascending"), ("TRANSACTION_ID", "ascending")])
    return Transactions(
        ids=[str(each) for each in table["TRANSACTION_ID"].to_pylist()],
        at=table["TX_DATETIME"].to_pylist(),
        customers=table["CUSTOMER_ID"].to_pylist(),
        terminals=[str(each) for each in table["TERMINAL_ID"].to_pylist()],
        amounts=[round(each * 100) for each in table["TX_AMOUNT"].to_pylist()],
        frauds=[bool(each) for each in table["TX_FRAUD"].to_pylist()],
    )


def _same_types(table: pa.Table) -> pa.Table:
    types = {"TX_DATETIME": pa.timestamp("s"), "TX_AMOUNT": pa.float64()}
    columns = {name: pc.cast(table[name], types.get(name, pa.int64()), safe=False) for name in COLUMNS}
    columns["TX_DATETIME"] = pc.cast(columns["TX_DATETIME"], pa.int64())
    return pa.table(columns)


def folds_of(read: Transactions) -> list[Fold]:
    """Those of the handbook's four folds whose 21 days the data covers; later ones where it covers none of them."""
    days = [each // DAY_S for each in read.at]
    begins: dict[int, int] = {}
    for place, day in enumerate(days):
        begins.setdefault(day, place)
    length = TRAIN_DAYS + DELAY_DAYS + TEST_DAYS
    last = days[-1] if days else 0
    covered = [
        number
        for number in range(1, 1 + max(0, last - FIRST_DAY) // TRAIN_DAYS + 1)
        if all(day in begins for day in range(_first_day(number), _first_day(number) + length))
    ]
    chosen = [number for number in covered if number <= PUBLISHED_FOLDS] or covered
    begins[last + 1] = len(days)
    return [_fold(read, begins, number) for number in chosen]


def _first_day(number: int) -> int:
    return FIRST_DAY + TRAIN_DAYS * (number - 1)


def _fold(read: Transactions, begins: dict[int, int], number: int) -> Fold:
    first = _first_day(number)
    tests_from = first + TRAIN_DAYS + DELAY_DAYS
    known: set[int] = set()
    counted = begins[first]
    test: list[int] = []
    for day in range(tests_from, tests_from + TEST_DAYS):
        for place in range(counted, begins[day - DELAY_DAYS]):
            if read.frauds[place]:
                known.add(read.customers[place])
        counted = begins[day - DELAY_DAYS]
        test += [place for place in range(begins[day], begins[day + 1]) if read.customers[place] not in known]
    return Fold(number, range(begins[first], begins[first + TRAIN_DAYS]), test)

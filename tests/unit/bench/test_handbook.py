"""The protocol of the handbook: which transactions are tested, what a score may know, how it is measured."""

# pyarrow has no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportArgumentType=false, reportUnknownArgumentType=false

from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.bench._handbook import lines, run, scored_stream, trained_on_fold
from tests.bench._handbook_data import COLUMNS, DAY_S, FIRST_DAY, Transactions, folds_of, read_transactions
from tests.bench._handbook_metrics import card_precision, ranking

FIRST = datetime.fromtimestamp(FIRST_DAY * DAY_S, tz=UTC)
Row = tuple[int, datetime, int, int, float, int]


def rows(days: int, *, a_day: int = 40, seed: int = 3) -> list[Row]:
    """Customers at terminals, of which terminal 0 is compromised, from the first day of fold 1 on."""
    random = Random(seed)
    made: list[Row] = []
    for number in range(days * a_day):
        at = FIRST + timedelta(days=number / a_day)
        terminal = random.randrange(8)
        is_fraud = terminal == 0 and random.random() < 0.9
        made.append((number, at, random.randrange(30), terminal, round(random.uniform(5, 90), 2), int(is_fraud)))
    return made


def write(path: Path, values: list[Row]) -> None:
    columns: dict[str, list[object]] = {name: [row[place] for row in values] for place, name in enumerate(COLUMNS)}
    columns["TX_DATETIME"] = [row[1].replace(tzinfo=None) for row in values]
    pq.write_table(pa.table(columns), path)


def read_from(folder: Path, values: list[Row]) -> Transactions:
    write(folder / "handbook_test.parquet", values)
    return read_transactions(folder)


def test_files_are_joined_and_nothing_is_doubled(tmp_path: Path) -> None:
    values = rows(4)
    write(tmp_path / "handbook_b.parquet", values[:100])
    write(tmp_path / "handbook_a.parquet", values[60:])
    write(tmp_path / "other.parquet", values[:1])

    read = read_transactions(tmp_path)

    assert read.ids == [str(row[0]) for row in values]
    assert read.at == sorted(read.at)
    assert read.at[0] == FIRST_DAY * DAY_S
    assert read.amounts[5] == round(values[5][4] * 100)


def test_missing_files_are_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"There is no handbook\*\.parquet"):
        run(tmp_path)
    write(tmp_path / "handbook_short.parquet", rows(20))
    with pytest.raises(ValueError, match="do not cover the 21 days of one fold"):
        run(tmp_path)


@pytest.mark.parametrize(("days", "folds"), [(20, []), (21, [1]), (28, [1, 2]), (50, [1, 2, 3, 4])])
def test_folds_are_those_that_the_days_cover(tmp_path: Path, days: int, folds: list[int]) -> None:
    assert [fold.number for fold in folds_of(read_from(tmp_path, rows(days, a_day=2)))] == folds


def test_customers_known_seven_days_before_are_not_tested(tmp_path: Path) -> None:
    values = [
        (number, FIRST + timedelta(days=number // 4, hours=number % 4), number % 4, 1, 5.0, 0) for number in range(84)
    ]
    for place, (customer, day) in enumerate([(0, 6), (1, 7), (2, 13)]):
        number = 4 * day + customer
        values[number] = (*values[number][:5], 1)
        assert values[number][2] == customer, place
    read = read_from(tmp_path, values)

    (fold,) = folds_of(read)

    tested = {customer: set[int]() for customer in range(4)}
    for place in fold.test:
        tested[read.customers[place]].add(read.at[place] // DAY_S - FIRST_DAY)
    assert tested == {0: set(), 1: {14}, 2: set(range(14, 21)), 3: set(range(14, 21))}
    assert list(fold.train) == list(range(28))


def test_no_score_knows_a_label_before_its_time(tmp_path: Path) -> None:
    values = rows(28)
    read = read_from(tmp_path, values)
    cut = read.at[-1] - 7 * DAY_S
    flipped = [(*row[:5], 1 - row[5]) if row[1].timestamp() >= cut else row for row in values]
    other = read_from(tmp_path, flipped)

    first, second = scored_stream(read, 0), scored_stream(other, 0)

    assert read.frauds != other.frauds
    assert first.scores == second.scores
    assert first.vectors == second.vectors


def test_fold_knows_only_the_labels_of_its_days(tmp_path: Path) -> None:
    values = rows(21)
    read = read_from(tmp_path, values)
    (fold,) = folds_of(read)
    stream = scored_stream(read, 0)
    relabelled = Transactions(
        read.ids,
        read.at,
        read.customers,
        read.terminals,
        read.amounts,
        [is_fraud if place in fold.train else not is_fraud for place, is_fraud in enumerate(read.frauds)],
    )
    assert trained_on_fold(relabelled, stream, fold) == trained_on_fold(read, stream, fold)


def test_all_figures_are_reported(tmp_path: Path) -> None:
    write(tmp_path / "handbook_all.parquet", rows(28))

    said = "\n".join(lines(run(tmp_path)))

    for part in ("folds [1, 2]", "trained on seven days", "label-free", "z-score", "XGBoost", "events/s", "bytes"):
        assert part in said


def test_area_and_precision_of_a_ranking() -> None:
    auc, ap = ranking([0.9, 0.8, 0.7, 0.6], [True, False, True, False])
    assert auc == pytest.approx(0.75)
    assert ap == pytest.approx((1 + 2 / 3) / 2)


def test_equal_scores_are_one_threshold() -> None:
    auc, ap = ranking([0.5, 0.5, 0.5, 0.5], [True, False, False, False])
    assert auc == pytest.approx(0.5)
    assert ap == pytest.approx(0.25)


def test_found_customers_leave_the_days_after() -> None:
    found_twice = [(1, 7, 0.9, True), (2, 7, 0.9, True)]
    assert card_precision(found_twice) == pytest.approx((1 / 100 + 0) / 2)


def test_only_the_top_hundred_cards_count() -> None:
    crowd = [(1, customer, 0.5, False) for customer in range(100)]
    assert card_precision([*crowd, (1, 500, 0.4, True)]) == 0
    assert card_precision([*crowd, (1, 500, 0.6, True)]) == pytest.approx(0.01)

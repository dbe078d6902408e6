"""What a model's answer costs: the price table of `prices.toml`."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from worker.ports.model import ModelReply

PRICES_FILE = Path(__file__).parent / "prices.toml"
MILLIONTH = Decimal("0.000001")


@dataclass(frozen=True)
class Price:
    """US dollars per million tokens, of all models that fit one of the patterns."""

    models: tuple[str, ...]
    input: Decimal
    output: Decimal


class Prices:
    """Prices by the name that an endpoint gives its model; the first that fits counts."""

    def __init__(self, prices: Sequence[Price]) -> None:
        self._prices = tuple(prices)

    def cost_of(self, reply: ModelReply) -> Decimal | None:
        """In US dollars, to a millionth; None when the model has no known price.

        What a model thinks to itself, which some endpoints count in no other number, costs like what it writes.
        """
        name = reply.model.lower()
        price = next((each for each in self._prices if any(fnmatchcase(name, model) for model in each.models)), None)
        if price is None:
            return None
        written = max(reply.output_tokens, reply.tokens - reply.input_tokens)
        return ((price.input * reply.input_tokens + price.output * written) / 1_000_000).quantize(MILLIONTH)


def load_prices(path: Path = PRICES_FILE) -> Prices:
    """The table of this release. Raises OSError, ValueError or KeyError when it cannot be read."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return Prices([_price(entry) for entry in table["price"]])


def _price(entry: Mapping[str, Any]) -> Price:
    models = tuple(model.lower() for model in entry["models"])
    return Price(models, Decimal(entry["input"]), Decimal(entry["output"]))

"""What is drawn of an alert, by its type. Pure: an alert is a closed document, and gives the same drawings for ever."""

from collections.abc import Callable, Mapping
from functools import partial

from backend.drawings.amounts import amount_history, usage_history
from backend.drawings.counts import call_history, charge_history, failure_history
from backend.drawings.sequence import login_sequence, transfer_sequence
from backend.drawings.travel import travel_map
from contracts.alert import Alert
from contracts.drawing import Drawing

_Draw = Callable[[Alert], Drawing | None]


def _journey(alert: Alert) -> Drawing | None:
    return travel_map(alert, is_journey=True) or login_sequence(alert)


_places = partial(travel_map, is_journey=False)
_DRAWINGS: Mapping[str, tuple[_Draw, ...]] = {
    "impossible_travel": (_journey,),
    "auth_failures": (failure_history, _places),
    "login_after_failures": (failure_history, _places),
    "login_spraying": (failure_history, _places),
    "spending_spike": (amount_history,),
    "charge_velocity": (charge_history,),
    "transfer_after_change": (transfer_sequence,),
    "data_usage_spike": (usage_history,),
    "api_burst": (call_history,),
    "learned_score": (amount_history,),
}


DRAWN_TYPES = frozenset(_DRAWINGS)


def drawings_of(alert: Alert) -> tuple[Drawing, ...]:
    """The drawings of its evidence; none of a type that is not known, or where the events were left out."""
    found = (draw(alert) for draw in _DRAWINGS.get(alert.alert_type, ()))
    return tuple(drawing for drawing in found if drawing is not None)

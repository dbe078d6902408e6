"""Which rules belong to which specialist."""

from collections.abc import Callable, Mapping

from contracts.report import Specialist
from screening.billing import judge_billing
from screening.dossier import Dossier
from screening.location import judge_location
from screening.usage import judge_usage
from screening.verdict import Judgement

SPECIALIST_RULES: Mapping[Specialist, Callable[[Dossier], Judgement]] = {
    "usage": judge_usage,
    "location": judge_location,
    "billing": judge_billing,
}

"""Cases about what looks like fraud: a customer, one or more alerts, an investigation."""

from contracts.actions import ACTIONS
from contracts.ids import CASE_PREFIX
from contracts.kinds.kind import KindSpec
from contracts.names import INVESTIGATION

FRAUD = KindSpec(
    name="fraud",
    id_prefix=CASE_PREFIX,
    actions=ACTIONS,
    orchestration=INVESTIGATION,
    rejection_means="inconclusive",
    further_outcomes=("auto_cleared", "unresolved", "failed", "merged"),
)

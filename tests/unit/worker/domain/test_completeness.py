"""Whether the records reach up to the alert, on whatever day it is dated."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import JsonValue

from contracts.report import Evidence, Finding
from tests.unit.worker.support.cases import NOON, an_alert, an_event
from worker.domain.completeness import lacking, uncited


def charges(**more: JsonValue) -> tuple[Evidence, ...]:
    result: JsonValue = {"charges": [{"charge_id": "a"}], **more}
    read = Evidence(
        evidence_id="r1-billing-1", tool="get_recent_charges", arguments={}, ok=True, result=result, recorded_at=NOON
    )
    return (read,)


@pytest.mark.parametrize("raised", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
@pytest.mark.parametrize("as_of", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "soon", 7, None])
def test_an_alert_may_be_dated_anywhere(raised: datetime, as_of: JsonValue) -> None:
    why = lacking("billing", (an_alert(raised_at=raised),), charges(as_of=as_of))

    is_old = raised.year == 9999 and str(as_of).startswith("0001")
    assert (why is not None) is is_old


def test_records_must_reach_up_to_the_newest_alert() -> None:
    late = an_alert("late-7", alert_type="brute_force", raised_at=NOON + timedelta(days=20))

    assert lacking("billing", (an_alert(),), charges(as_of=NOON.isoformat())) is None
    assert lacking("billing", (an_alert(), late, an_alert("a-3")), charges(as_of=NOON.isoformat())) == (
        "The records of get_recent_charges end on 2026-03-02, more than 14 days before the alert brute_force (late-7)."
    )


def test_low_score_cites_the_events_of_every_alert() -> None:
    alerts = [an_alert(f"a-{number}", trigger_events=(an_event(f"e-{number}"), an_event("same"))) for number in (1, 2)]
    found = (Finding(statement="Fine.", evidence_ids=("e-1", "same")),)

    assert uncited("location", alerts, found, ()) == ("get_security_logs", "e-2")
    assert uncited("usage", alerts, found, ()) == ("get_data_usage",)


def test_the_newest_eight_events_of_each_alert_are_cited() -> None:
    alerts = [
        an_alert(f"a-{each}", trigger_events=tuple(an_event(f"e-{each}-{number:02}") for number in range(50)))
        for each in range(51)
    ]

    missing = uncited("location", alerts, (), ())

    assert len(missing) == 1 + 51 * 8
    assert missing[1:3] == ("e-0-42", "e-0-43")

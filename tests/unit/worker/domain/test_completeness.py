"""Whether the records reach up to the alert, on whatever day it is dated."""

from datetime import UTC, datetime

import pytest
from pydantic import JsonValue

from contracts.report import Evidence
from tests.unit.worker.support.cases import NOON, an_alert
from worker.domain.completeness import lacking


def charges(**more: JsonValue) -> tuple[Evidence, ...]:
    result: JsonValue = {"charges": [{"charge_id": "a"}], **more}
    read = Evidence(
        evidence_id="r1-billing-1", tool="get_recent_charges", arguments={}, ok=True, result=result, recorded_at=NOON
    )
    return (read,)


@pytest.mark.parametrize("raised", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
@pytest.mark.parametrize("as_of", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "soon", 7, None])
def test_an_alert_may_be_dated_anywhere(raised: datetime, as_of: JsonValue) -> None:
    why = lacking("billing", an_alert(raised_at=raised), charges(as_of=as_of))

    is_old = raised.year == 9999 and str(as_of).startswith("0001")
    assert (why is not None) is is_old

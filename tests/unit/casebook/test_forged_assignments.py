"""What is on record of assignments is bound to the logs: a forged setting, turn or export is named."""

import pytest
from sqlalchemy import Engine, delete, select, update

from casebook.audit.export import write_json
from casebook.audit.verify import verify_case_log
from casebook.audit.verify_export import verify_export
from casebook.queries.filters import CaseQuery
from casebook.schema.base import Base
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import asked_in_short
from tests.unit.casebook.test_assignments import TEAM, set_rules
from tests.unit.casebook.test_audit import changed, tampering

TURN, SETTING = Base.metadata.tables["assignment_turn"], Base.metadata.tables["assignment_setting"]


@pytest.fixture
def set_up(book: CaseBook) -> CaseBook:
    set_rules(book, *TEAM)
    for number in (1, 2):
        asked_in_short(book, number)
    return book


@pytest.mark.usefixtures("set_up")
def test_changed_rules_are_named(engine: Engine) -> None:
    for tampered in ("[", '{"mode":"off","members":[]}'):
        with tampering(engine) as connection:
            connection.execute(update(SETTING).values(rules=tampered))
            broken = verify_case_log(connection).broken
        assert broken is not None
        assert (broken.place, broken.seq) == ("assignment_setting", 1)


@pytest.mark.parametrize("column", TURN.c.keys())
@pytest.mark.usefixtures("set_up")
def test_changed_or_removed_turn_is_named(engine: Engine, column: str) -> None:
    with tampering(engine) as connection:
        row = connection.execute(select(TURN).order_by(TURN.c.subject)).first()
        assert row is not None
        value = changed(TURN, column, getattr(row, column))
        connection.execute(update(TURN).where(TURN.c.subject == row.subject).values({column: value}))
        broken = verify_case_log(connection).broken
        assert broken is not None
        assert broken.place.startswith("assignment_turn 'an")
    with tampering(engine) as connection:
        connection.execute(delete(TURN))
        assert verify_case_log(connection).broken is not None


def test_export_of_an_assigned_case_is_verified(set_up: CaseBook) -> None:
    case = set_up.list_cases(CaseQuery(sort="opened")).items[0].case_id
    written = b"".join(write_json(set_up.snapshot(case), lambda wanted: set_up.read_attachment(case, wanted)))
    assert verify_export(written).broken is None
    forged = written.replace(b'"assigned_to":"ana","assigned_by"', b'"assigned_to":"eve","assigned_by"')
    assert forged != written
    broken = verify_export(forged).broken
    assert broken is not None
    assert "its assigned_to is 'eve', but its log says 'ana'" in broken.reason

"""Verifying the whole log against itself and against what the cases remember of it."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from casebook.events import BrokenLink, ChainCheck
from casebook.log import read_event
from casebook.tables import CaseEventRow, CaseRow

BATCH = 1_000


def verify_audit(session: Session) -> BrokenLink | None:
    """The first broken link of the log, or a case whose log ends before its last event, or None."""
    check = ChainCheck()
    while True:
        tail = select(CaseEventRow).where(CaseEventRow.seq > check.last_seq).order_by(CaseEventRow.seq).limit(BATCH)
        rows = session.scalars(tail).all()
        for row in rows:
            broken = check.follow(read_event(row))
            if broken is not None:
                return broken
        if len(rows) < BATCH:
            return _cut_off(session, check)
        session.expunge_all()


def _cut_off(session: Session, check: ChainCheck) -> BrokenLink | None:
    heads = select(CaseRow.case_id, CaseRow.last_seq, CaseRow.last_hash).order_by(CaseRow.opened_seq)
    for case_id, last_seq, last_hash in session.execute(heads.execution_options(yield_per=BATCH)):
        if check.last_hash_of(case_id) != last_hash:
            return BrokenLink(case_id, last_seq, f"the log of its case ends before event {last_seq}")
    return None

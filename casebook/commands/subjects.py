"""Opens cases that have no alerts. The command runs inside one transaction."""

from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, select

from casebook.case_log.append import append, lock_log, next_seq
from casebook.case_log.locked_case import LockedCase
from casebook.commands.outbox import confirm
from casebook.errors import SubjectDiffers
from casebook.policy.actors import WORKER
from casebook.projection.cases import CaseOpened, SubjectOpening
from casebook.queries.cursors import OpenedCase
from casebook.queries.kinds.kind import RecordedKind
from casebook.queries.tokenizer import join_words, words_of
from casebook.queries.tombstones import refuse_purged
from casebook.schema.base import table_of
from casebook.schema.cases import SubjectRow
from casebook.schema.workspace import CaseTextRow
from contracts.base import Contract
from contracts.hashing import content_hash
from contracts.investigation import InvestigationPolicy

_SUBJECTS = table_of(SubjectRow)
_SUBJECT = select(_SUBJECTS.c.body).where(_SUBJECTS.c.case_id == bindparam("of_case"))
_KEEP_WORDS = insert(table_of(CaseTextRow))


def open_about(
    connection: Connection, kind: RecordedKind, subject: Contract, policy: InvestigationPolicy, now: datetime
) -> OpenedCase:
    """The case about `subject`, opened now or before; `policy`: its limits, of the first time.

    Nothing is started for it where what opens it also carries it. Raises SubjectDiffers when it was opened about
    something else under the same id, CasePurged.
    """
    assert kind.about is not None, "a case of this kind is opened by alerts"
    about, digest = kind.about(subject), content_hash(subject)
    case_id = kind.spec.case_id(about.subject_id)
    lock_log(connection)
    known = connection.execute(_SUBJECT, {"of_case": case_id}).scalar()
    if known is not None:
        if content_hash(type(subject).model_validate_json(known)) != digest:
            raise SubjectDiffers(case_id)
        return OpenedCase(case_id=case_id, created=False)
    refuse_purged(connection, case_id)
    opening = SubjectOpening(
        kind=kind.spec.name,
        subject_id=about.subject_id,
        customer_id=about.customer_id,
        severity=about.severity,
        description=about.description,
        policy=policy,
        subject_hash=digest,
    )
    seq, contents = next_seq(connection), {digest: {"body": subject.model_dump_json()}}
    append(connection, LockedCase(case_id=case_id), CaseOpened(opening=opening), WORKER, now, contents, seq)
    words = words_of(about.description, about.subject_id, str(about.customer_id or ""), *about.words)
    connection.execute(_KEEP_WORDS, {"opened_seq": seq, "body": join_words(words)})
    if kind.spec.orchestration is None:
        confirm(connection, (case_id,), (), now)
    return OpenedCase(case_id=case_id, created=True)

"""Assigns cases, by hand and by rule. Each command runs inside one transaction."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, update

from casebook.case_log.append import append
from casebook.case_log.desk_chain import Changed
from casebook.case_log.locked_case import LockedCase, lock_case, refuse_closed
from casebook.commands.claims import refuse_claimed_by_other
from casebook.commands.desk_log import log_change
from casebook.database.upserts import upsert
from casebook.errors import AssignedToOther, AssigneeAway, AssigneeMayNotDecide, NotAllowed, NotAssigned, SettingChanged
from casebook.policy.actors import SYSTEM
from casebook.policy.assignments import Wanted, able, away_until, choose, may_keep, people_away
from casebook.projection.assignments import Assigned, Why
from casebook.queries.assignments import SETTING, current_assignment, read_setting, workloads_of
from casebook.queries.claims import running_claim
from casebook.queries.review_rows import open_question
from casebook.schema.assignments import AssignmentSettingRow, AssignmentTurnRow
from casebook.schema.base import table_of
from contracts.assignment import Assignment, AssignmentRules, AssignmentSetting
from contracts.kinds import kind_of
from contracts.review import Role, may_act_as

_SETTINGS, _TURNS = table_of(AssignmentSettingRow), table_of(AssignmentTurnRow)
_CHANGE = update(_SETTINGS).where(_SETTINGS.c.id == 1)


def assign(
    connection: Connection,
    case_id: str,
    assignee: str,
    roles: Collection[Role],
    actor: str,
    now: datetime,
    *,
    as_manager: bool,
    reason: str | None = None,
) -> Assignment:
    """Make a case `assignee`'s, whose roles are `roles`; one that is so already stays as it is.

    A manager assigns any case to anybody who may decide it, and ends whosever claim runs; others take what is nobody's,
    or of somebody who is away.
    """
    case = lock_case(connection, case_id)
    refuse_closed(case)
    rules = read_setting(connection).rules
    if not as_manager:
        if assignee != actor:
            raise NotAllowed("manager")
        if case.assigned_to not in (None, actor) and case.assigned_to not in people_away(rules, now):
            raise AssignedToOther(str(case.assigned_to))
        refuse_claimed_by_other(case, actor, now)
    _refuse_unable(connection, case, rules, assignee, roles, now)
    current = current_assignment(case)
    if current is not None and current.assigned_to == assignee:
        return current
    claim = running_claim(case, now)
    ended = None if claim is None or claim.assignee == assignee else claim.assignee
    _log(connection, case, assignee, "by_hand", actor, now, reason=reason, ends_claim_of=ended)
    return Assignment(assigned_to=assignee, assigned_by=actor, assigned_at=now)


def unassign(
    connection: Connection, case_id: str, actor: str, now: datetime, *, as_manager: bool, reason: str | None = None
) -> None:
    """Put a case back into the pool: one's own, or as a manager whosever it is. Ends the claim of whose it was."""
    case = lock_case(connection, case_id)
    refuse_closed(case)
    if case.assigned_to is None:
        raise NotAssigned
    if case.assigned_to != actor and not as_manager:
        raise AssignedToOther(case.assigned_to)
    claim = running_claim(case, now)
    ended = claim.assignee if claim is not None and claim.assignee == case.assigned_to else None
    _log(connection, case, None, "by_hand", actor, now, reason=reason, ends_claim_of=ended)


def assign_asked(connection: Connection, case: LockedCase, role: Role, now: datetime, why: Why = "by_rule") -> None:
    """Assign a case that asks for `role` from now on, by rule; who has it and may decide it keeps it.

    The events of the question come before it in the transaction: from the first event on nobody else writes one, so
    the workloads are those of all that was assigned before.
    """
    _assign_by_rule(connection, case, _wanted(case, role), now, why)


def pass_on_approved(connection: Connection, case: LockedCase, approver: str, role: Role, now: datetime) -> None:
    """The first of two approvals needs somebody else: a case of who gave it goes to another, or into the pool."""
    if case.assigned_to == approver:
        _assign_by_rule(connection, case, _wanted(case, role, approver), now, "second_approval")


def reassign_away(connection: Connection, case_id: str, subject: str, now: datetime) -> bool:
    """Take an open case from somebody who is away: to another by rule, or into the pool.

    False, and nothing changes, when it is not theirs any more, or they are there.
    """
    case = lock_case(connection, case_id)
    rules = read_setting(connection).rules
    if case.assigned_to != subject or subject not in people_away(rules, now):
        return False
    question = open_question(connection, case_id)
    if question is None:
        # Nobody is asked: it is assigned when somebody is.
        _log(connection, case, None, "absent", SYSTEM, now)
    else:
        _assign_by_rule(connection, case, _wanted(case, question.required_role), now, "absent")
    return True


def change_setting(
    connection: Connection, version: int, rules: AssignmentRules, actor: str, now: datetime
) -> AssignmentSetting:
    """Replace the setting of this version. Raises SettingChanged when another one is in force."""
    before = read_setting(connection, for_update=True)
    if before.version != version:
        raise SettingChanged(before.version, before.changed_by)
    if before.rules == rules:
        return before
    after = AssignmentSetting(version=version + 1, rules=rules, changed_by=actor, changed_at=now)
    written = {"version": after.version, "rules": rules.model_dump_json(), "changed_by": actor, "changed_at": now}
    connection.execute(_CHANGE.values(**written))
    was, is_now = (each.model_dump(mode="json") for each in (before.rules, rules))
    log_change(connection, Changed(now, actor, "assignment_changed", SETTING, was, is_now))
    return after


def _assign_by_rule(connection: Connection, case: LockedCase, wanted: Wanted, now: datetime, why: Why) -> None:
    rules = read_setting(connection).rules
    if case.assigned_to is not None and may_keep(rules, case.assigned_to, wanted, now):
        return
    members = able(rules, wanted, now)
    chosen = None
    if members:
        chosen = choose(rules, members, workloads_of(connection, [each.subject for each in members]))
    if chosen != case.assigned_to:
        _log(connection, case, chosen, why, SYSTEM, now)


def _wanted(case: LockedCase, role: Role, *besides: str) -> Wanted:
    kinds = frozenset(filter(None, (kind_of(case.case_id).name, case.alert_type, case.rule_id)))
    return Wanted(role, kinds, frozenset(besides))


def _refuse_unable(
    connection: Connection,
    case: LockedCase,
    rules: AssignmentRules,
    assignee: str,
    roles: Collection[Role],
    now: datetime,
) -> None:
    member = rules.member(assignee)
    until = None if member is None else away_until(member, now)
    if until is not None:
        raise AssigneeAway(assignee, until)
    question = open_question(connection, case.case_id)
    required: Role = "analyst" if question is None else question.required_role
    if not may_act_as(roles, required):
        raise AssigneeMayNotDecide(assignee, required)


def _log(
    connection: Connection,
    case: LockedCase,
    assignee: str | None,
    why: Why,
    actor: str,
    now: datetime,
    *,
    reason: str | None = None,
    ends_claim_of: str | None = None,
) -> None:
    assigned = Assigned(
        assigned_to=assignee, previously=case.assigned_to, why=why, reason=reason, ends_claim_of=ends_claim_of
    )
    seq = append(connection, case, assigned, actor, now)
    if assignee is not None:
        turn = upsert(connection, _TURNS).values(subject=assignee, last_seq=seq)
        connection.execute(turn.on_conflict_do_update(index_elements=["subject"], set_={"last_seq": seq}))

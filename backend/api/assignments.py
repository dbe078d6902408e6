"""`/api/assignment` and `/api/cases/{case_id}/assignment`: whose cases are, and how they are assigned."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from backend.api.dependencies import CurrentIdentity, ServicesDep, strict_json
from backend.api.text_fields import ReasonText
from backend.http.problem import documented
from contracts.assignment import Assignment, AssignmentRules, AssignmentSetting, Subject
from contracts.base import Contract

router = APIRouter(tags=["assignment"])

Reason = Annotated[ReasonText | None, Query(description="Why it goes back into the pool")]


class AssignmentOrder(Contract):
    """Whose a case is to be."""

    assigned_to: Subject
    reason: ReasonText | None = None


class AssignmentChange(Contract):
    """New rules, in place of those of a version."""

    version: int
    """That of the setting which was looked at."""
    rules: AssignmentRules


@router.get(
    "/api/assignment",
    operation_id="get_assignment",
    summary="How cases are assigned",
    responses=documented(403, 503),
)
async def get_assignment(services: ServicesDep) -> AssignmentSetting:
    """The managers' setting: mode, members, their skills and absences. Managers only."""
    return await services.desk.assignment()


@router.put(
    "/api/assignment",
    operation_id="change_assignment",
    summary="Change how cases are assigned",
    responses=documented(403, 409, 413, 415, 422, 503),
    dependencies=[Depends(strict_json(AssignmentChange))],
)
async def change_assignment(
    change: AssignmentChange, services: ServicesDep, identity: CurrentIdentity
) -> AssignmentSetting:
    """Replace the setting; 409 when somebody else has changed it since. Managers only; the change is logged.

    The rules hold for cases that ask for a person from now on. Open cases of a member who is away go to others.
    """
    return await services.assignments.change(change.version, change.rules, identity.subject)


@router.put(
    "/api/cases/{case_id}/assignment",
    operation_id="assign_case",
    summary="Assign a case",
    responses=documented(403, 404, 409, 413, 415, 422, 503),
    dependencies=[Depends(strict_json(AssignmentOrder))],
)
async def assign_case(
    case_id: str, order: AssignmentOrder, services: ServicesDep, identity: CurrentIdentity
) -> Assignment:
    """Make a case yours, or as a manager anybody's who may decide it; then whosever claim runs ends.

    Others get it by `next` only while you are away. It stays yours until somebody changes that, or it is closed.
    """
    person = await services.assignments.assignee(order.assigned_to)
    return await services.workspace.assign(
        case_id,
        person.subject,
        person.roles,
        identity.subject,
        as_manager=identity.may_act_as("manager"),
        reason=order.reason,
    )


@router.delete(
    "/api/cases/{case_id}/assignment",
    operation_id="unassign_case",
    summary="Put a case back into the pool",
    status_code=204,
    responses=documented(403, 404, 409, 422, 503),
)
async def unassign_case(case_id: str, services: ServicesDep, identity: CurrentIdentity, reason: Reason = None) -> None:
    """Make a case of yours anybody's again, or as a manager whosever it is."""
    as_manager = identity.may_act_as("manager")
    await services.workspace.unassign(case_id, identity.subject, as_manager=as_manager, reason=reason)

"""`/api/detection`: rules, snoozes of alerts and what never counts. All may read, managers and admins change."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path

from backend.api.dependencies import CurrentIdentity, ServicesDep, strict_json
from backend.http.problem import documented
from contracts.detection_rules import (
    NewDraft,
    NewSnooze,
    RuleChange,
    RuleList,
    RuleSwitch,
    RuleView,
    SnoozeEnd,
    SnoozeList,
    SuppressionChange,
    SuppressionList,
    VersionChoice,
)

router = APIRouter(prefix="/api/detection", tags=["detection"])

RuleId = Annotated[str, Path(max_length=64, description="As alerts name it: `impossible_travel`")]
_OF_A_CHANGE = documented(401, 403, 404, 409, 413, 415, 422, 503)


@router.get("/rules", operation_id="list_rules", summary="All rules", responses=documented(401, 403, 503))
async def list_rules(services: ServicesDep) -> RuleList:
    """Which version of each rule is live and in shadow, and what they found in the last seven days."""
    return await services.rules.list_rules()


@router.get(
    "/rules/{rule_id}", operation_id="get_rule", summary="One rule", responses=documented(401, 403, 404, 422, 503)
)
async def get_rule(rule_id: RuleId, services: ServicesDep) -> RuleView:
    """Its parameters, all its versions with who made them and why, and counts of the last thirty days."""
    return await services.rules.rule(rule_id)


@router.post(
    "/rules/{rule_id}/versions",
    operation_id="draft_rule",
    summary="Draft a version",
    status_code=201,
    responses=_OF_A_CHANGE,
    dependencies=[Depends(strict_json(NewDraft))],
)
async def draft_rule(rule_id: RuleId, order: NewDraft, services: ServicesDep, identity: CurrentIdentity) -> RuleView:
    """Add a version that does not judge yet; it never changes. Managers only; logged."""
    return await services.rules.draft(rule_id, order, identity.subject)


@router.post(
    "/rules/{rule_id}/shadow",
    operation_id="shadow_rule",
    summary="Put a version into shadow",
    responses=_OF_A_CHANGE,
    dependencies=[Depends(strict_json(VersionChoice))],
)
async def shadow_rule(
    rule_id: RuleId, order: VersionChoice, services: ServicesDep, identity: CurrentIdentity
) -> RuleView:
    """Count what it would raise on live telemetry, and alert nobody; another in shadow ends. Managers only; logged."""
    return await services.rules.begin_shadow(rule_id, order, identity.subject)


@router.post(
    "/rules/{rule_id}/shadow/end",
    operation_id="end_rule_shadow",
    summary="Take the version in shadow out",
    responses=_OF_A_CHANGE,
    dependencies=[Depends(strict_json(RuleChange))],
)
async def end_rule_shadow(
    rule_id: RuleId, order: RuleChange, services: ServicesDep, identity: CurrentIdentity
) -> RuleView:
    """Count no more what it would raise. Managers only; logged."""
    return await services.rules.end_shadow(rule_id, order, identity.subject)


@router.post(
    "/rules/{rule_id}/live",
    operation_id="promote_rule",
    summary="Make a version live",
    responses=_OF_A_CHANGE,
    dependencies=[Depends(strict_json(VersionChoice))],
)
async def promote_rule(
    rule_id: RuleId, order: VersionChoice, services: ServicesDep, identity: CurrentIdentity
) -> RuleView:
    """Alert by it in place of the one that is live, also where the rule was off. Managers only; logged."""
    return await services.rules.promote(rule_id, order, identity.subject)


@router.post(
    "/rules/{rule_id}/roll-back",
    operation_id="roll_back_rule",
    summary="Go back to an earlier version",
    responses=_OF_A_CHANGE,
    dependencies=[Depends(strict_json(VersionChoice))],
)
async def roll_back_rule(
    rule_id: RuleId, order: VersionChoice, services: ServicesDep, identity: CurrentIdentity
) -> RuleView:
    """Make a new version with the values of an earlier one, and alert by it. Managers only; logged."""
    return await services.rules.roll_back(rule_id, order, identity.subject)


@router.post(
    "/rules/{rule_id}/switch",
    operation_id="switch_rule",
    summary="Switch a rule off or on",
    responses=_OF_A_CHANGE,
    dependencies=[Depends(strict_json(RuleSwitch))],
)
async def switch_rule(rule_id: RuleId, order: RuleSwitch, services: ServicesDep, identity: CurrentIdentity) -> RuleView:
    """Let it alert no more, or again by the version that was live. Managers only; logged."""
    return await services.rules.switch(rule_id, order, identity.subject)


@router.get(
    "/snoozes", operation_id="list_alert_snoozes", summary="Snoozes of alerts", responses=documented(401, 403, 503)
)
async def list_snoozes(services: ServicesDep) -> SnoozeList:
    """Those that have not ended, the one that ends next first."""
    return await services.rules.snoozes()


@router.post(
    "/snoozes",
    operation_id="snooze_alerts",
    summary="Snooze alerts of a rule about a customer",
    responses=_OF_A_CHANGE,
    dependencies=[Depends(strict_json(NewSnooze))],
)
async def snooze_alerts(order: NewSnooze, services: ServicesDep, identity: CurrentIdentity) -> SnoozeList:
    """Open no case for them until a time, at most 90 days on; they are counted. Managers only; logged."""
    return await services.rules.snooze(order, identity.subject)


@router.post(
    "/snoozes/end",
    operation_id="end_alert_snooze",
    summary="Alert again",
    responses=_OF_A_CHANGE,
    dependencies=[Depends(strict_json(SnoozeEnd))],
)
async def end_snooze(order: SnoozeEnd, services: ServicesDep, identity: CurrentIdentity) -> SnoozeList:
    """End a snooze before its time. Managers only; logged."""
    return await services.rules.end_snooze(order, identity.subject)


@router.get(
    "/suppressions", operation_id="list_suppressions", summary="What never counts", responses=documented(401, 403, 503)
)
async def list_suppressions(services: ServicesDep) -> SuppressionList:
    """Addresses whose failed logins are no attack, and customers whom no rule watches."""
    return await services.rules.suppressions()


@router.post(
    "/suppressions",
    operation_id="add_suppression",
    summary="Let something never count",
    responses=documented(401, 403, 409, 413, 415, 422, 503),
    dependencies=[Depends(strict_json(SuppressionChange))],
)
async def add_suppression(
    order: SuppressionChange, services: ServicesDep, identity: CurrentIdentity
) -> SuppressionList:
    """Add an address or a customer. Managers only; logged."""
    return await services.rules.add_suppression(order, identity.subject)


@router.post(
    "/suppressions/remove",
    operation_id="remove_suppression",
    summary="Let something count again",
    responses=_OF_A_CHANGE,
    dependencies=[Depends(strict_json(SuppressionChange))],
)
async def remove_suppression(
    order: SuppressionChange, services: ServicesDep, identity: CurrentIdentity
) -> SuppressionList:
    """Remove an address or a customer. Managers only; logged."""
    return await services.rules.remove_suppression(order, identity.subject)

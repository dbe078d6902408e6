"""`/api/detection`: the rule lab. Managers try versions on telemetry of the past; all may read how right rules were."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path

from backend.api.dependencies import CurrentIdentity, ServicesDep, strict_json
from backend.api.detection_rules import RuleId
from backend.http.problem import documented
from contracts.back_tests import BackTest, BackTestList, BackTestSources, NewBackTest, RulePrecision

router = APIRouter(prefix="/api/detection", tags=["detection"])

OneBackTest = Annotated[str, Path(max_length=64, description="As the order of it answered")]


@router.get(
    "/rules/{rule_id}/precision",
    operation_id="get_rule_precision",
    summary="How often a rule was right",
    responses=documented(401, 403, 404, 422, 503),
)
async def get_rule_precision(rule_id: RuleId, services: ServicesDep) -> RulePrecision:
    """By the decisions of people about cases of its newest alerts of the last 90 days, with a 95 % interval; and what
    its versions found on each day, also in shadow."""
    return await services.lab.precision(rule_id)


@router.get(
    "/back-tests/sources",
    operation_id="list_back_test_sources",
    summary="What rules can be tried on",
    responses=documented(401, 403, 503),
)
async def list_sources(services: ServicesDep) -> BackTestSources:
    """Recordings by name, and the live source, if what it holds can be read. Managers only."""
    return await services.lab.sources()


@router.get(
    "/rules/{rule_id}/back-tests",
    operation_id="list_back_tests",
    summary="Back-tests of a rule",
    responses=documented(401, 403, 404, 422, 503),
)
async def list_back_tests(rule_id: RuleId, services: ServicesDep) -> BackTestList:
    """The newest first, with their progress and totals. Managers only."""
    return await services.lab.list_back_tests(rule_id)


@router.post(
    "/rules/{rule_id}/back-tests",
    operation_id="order_back_test",
    summary="Try a version on telemetry of the past",
    status_code=202,
    responses=documented(401, 403, 404, 409, 413, 415, 422, 503),
    dependencies=[Depends(strict_json(NewBackTest))],
)
async def order_back_test(
    rule_id: RuleId, order: NewBackTest, services: ServicesDep, identity: CurrentIdentity
) -> BackTest:
    """Compare it with the version that is live. It waits for its turn: one runs at a time. Managers only; logged."""
    return await services.lab.order(rule_id, order, identity.subject)


@router.get(
    "/back-tests/{back_test_id}",
    operation_id="get_back_test",
    summary="One back-test",
    responses=documented(401, 403, 404, 422, 503),
)
async def get_back_test(back_test_id: OneBackTest, services: ServicesDep) -> BackTest:
    """How far it is, and what it found when it is done. Managers only."""
    return await services.lab.back_test(back_test_id)


@router.post(
    "/back-tests/{back_test_id}/cancel",
    operation_id="cancel_back_test",
    summary="End a back-test",
    responses=documented(401, 403, 404, 409, 422, 503),
)
async def cancel_back_test(back_test_id: OneBackTest, services: ServicesDep, identity: CurrentIdentity) -> BackTest:
    """At once while it waits, else within a second or two. Managers only; logged."""
    return await services.lab.cancel(back_test_id, identity.subject)

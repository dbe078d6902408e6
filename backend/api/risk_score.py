"""`/api/detection/score`: the learned risk score. All may read, managers and admins go back to an earlier model."""

from fastapi import APIRouter, Depends

from backend.api.dependencies import CurrentIdentity, ServicesDep, strict_json
from backend.http.problem import documented
from contracts.risk_score import ModelRollBack, RiskScoreView

router = APIRouter(prefix="/api/detection/score", tags=["detection"])


@router.get("", operation_id="get_risk_score", summary="The learned risk score", responses=documented(401, 403, 503))
async def get_risk_score(services: ServicesDep) -> RiskScoreView:
    """Which version of the model scores, whether it is better than the rules, how features have moved, all versions."""
    return await services.risk_score.view()


@router.post(
    "/roll-back",
    operation_id="roll_back_model",
    summary="Go back to an earlier model",
    responses=documented(401, 403, 404, 409, 413, 415, 422, 503),
    dependencies=[Depends(strict_json(ModelRollBack))],
)
async def roll_back_model(order: ModelRollBack, services: ServicesDep, identity: CurrentIdentity) -> RiskScoreView:
    """Make an earlier version the newest: it scores within ten minutes, in shadow at first. Managers only; logged."""
    return await services.risk_score.roll_back(order, identity.subject)

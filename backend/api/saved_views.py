"""`/api/views`: saved queries of the case list."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import AfterValidator

from backend.api.dependencies import CurrentIdentity, ServicesDep, strict_json
from backend.http.problem import documented
from casebook.queries.filters import CaseQuery, SavedView
from contracts.base import Contract
from contracts.words import says_something

router = APIRouter(prefix="/api/views", tags=["views"])


def _can_be_seen(name: str) -> str:
    if not says_something(name):
        raise ValueError("give it a name that can be seen")
    return name


Name = Annotated[
    str, Path(min_length=1, max_length=200, description="What you call the view"), AfterValidator(_can_be_seen)
]


class ViewOrder(Contract):
    """What to keep."""

    query: CaseQuery


class ViewList(Contract):
    """All views of one person, by name."""

    items: tuple[SavedView, ...]


@router.get("", operation_id="list_views", summary="List your views", responses=documented(503))
async def list_views(services: ServicesDep, identity: CurrentIdentity) -> ViewList:
    """The queries that you keep, by name."""
    return ViewList(items=await services.workspace.list_views(identity.subject))


@router.put(
    "/{name:path}",
    operation_id="save_view",
    summary="Keep a view",
    responses=documented(409, 413, 415, 422, 503),
    dependencies=[Depends(strict_json(ViewOrder))],
)
async def save_view(name: Name, order: ViewOrder, services: ServicesDep, identity: CurrentIdentity) -> SavedView:
    """Keep a query under a name; what you kept under it before is replaced. At most 50."""
    return await services.workspace.save_view(identity.subject, name, order.query)


@router.delete(
    "/{name:path}",
    operation_id="delete_view",
    summary="Forget a view",
    status_code=204,
    responses=documented(404, 422, 503),
)
async def delete_view(name: Name, services: ServicesDep, identity: CurrentIdentity) -> None:
    """Forget one of your views."""
    await services.workspace.delete_view(identity.subject, name)

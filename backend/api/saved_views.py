"""`/api/views`: saved queries of the case list."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import AfterValidator

from backend.api.dependencies import CurrentIdentity, ServicesDep, strict_json
from backend.auth.personal_data import MAY_REVEAL
from backend.http.problem import documented
from backend.personal_data.masking import NOBODY
from casebook.errors import NotAllowed
from casebook.queries.filters import CaseQuery, SavedView
from contracts.base import Contract
from contracts.words import says_something

router = APIRouter(prefix="/api/views", tags=["views"])
shared_router = APIRouter(prefix="/api/shared-views", tags=["views"])


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
    shared: bool | None = None
    """Whether everybody sees it; left out: as it was before, and a new one is not shared."""


class ViewList(Contract):
    """All views of one person, and those that others share, by name."""

    items: tuple[SavedView, ...]


@router.get("", operation_id="list_views", summary="List your views", responses=documented(503))
async def list_views(services: ServicesDep, identity: CurrentIdentity) -> ViewList:
    """The queries that you keep, and those that others share, by name. You cannot change those of others.

    Whoever may not be shown personal data reads others' words masked.
    """
    views = await services.desk.list_views(identity.subject)
    reads_all = identity.may_act_as(MAY_REVEAL)
    return ViewList(
        items=tuple(each if reads_all or each.owner == identity.subject else _masked(each) for each in views)
    )


def _masked(view: SavedView) -> SavedView:
    words = None if view.query.q is None else NOBODY.text(view.query.q)
    query = view.query.model_copy(update={"q": words})
    return view.model_copy(update={"name": NOBODY.text(view.name), "query": query})


@router.put(
    "/{name:path}",
    operation_id="save_view",
    summary="Keep a view",
    responses=documented(403, 409, 413, 415, 422, 503),
    dependencies=[Depends(strict_json(ViewOrder))],
)
async def save_view(name: Name, order: ViewOrder, services: ServicesDep, identity: CurrentIdentity) -> SavedView:
    """Keep a query under a name; what you kept under it before is replaced. At most 50.

    To share one takes an analyst.
    """
    if order.shared and not identity.may_act_as("analyst"):
        raise NotAllowed("analyst")
    return await services.desk.save_view(identity.subject, name, order.query, shared=order.shared)


@router.delete(
    "/{name:path}",
    operation_id="delete_view",
    summary="Forget a view",
    status_code=204,
    responses=documented(404, 422, 503),
)
async def delete_view(name: Name, services: ServicesDep, identity: CurrentIdentity) -> None:
    """Forget one of your views, for everybody if you share it."""
    await services.desk.delete_view(identity.subject, name)


@shared_router.delete(
    "/{owner}/{name:path}",
    operation_id="stop_sharing_view",
    summary="Stop sharing a view",
    status_code=204,
    responses=documented(403, 404, 422, 503),
)
async def stop_sharing_view(owner: str, name: Name, services: ServicesDep, identity: CurrentIdentity) -> None:
    """Let only its owner see a view, among whose views it stays. Managers only; owners save it with `shared` false."""
    await services.desk.stop_sharing(owner, name, identity.subject)

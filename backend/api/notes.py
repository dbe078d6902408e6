"""`/api/cases/{case_id}/notes`: notes that people write about a case."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import AfterValidator

from backend.api.cases import Cursor, Limit
from backend.api.dependencies import CurrentIdentity, MayReveal, ServicesDep, strict_json
from backend.http.problem import documented
from casebook.queries.cursors import NotePage
from contracts.base import Contract, NonEmptyText
from contracts.note import Note
from contracts.words import says_something

router = APIRouter(prefix="/api/cases/{case_id}/notes", tags=["notes"])


def _says_something(text: str) -> str:
    if not says_something(text):
        raise ValueError("a note says something")
    return text


class NewNote(Contract):
    """What to keep."""

    text: Annotated[NonEmptyText, AfterValidator(_says_something)]


@router.get(
    "", operation_id="list_notes", summary="List notes", responses=documented(404, 422, 503), dependencies=[MayReveal]
)
async def list_notes(
    case_id: str, services: ServicesDep, identity: CurrentIdentity, limit: Limit = 50, cursor: Cursor = None
) -> NotePage:
    """The newest notes of the case, oldest first; `next_cursor` leads to those before them."""
    page = await services.workspace.list_notes(case_id, limit=limit, cursor=cursor)
    await services.accesses.saw(identity.subject, "case_viewed", case_id)
    return page


@router.post(
    "",
    operation_id="add_note",
    summary="Add a note",
    status_code=201,
    responses=documented(403, 404, 409, 413, 415, 422, 503),
    dependencies=[Depends(strict_json(NewNote))],
)
async def add_note(case_id: str, order: NewNote, services: ServicesDep, identity: CurrentIdentity) -> Note:
    """Add a note to an open or closed case. It stays as it is, and the case is found by its words.

    A case takes at most 1,000 unless set otherwise.
    """
    return await services.workspace.add_note(case_id, identity.subject, order.text)

"""`/api/cases/{case_id}/attachments`: files that people attach to a case."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, File, Response, UploadFile

from backend.api.dependencies import CallerDep, CurrentIdentity, MayReveal, ServicesDep
from backend.http.problem import documented
from casebook.commands.attachments import Upload
from contracts.base import Contract
from contracts.note import Attachment

router = APIRouter(prefix="/api/cases/{case_id}/attachments", tags=["attachments"])

OCTETS = "application/octet-stream"
HARMLESS = frozenset(
    {"application/pdf", "image/gif", "image/jpeg", "image/png", "image/webp", "text/csv", "text/plain"}
)
"""Types under which a file is sent back; all others are sent as bytes that no browser shows."""
MAX_NAME = 200


class AttachmentList(Contract):
    """All attachments of one case, oldest first."""

    items: tuple[Attachment, ...]


@router.get(
    "",
    operation_id="list_attachments",
    summary="List attachments",
    responses=documented(404, 422, 503),
    dependencies=[MayReveal],
)
async def list_attachments(case_id: str, services: ServicesDep, identity: CurrentIdentity) -> AttachmentList:
    """All attachments of the case, oldest first, without their contents."""
    found = await services.workspace.list_attachments(case_id)
    await services.accesses.saw(identity.subject, "case_viewed", case_id)
    return AttachmentList(items=found)


@router.post(
    "",
    operation_id="add_attachment",
    summary="Attach a file",
    status_code=201,
    responses=documented(403, 404, 409, 413, 422, 503),
)
async def add_attachment(
    case_id: str,
    file: Annotated[UploadFile, File(description="The file, as multipart/form-data")],
    services: ServicesDep,
    identity: CurrentIdentity,
) -> Attachment:
    """Add a file to an open or closed case. At most 20 per case, each of at most 5 MiB unless set otherwise."""
    # One byte too many is enough to know that it is too large.
    content = await file.read(services.workspace.blocking.attachment_max_bytes + 1)
    upload = Upload(_base_name(file.filename), file.content_type or OCTETS, content)
    return await services.workspace.add_attachment(case_id, identity.subject, upload)


@router.get(
    "/{attachment_id}",
    operation_id="get_attachment",
    summary="Download an attachment",
    response_class=Response,
    responses={
        200: {
            "description": "The file as it was added",
            "content": {OCTETS: {"schema": {"type": "string", "format": "binary"}}},
        },
        **documented(404, 422, 503),
    },
)
async def get_attachment(
    case_id: str, attachment_id: str, services: ServicesDep, identity: CurrentIdentity, caller: CallerDep
) -> Response:
    """The file, to be saved and never shown within this site's pages."""
    found = await services.workspace.read_attachment(case_id, attachment_id)
    await services.accesses.saw(identity.subject, "attachment_read", case_id, attachment_id)
    await services.security.took("downloaded", identity.subject, caller.address, f"{case_id}/{attachment_id}")
    kind = found.attachment.media_type if found.attachment.media_type in HARMLESS else OCTETS
    disposition = f"attachment; filename*=UTF-8''{quote(found.attachment.name, safe='')}"
    return Response(found.content, media_type=kind, headers={"Content-Disposition": disposition})


def _base_name(given: str | None) -> str:
    """The last part of what may be a path of another system, without what could confuse a reader."""
    last = (given or "").replace("\\", "/").rpartition("/")[2]
    shown = "".join(character for character in last if character.isprintable()).strip()
    return shown[-MAX_NAME:] or "attachment"

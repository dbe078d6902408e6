"""`If-Match`: a change says which revision of a thing whoever makes it has seen."""

import re
from typing import Annotated

from fastapi import Depends, Header, Response

from backend.services.errors import IfMatchMissing

NO_REVISION = 0
"""What an `If-Match` names that nothing was ever read with."""
_TAG = re.compile(r'\s*"([1-9][0-9]{0,8})"\s*')


async def _seen_revision(
    if_match: Annotated[str | None, Header(description="The `ETag` that it was read with; `*`: whatever it is")] = None,
) -> int | None:
    if if_match is None:
        raise IfMatchMissing
    if if_match.strip() == "*":
        return None
    found = [int(tag[1]) for each in if_match.split(",") if (tag := _TAG.fullmatch(each))]
    # A revision never comes back: of several only the latest can be the one that it has now.
    return max(found, default=NO_REVISION)


SeenRevision = Annotated[int | None, Depends(_seen_revision)]
"""The revision that was seen; None: whatever it is. Raises IfMatchMissing."""


def tag(response: Response, revision: int) -> None:
    """Say the revision of what is answered, as its `ETag`."""
    response.headers["ETag"] = f'"{revision}"'

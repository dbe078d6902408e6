"""One call to the scheduler: how long it may take, and how a refusal is told."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import grpc

CALL_TIMEOUT_S = 5.0
_WRONG = (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.OUT_OF_RANGE)
# A scheduler that is short of something says RESOURCE_EXHAUSTED as well: of what is too large it names the size.
_SAYS_TOO_LARGE = ("larger than", " bytes")


class Refused(Exception):
    """The scheduler refused a call, or did not answer it in time. `reason` is half a sentence for people."""

    def __init__(self, code: grpc.StatusCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason

    @property
    def is_final(self) -> bool:
        """Whether the same request would be refused again, however well the scheduler is."""
        too_large = self.code is grpc.StatusCode.RESOURCE_EXHAUSTED and any(
            words in self.reason for words in _SAYS_TOO_LARGE
        )
        return too_large or self.code in _WRONG


@asynccontextmanager
async def answering(timeout_s: float = CALL_TIMEOUT_S) -> AsyncGenerator[None]:
    """Inside, one call is made. Raises Refused when it takes longer than `timeout_s`, or fails."""
    try:
        async with asyncio.timeout(timeout_s):
            yield
    except TimeoutError:
        raise Refused(grpc.StatusCode.DEADLINE_EXCEEDED, f"no answer in {timeout_s:.0f} seconds") from None
    except grpc.aio.AioRpcError as error:
        raise Refused(error.code(), _reason(error)) from error


def _reason(error: grpc.aio.AioRpcError) -> str:
    if error.code() is grpc.StatusCode.UNAVAILABLE:
        return "nothing answers at its address"
    return f"{error.code().name}: {error.details()}"

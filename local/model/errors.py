"""The errors of the model server, in the form that OpenAI clients expect.

ModelError
├── InvalidRequest   400
├── NotFound         404
├── Forbidden        403
├── InvalidControl   422
├── RateLimited      429
└── ServerFault      500
"""

from collections.abc import Mapping


class ModelError(Exception):
    """An answer of the form `{"error": {"message", "type", "param", "code"}}`."""

    status = 500
    type = "server_error"

    def __init__(
        self,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.code = code
        self.headers = dict(headers or {})

    def body(self) -> dict[str, dict[str, str | None]]:
        """The JSON document of this error."""
        return {"error": {"message": self.message, "type": self.type, "param": self.param, "code": self.code}}


class InvalidRequest(ModelError):
    """The request is not a chat-completions request."""

    status = 400
    type = "invalid_request_error"


class NotFound(ModelError):
    """No such path or model."""

    status = 404
    type = "invalid_request_error"


class Forbidden(ModelError):
    """The caller is on another machine."""

    status = 403
    type = "permission_error"


class InvalidControl(ModelError):
    """The control document is not understood."""

    status = 422
    type = "invalid_request_error"


class RateLimited(ModelError):
    """Fault injection: answer 429."""

    status = 429
    type = "rate_limit_error"


class ServerFault(ModelError):
    """Fault injection: answer 500."""

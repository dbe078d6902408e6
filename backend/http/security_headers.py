"""The headers that tell a browser what an answer may do."""

from collections.abc import Mapping

_NOTHING = ("default-src 'none'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'")
_PAGE = (
    "default-src 'self'",
    "img-src 'self' data:",
    "font-src 'self' data:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
)
API_POLICY = "; ".join(_NOTHING)
"""Of everything that is no page: it may do nothing, wherever a browser shows it."""
DOCS_POLICY = "; ".join((*_PAGE, "style-src 'self' 'unsafe-inline'"))
"""Of the interactive documentation, whose library writes style elements and knows no nonce."""
PRINTED_POLICY = "; ".join((*_NOTHING, "style-src 'unsafe-inline'"))
"""Of a page without scripts that brings its style with it."""

_FEATURES = (
    "accelerometer",
    "autoplay",
    "camera",
    "display-capture",
    "encrypted-media",
    "fullscreen",
    "geolocation",
    "gyroscope",
    "hid",
    "idle-detection",
    "local-fonts",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "picture-in-picture",
    "publickey-credentials-get",
    "screen-wake-lock",
    "serial",
    "storage-access",
    "usb",
    "xr-spatial-tracking",
)
"""What no page of this desk needs."""

SECURITY_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": API_POLICY,
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _FEATURES),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""Of every answer that says nothing else."""


def page_policy(nonce: str) -> str:
    """The policy of the desk's page: style elements have the nonce of this answer.

    Style attributes, which the component library sets, can only be allowed as a whole; scripts stay closed.
    """
    return "; ".join((*_PAGE, f"style-src 'self' 'nonce-{nonce}'", "style-src-attr 'unsafe-inline'"))

"""Which answers hold personal data as it is. Every other one is masked, that of a route nobody thought of as well."""

from collections.abc import Mapping

from backend.auth.access import ROUTES
from contracts.review import Role

MAY_REVEAL: Role = "analyst"
"""Who may be shown personal data as it is. A program that acts for itself has no role, and is shown none."""

FILE_MARK = "personal-data"
"""In the name of each file that is made here and holds personal data as it is: its content is verified, or is read by
programs, and has no place for it."""

_FILE = "a file for whoever may reveal, on record before its first byte"
_STAFF = "about people of this desk, and for those whom it is for"
_SETTING = "what managers set and change: masked, it could not be sent back; masked for everybody else"
_OWNER = "for the one whose data it is"

UNMASKED: Mapping[str, str] = {
    "GET /api/cases/{case_id}/export": _FILE,
    "GET /api/cases/{case_id}/regulatory-report": _FILE,
    "GET /api/cases/{case_id}/attachments/{attachment_id}": _FILE,
    "GET /api/exports/cases": _FILE,
    "GET /api/sessions": _STAFF,
    "GET /api/security-log": _STAFF,
    "GET /api/people": _STAFF,
    "GET /api/events/stream": "masked event by event",
    "WS /api/workflow/ws/{instance_id}": "masked message by message",
    "GET /api/detection/rules": _SETTING,
    "GET /api/detection/rules/{rule_id}": _SETTING,
    "POST /api/detection/rules/{rule_id}/versions": _SETTING,
    "POST /api/detection/rules/{rule_id}/shadow": _SETTING,
    "POST /api/detection/rules/{rule_id}/shadow/end": _SETTING,
    "POST /api/detection/rules/{rule_id}/live": _SETTING,
    "POST /api/detection/rules/{rule_id}/roll-back": _SETTING,
    "POST /api/detection/rules/{rule_id}/switch": _SETTING,
    "GET /api/detection/suppressions": _SETTING,
    "POST /api/detection/suppressions": _SETTING,
    "POST /api/detection/suppressions/remove": _SETTING,
    "GET /api/assignment": _SETTING,
    "PUT /api/assignment": _SETTING,
    "GET /api/views": "for the one who keeps them; what others share is masked view by view",
    "PUT /api/views/{name:path}": _OWNER,
    "GET /api/subscriptions": _SETTING,
    "POST /api/subscriptions": _SETTING,
    "GET /api/subscriptions/{subscription_id}": _SETTING,
    "PATCH /api/subscriptions/{subscription_id}": _SETTING,
    "POST /api/subscriptions/{subscription_id}/secrets": _SETTING,
    "GET /api/desk-log": _SETTING,
    **{route: _OWNER for route, who in ROUTES.items() if who == "channel"},
    **{route: "holds no case" for route, who in ROUTES.items() if who == "everybody"},
}
"""By route: why its answer is given as it is."""

REVEALING = frozenset(
    {
        "GET /api/cases/{case_id}",
        "GET /api/cases/{case_id}/history",
        "GET /api/cases/{case_id}/audit",
        "GET /api/cases/{case_id}/evidence/{evidence_id}",
        "GET /api/cases/{case_id}/alerts/{alert_id}/drawings",
        "GET /api/cases/{case_id}/notes",
        "GET /api/cases/{case_id}/attachments",
        "GET /api/conversations/{user_id}",
        "GET /api/tasks/{task_id}",
    }
)
"""What is about one case, one conversation or one task: `personal_data=shown` shows it as it is. Lists never do."""


MAY_SET: Role = "manager"
"""Who is shown settings as they are."""


def is_masked(route: str, *, may_set: bool) -> bool:
    """Whether what this route answers goes through the mask; `may_set`: whoever asks may change settings."""
    reason = UNMASKED.get(route)
    return reason is None or (reason == _SETTING and not may_set)

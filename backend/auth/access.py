"""Who may ask for what: one table with every route in it. What is not in it is answered to nobody.

What a case's state and kind allow, and who may decide what, is judged where it is done: here stands who gets that far.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from contracts.review import Role
from contracts.sessions import Scope

Who = Literal["everybody", "channel"] | Role
"""Everybody, signed in or not; whoever passes messages of customers on; or whoever has this role, or one that includes
it."""

ROUTES: Mapping[str, Who] = {
    "GET /openapi.json": "everybody",
    "HEAD /openapi.json": "everybody",
    "GET /healthz": "everybody",
    "GET /ready": "everybody",
    "GET /metrics": "everybody",
    "GET /api/config": "everybody",
    "GET /api/session": "everybody",
    "POST /api/session": "everybody",
    "DELETE /api/session": "everybody",
    "POST /api/session/token": "everybody",
    "GET /api/session/sign-in": "everybody",
    "GET /api/session/callback": "everybody",
    "POST /api/session/provider-logout": "everybody",
    "GET /api/sessions": "viewer",
    "DELETE /api/sessions/{session_id}": "viewer",
    "GET /api/security-log": "admin",
    "POST /api/chat": "channel",
    "GET /api/chat/{turn_id}": "channel",
    "POST /chat/": "channel",
    "GET /api/analytics/{user_id}": "channel",
    "POST /api/analytics/{user_id}/initialize": "channel",
    "POST /api/analytics/reset": "manager",
    "GET /analytics/{user_id}": "channel",
    "POST /analytics/{user_id}/initialize": "channel",
    "POST /analytics/reset": "channel",
    "GET /api/analytics": "viewer",
    "GET /api/telemetry/dead-letters": "manager",
    "GET /api/telemetry/dead-letters/counts": "manager",
    "POST /api/telemetry/dead-letters/retry": "manager",
    "POST /api/telemetry/dead-letters/drop": "manager",
    "GET /api/detection/rules": "viewer",
    "GET /api/detection/rules/{rule_id}": "viewer",
    "GET /api/detection/score": "viewer",
    "POST /api/detection/score/roll-back": "manager",
    "POST /api/detection/rules/{rule_id}/versions": "manager",
    "POST /api/detection/rules/{rule_id}/shadow": "manager",
    "POST /api/detection/rules/{rule_id}/shadow/end": "manager",
    "POST /api/detection/rules/{rule_id}/live": "manager",
    "POST /api/detection/rules/{rule_id}/roll-back": "manager",
    "POST /api/detection/rules/{rule_id}/switch": "manager",
    "GET /api/detection/rules/{rule_id}/precision": "viewer",
    "GET /api/detection/rules/{rule_id}/back-tests": "manager",
    "POST /api/detection/rules/{rule_id}/back-tests": "manager",
    "GET /api/detection/back-tests/sources": "manager",
    "GET /api/detection/back-tests/{back_test_id}": "manager",
    "POST /api/detection/back-tests/{back_test_id}/cancel": "manager",
    "GET /api/detection/snoozes": "viewer",
    "POST /api/detection/snoozes": "manager",
    "POST /api/detection/snoozes/end": "manager",
    "GET /api/detection/suppressions": "viewer",
    "POST /api/detection/suppressions": "manager",
    "POST /api/detection/suppressions/remove": "manager",
    "GET /api/schedules": "viewer",
    "POST /api/schedules/{schedule_id}/pause": "manager",
    "POST /api/schedules/{schedule_id}/resume": "manager",
    "POST /api/schedules/{schedule_id}/trigger": "manager",
    "GET /api/conversations": "viewer",
    "GET /api/conversations/{user_id}": "viewer",
    "PUT /api/conversations/{user_id}/customer": "admin",
    "DELETE /api/conversations/{user_id}/customer": "admin",
    "DELETE /api/conversations/{user_id}": "manager",
    "GET /api/tasks": "viewer",
    "POST /api/tasks": "analyst",
    "GET /api/tasks/{task_id}": "viewer",
    "PATCH /api/tasks/{task_id}": "analyst",
    "POST /api/tasks/{task_id}/complete": "analyst",
    "POST /api/tasks/{task_id}/reopen": "analyst",
    "DELETE /api/tasks/{task_id}": "analyst",
    "GET /api/subscriptions": "admin",
    "POST /api/subscriptions": "admin",
    "GET /api/subscriptions/{subscription_id}": "admin",
    "PATCH /api/subscriptions/{subscription_id}": "admin",
    "DELETE /api/subscriptions/{subscription_id}": "admin",
    "POST /api/subscriptions/{subscription_id}/secrets": "admin",
    "DELETE /api/subscriptions/{subscription_id}/secrets/{secret_id}": "admin",
    "POST /api/subscriptions/{subscription_id}/replay": "admin",
    "GET /api/subscriptions/{subscription_id}/dead-letters": "admin",
    "POST /api/subscriptions/{subscription_id}/dead-letters/resend": "admin",
    "DELETE /api/subscriptions/{subscription_id}/dead-letters/{number}": "admin",
    "GET /api/people": "viewer",
    "GET /api/spend": "manager",
    "GET /api/ingest": "viewer",
    "GET /api/alerts": "viewer",
    "GET /api/exports/cases": "analyst",
    "GET /api/events/stream": "viewer",
    "GET /api/service": "viewer",
    "GET /api/cases": "viewer",
    "GET /api/cases/{case_id}": "viewer",
    "GET /api/cases/{case_id}/history": "viewer",
    "GET /api/accesses": "manager",
    "GET /api/desk-log": "manager",
    "GET /api/assignment": "manager",
    "PUT /api/assignment": "manager",
    "PUT /api/cases/{case_id}/assignment": "analyst",
    "DELETE /api/cases/{case_id}/assignment": "analyst",
    "GET /api/cases/{case_id}/accesses": "manager",
    "GET /api/cases/{case_id}/audit": "viewer",
    "GET /api/cases/{case_id}/export": "analyst",
    "GET /api/cases/{case_id}/regulatory-report": "analyst",
    "GET /api/cases/{case_id}/evidence/{evidence_id}": "viewer",
    "GET /api/cases/{case_id}/alerts/{alert_id}/drawings": "viewer",
    "GET /api/cases/counts": "viewer",
    "GET /api/cases/next": "viewer",
    "POST /api/cases/next": "analyst",
    "POST /api/cases/{case_id}/claim": "analyst",
    "DELETE /api/cases/{case_id}/claim": "analyst",
    "POST /api/cases/{case_id}/claim/take-over": "manager",
    "POST /api/cases/{case_id}/reopen": "manager",
    "PUT /api/cases/{case_id}/snooze": "analyst",
    "DELETE /api/cases/{case_id}/snooze": "analyst",
    "PUT /api/cases/{case_id}/legal-hold": "manager",
    "POST /api/cases/{case_id}/legal-hold/lift": "manager",
    "GET /api/cases/{case_id}/notes": "viewer",
    "POST /api/cases/{case_id}/notes": "analyst",
    "GET /api/cases/{case_id}/attachments": "viewer",
    "POST /api/cases/{case_id}/attachments": "analyst",
    "GET /api/cases/{case_id}/attachments/{attachment_id}": "analyst",
    "POST /api/cases/{case_id}/merge": "analyst",
    "POST /api/cases/{case_id}/alerts/{alert_id}/detach": "analyst",
    "DELETE /api/cases/{case_id}/decision": "analyst",
    "DELETE /api/cases/{case_id}/proposal": "analyst",
    "POST /api/cases/{case_id}/preview": "analyst",
    "POST /api/cases/{case_id}/reversals": "analyst",
    # A manager decides; but whoever asked may withdraw the request.
    "POST /api/cases/{case_id}/reversals/{number}/decision": "analyst",
    # To assign needs a manager, which is said for each case.
    "POST /api/cases/bulk": "analyst",
    "POST /api/cases/bulk/preview": "analyst",
    "GET /api/views": "viewer",
    "PUT /api/views/{name:path}": "viewer",
    "DELETE /api/views/{name:path}": "viewer",
    "DELETE /api/shared-views/{owner}/{name:path}": "manager",
    "POST /api/workflow/start": "analyst",
    "POST /api/workflow/decision": "analyst",
    "GET /api/workflow/status/{instance_id}": "viewer",
    "WS /api/workflow/ws/{instance_id}": "viewer",
}
"""`METHOD path` of every route, sockets as `WS`."""

OF_SCOPES: Mapping[Scope, frozenset[str]] = {
    "chat": frozenset(
        {
            "POST /api/chat",
            "GET /api/chat/{turn_id}",
            "POST /chat/",
            "GET /api/analytics/{user_id}",
            "POST /api/analytics/{user_id}/initialize",
            "GET /analytics/{user_id}",
            "POST /analytics/{user_id}/initialize",
        }
    ),
    "cases.read": frozenset(
        {
            "GET /api/cases",
            "GET /api/cases/counts",
            "GET /api/cases/{case_id}",
            "GET /api/alerts",
            "GET /api/workflow/status/{instance_id}",
            "WS /api/workflow/ws/{instance_id}",
        }
    ),
    "cases.open": frozenset({"POST /api/workflow/start"}),
}
"""What programs may ask for that act for themselves: nothing that decides, and nothing of personal data in bulk."""


def path_values(route: str, path: str) -> Mapping[str, str]:
    """What stands in a path for the names in braces of its route."""
    found = _template(route).path.fullmatch(path)
    return {} if found is None else found.groupdict()


@dataclass(frozen=True)
class _Template:
    route: str
    path: re.Pattern[str]
    literal: int
    """How much of it is given: the more, the earlier it counts."""


def find_route(method: str, path: str) -> str | None:
    """The route of the table that answers this; None where there is none.

    Of two that fit, the one counts of which more is given: `/api/cases/next` is no case.
    """
    for template in _TEMPLATES.get(method, ()):
        if template.path.fullmatch(path):
            return template.route
    return None


def methods_of(path: str) -> frozenset[str]:
    """What this path answers to, whoever asks. Of templates that fit, the one counts of which most is given."""
    fitting = [
        (template.literal, method)
        for method, templates in _TEMPLATES.items()
        for template in templates
        if template.route not in _NEVER and template.path.fullmatch(path)
    ]
    most = max((literal for literal, _ in fitting), default=0)
    return frozenset(method for literal, method in fitting if literal == most) - {"WS"}


def _template(route: str) -> _Template:
    path = route.partition(" ")[2]
    parts = re.split(r"\{(\w+)(:path)?\}", path)
    texts = parts[::3]
    pattern = re.escape(texts[0])
    for name, kind, text in zip(parts[1::3], parts[2::3], texts[1:], strict=True):
        pattern += f"(?P<{name}>{'.*' if kind else '[^/]+'}){re.escape(text)}"
    return _Template(route, re.compile(pattern, re.DOTALL), sum(map(len, texts)))


def _templates() -> Mapping[str, Sequence[_Template]]:
    found: dict[str, list[_Template]] = defaultdict(list)
    for route in ROUTES:
        found[route.partition(" ")[0]].append(_template(route))
    return {method: sorted(each, key=lambda template: -template.literal) for method, each in found.items()}


_TEMPLATES = _templates()
_NEVER = frozenset({"GET /api/cases/next"})
"""It stands there so that `next` is not looked for among the cases."""

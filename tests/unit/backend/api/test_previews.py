"""A dry run before the button: what the customer store says it would do, and what is said when it does not answer."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from azure.core.exceptions import ClientAuthenticationError
from pydantic import SecretStr

from backend.live.broadcast import Broadcast
from backend.services.customer_store import CustomerStoreReader, McpCustomerReader
from backend.services.errors import PreviewUnavailable
from backend.services.tool_tokens import open_tool_tokens
from backend.wiring import Wiring, wire
from contracts.investigation import InvestigationPolicy
from contracts.money import Money
from contracts.preview import EffectPreview
from contracts.refunds import ChosenRefund
from tests.support.casebooks import CaseBook
from tests.support.tool_access import Keys
from tests.unit.backend.fake_scheduler import FakeScheduler
from tests.unit.backend.support import CONFIG, SIGN_IN, answering
from tests.unit.casebook.builders import NOON, an_assessment, an_opening, asked_in_short, begin, open_case, put
from tests.unit.mcp_server.support import environment, serving

pytestmark = pytest.mark.anyio

PART = ChosenRefund(charge_id="ch-1", amount=Money(amount_minor=500, currency="EUR"))
TOLD = EffectPreview(customer_id=1, at=NOON, locks=True, locked_by=None, refunds=(PART,), left_out=())


@dataclass
class FakeReader:
    """A customer store that would do as the test says."""

    asked: list[tuple[int, bool, list[str], dict[str, int]]] = field(
        default_factory=list[tuple[int, bool, list[str], dict[str, int]]]
    )

    async def preview(
        self, customer_id: int, *, lock: bool, charge_ids: Sequence[str], amounts: Mapping[str, int]
    ) -> EffectPreview:
        self.asked.append((customer_id, lock, [*charge_ids], {**amounts}))
        return TOLD

    async def has_customer(self, customer_id: int) -> bool:
        return customer_id == TOLD.customer_id


def wired(book: CaseBook, reader: CustomerStoreReader) -> Wiring:
    return wire(book, FakeScheduler(), SIGN_IN, Broadcast(), CONFIG, customer_store=reader)


async def test_dry_run_says_what_the_store_would_do(book: CaseBook) -> None:
    refund = an_assessment(action="refund_charges").model_copy(update={"refund_charge_ids": ("ch-1", "ch-2")})
    case, reader = asked_in_short(book, assessment=refund).case_id, FakeReader()
    choice = {"action": "lock_and_refund", "refunds": [PART.model_dump()]}

    async with answering(wired(book, reader)) as client:
        chosen = await client.post(f"/api/cases/{case}/preview", json=choice)
        for action in ("lock_and_refund", "lock_account", "clear"):
            assert (await client.post(f"/api/cases/{case}/preview", json={"action": action})).status_code == 200
        unknown = await client.post("/api/cases/case-none/preview", json={"action": "clear"})

    assert (chosen.status_code, chosen.json()) == (
        200,
        {
            "sentence": "Locks account 1 and refunds 1 charge, 5.00 EUR.",
            "preview": TOLD.model_dump(mode="json"),
            "approvals_required": 1,
        },
    )
    assert reader.asked == [
        (1, True, ["ch-1"], {"ch-1": 500}),
        (1, True, ["ch-1", "ch-2"], {}),
        (1, True, [], {}),
        (1, False, [], {}),
    ]
    assert unknown.status_code == 404
    assert book.get_fraud_case(case).decisions == ()


@pytest.mark.parametrize(("amount", "people"), [(500, 1), (501, 2)])
async def test_dry_run_says_how_many_must_approve(book: CaseBook, amount: int, people: int) -> None:
    case = open_case(book)
    begin(book, case, policy=InvestigationPolicy(four_eyes_refund_minor=500))
    refund = an_assessment(action="refund_charges").model_copy(update={"refund_charge_ids": ("ch-1",)})
    put(book, an_opening(case, refund))
    chosen = {"charge_id": "ch-1", "amount": {"amount_minor": amount, "currency": "EUR"}}

    async with answering(wired(book, FakeReader())) as client:
        url = f"/api/cases/{case}/preview"
        told = await client.post(url, json={"action": "refund_charges", "refunds": [chosen]})
        # Whatever it comes to, locking and refunding takes two; and what is not chosen adds up to nobody knows what.
        both = await client.post(url, json={"action": "lock_and_refund", "refunds": [chosen]})
        whole = await client.post(url, json={"action": "refund_charges"})

    assert [each.json()["approvals_required"] for each in (told, both, whole)] == [people, 2, 2]


async def test_unreachable_store_is_said_in_one_sentence(book: CaseBook) -> None:
    case = asked_in_short(book).case_id

    async with answering(wired(book, McpCustomerReader(None))) as client:
        answer = await client.post(f"/api/cases/{case}/preview", json={"action": "lock_account"})

    assert (answer.status_code, answer.json()["id"]) == (503, "preview-unavailable")
    assert answer.json()["detail"] == (
        "The customer store did not say what it would do (this backend has no MCP_SERVER_URI): "
        "it is asked again before anything is done."
    )


ANSWERS = {
    "no JSON": b"hello",
    "an error": b'{"jsonrpc": "2.0", "id": 1, "error": {"code": -32601, "message": "no such tool"}}',
    "a tool error": b'{"jsonrpc": "2.0", "id": 1, "result": {"isError": true, "content": []}}',
    "another shape": b'{"jsonrpc": "2.0", "id": 1, "result": {"structuredContent": {"customer_id": 1}}}',
    "a list": b"[]",
}


@pytest.fixture
def foreign(request: pytest.FixtureRequest) -> Iterator[str]:
    """A server that answers everything with the bytes, or with the status, that the test names."""

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            asked: str | int = request.param
            self.send_response(asked if isinstance(asked, int) else 200)
            self.end_headers()
            self.wfile.write(b"" if isinstance(asked, int) else ANSWERS[asked])

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's own word
            pass

    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/mcp"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("foreign", ANSWERS, indirect=True)
async def test_answer_that_cannot_be_read_is_none(foreign: str) -> None:
    with pytest.raises(PreviewUnavailable, match="its answer could not be read"):
        await McpCustomerReader(foreign).preview(1, lock=True, charge_ids=(), amounts={})


@pytest.mark.parametrize(
    ("foreign", "why"),
    [(421, "it is not called by that name: .* MCP_ALLOWED_HOSTS"), (429, "MCP_CALLS_PER_MINUTE"), (403, "refuses")],
    indirect=["foreign"],
)
async def test_refusal_of_the_request_has_own_words(foreign: str, why: str) -> None:
    with pytest.raises(PreviewUnavailable, match=why):
        await McpCustomerReader(foreign).preview(1, lock=True, charge_ids=(), amounts={})


async def test_identity_without_a_token_is_no_silence() -> None:
    async def none() -> str:
        raise ClientAuthenticationError("hunter2")

    with pytest.raises(PreviewUnavailable, match=r"its managed identity gives none for MCP_AUDIENCE\)") as raised:
        await McpCustomerReader("http://127.0.0.1:9/mcp", none).preview(1, lock=True, charge_ids=(), amounts={})
    assert "hunter2" not in str(raised.value)


@pytest.mark.integration
async def test_real_tool_server_answers_whom_it_knows(tmp_path: Path) -> None:
    store = tmp_path / "customers.db"
    with serving(environment(store)) as (_, url):
        key = SecretStr(Keys.beside(store).key("backend").pem)
        async with open_tool_tokens(key, None) as token:
            reader = McpCustomerReader(url, token)
        told = await reader.preview(12, lock=True, charge_ids=("none",), amounts={})
        with pytest.raises(PreviewUnavailable, match="could not be read"):
            await reader.preview(99_999, lock=True, charge_ids=(), amounts={})
        with pytest.raises(PreviewUnavailable, match="it refuses this backend: give the backend a MCP_CALLER_KEY"):
            await McpCustomerReader(url).preview(12, lock=True, charge_ids=(), amounts={})
    with pytest.raises(PreviewUnavailable, match="could not be reached"):
        await McpCustomerReader(url).preview(12, lock=True, charge_ids=(), amounts={})

    assert (told.customer_id, told.locks, told.locked_by, told.refunds) == (12, True, None, ())
    assert [(each.charge_id, each.why) for each in told.left_out] == [("none", "unknown")]

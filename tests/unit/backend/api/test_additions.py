"""What people add: notes, files, saved views."""

import hashlib
from urllib.parse import quote

import httpx
import pytest

from backend.http.request_limits import MAX_BODY_BYTES
from backend.wiring import Wiring
from contracts.note import Attachment, Note
from tests.support.casebooks import CaseBook
from tests.unit.backend.support import case_in_review, decision_body, signed_in
from tests.unit.casebook.builders import close_as_failed, open_case

pytestmark = pytest.mark.anyio

ANA, BEN, MARIA, VERA = map(signed_in, ("ana", "ben", "maria", "vera"))


async def test_note_keeps_its_author_and_is_searchable(client: httpx.AsyncClient, book: CaseBook) -> None:
    case = open_case(book)
    close_as_failed(book, case)
    added = await client.post(f"/api/cases/{case}/notes", json={"text": "Rang her: roaming package."}, headers=BEN)
    assert added.status_code == 201
    note = Note.model_validate_json(added.content)
    assert (note.author, note.text) == ("ben", "Rang her: roaming package.")
    assert (await client.get(f"/api/cases/{case}/notes")).json() == {
        "items": [added.json()],
        "next_cursor": None,
        "total": 1,
    }
    assert len((await client.get("/api/cases?q=roam+package")).json()["items"]) == 1


@pytest.mark.parametrize("text", ["", " \n ", "x" * 4_001, "a\0b"])
async def test_a_note_that_cannot_be_kept_is_422(client: httpx.AsyncClient, book: CaseBook, text: str) -> None:
    case = open_case(book)
    answer = await client.post(f"/api/cases/{case}/notes", json={"text": text})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "text")
    assert (await client.get(f"/api/cases/{case}/notes")).json()["items"] == []


async def test_a_text_that_only_speaks_of_nul_is_kept(client: httpx.AsyncClient, book: CaseBook) -> None:
    case = open_case(book)
    answer = await client.post(f"/api/cases/{case}/notes", json={"text": "It says \\u0000."})
    assert answer.json()["text"] == "It says \\u0000."


async def test_nul_is_refused_wherever_people_write(client: httpx.AsyncClient, book: CaseBook) -> None:
    opening = case_in_review(book)
    case = opening.case_id
    start = {"customer_id": 1, "alert_type": "seen", "description": "a\0b", "severity": "low"}
    bodies: dict[str, object] = {
        "/api/workflow/start": start,
        "/api/workflow/decision": decision_body(opening, verdict="reject", action=None, feedback="a\0b"),
        f"/api/cases/{case}/notes": {"text": "a\0"},
        "/api/cases/bulk": {"action": "claim", "items": [{"case_id": case}], "comment": "\0"},
    }
    for path, body in bodies.items():
        answer = await client.post(path, json=body, headers=ANA)
        assert (answer.status_code, answer.json()["id"]) == (422, "invalid-request"), path
        assert "NUL" in answer.json()["detail"]


async def test_viewers_read_notes_and_write_none(client: httpx.AsyncClient, book: CaseBook) -> None:
    case = open_case(book)
    assert (await client.get(f"/api/cases/{case}/notes", headers=VERA)).status_code == 200
    assert (await client.post(f"/api/cases/{case}/notes", json={"text": "Hm."}, headers=VERA)).status_code == 403


async def test_attachment_downloads_byte_for_byte(client: httpx.AsyncClient, book: CaseBook) -> None:
    case = open_case(book)
    content = bytes(range(256)) * 5_000
    assert len(content) > MAX_BODY_BYTES
    added = await client.post(
        f"/api/cases/{case}/attachments", files={"file": ("C:\\odd/Beleg Ü.html", content, "text/html")}, headers=ANA
    )
    assert added.status_code == 201, added.text
    attachment = Attachment.model_validate_json(added.content)
    assert (attachment.name, attachment.size, attachment.added_by) == ("Beleg Ü.html", len(content), "ana")
    assert attachment.content_hash == "sha256:" + hashlib.sha256(content).hexdigest()
    assert (await client.get(f"/api/cases/{case}/attachments")).json()["items"] == [added.json()]
    back = await client.get(f"/api/cases/{case}/attachments/{attachment.attachment_id}")
    assert back.content == content
    assert back.headers["content-type"] == "application/octet-stream"
    assert back.headers["content-disposition"] == "attachment; filename*=UTF-8''Beleg%20%C3%9C.html"
    assert back.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("media_type", "content", "mend"),
    [
        ("image/png", b"<script>alert(1)</script>", "check the file"),
        ("application/pdf", b"MZ\x90\x00", "check the file"),
        ("text/csv", "Zoë".encode("cp1252"), "save it as UTF-8"),
    ],
)
async def test_a_file_has_to_be_what_it_says(
    client: httpx.AsyncClient, book: CaseBook, media_type: str, content: bytes, mend: str
) -> None:
    case = open_case(book)
    refused = await client.post(f"/api/cases/{case}/attachments", files={"file": ("a", content, media_type)})
    assert (refused.status_code, refused.json()["id"]) == (422, "attachment-not-as-declared")
    assert refused.json()["detail"] == (
        f"The file is no {media_type}, as which it was sent: {mend}, or send it as another type."
    )
    assert (await client.get(f"/api/cases/{case}/attachments")).json()["items"] == []


async def test_a_file_that_is_too_large_is_413(client: httpx.AsyncClient, wiring: Wiring, book: CaseBook) -> None:
    case = open_case(book)
    path = f"/api/cases/{case}/attachments"
    most = wiring.services.workspace.blocking.attachment_max_bytes
    fits = await client.post(path, files={"file": ("a", b"x" * most)})
    assert fits.status_code == 201
    over = await client.post(path, files={"file": ("a", b"x" * (most + 1))})
    assert (over.status_code, over.json()["id"]) == (413, "attachment-too-large")
    far_over = await client.post(path, files={"file": ("a", b"x" * (most + 2 * MAX_BODY_BYTES))})
    assert (far_over.status_code, far_over.json()["id"]) == (413, "body-too-large")


async def test_a_case_holds_twenty_files(client: httpx.AsyncClient, book: CaseBook) -> None:
    case = open_case(book)
    path = f"/api/cases/{case}/attachments"
    answers = [(await client.post(path, files={"file": ("a.txt", b"x")})).status_code for _ in range(21)]
    assert answers == [201] * 20 + [409]


@pytest.mark.parametrize("attachment", ["file-0", "file-999", "file-x", "1", f"file-{10**30}"])
async def test_a_file_that_is_not_there_is_404(client: httpx.AsyncClient, book: CaseBook, attachment: str) -> None:
    case, other = open_case(book, 1), open_case(book, 2)
    added = await client.post(f"/api/cases/{other}/attachments", files={"file": ("a.txt", b"x")})
    for name in (attachment, added.json()["attachment_id"]):
        answer = await client.get(f"/api/cases/{case}/attachments/{name}")
        assert (answer.status_code, answer.json()["id"]) == (404, "attachment-not-found")


async def test_a_form_without_a_file_is_422(client: httpx.AsyncClient, book: CaseBook) -> None:
    case = open_case(book)
    answer = await client.post(f"/api/cases/{case}/attachments", data={"file": "text"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "file")


async def test_views_are_kept_per_person(client: httpx.AsyncClient) -> None:
    query = {"state": ["awaiting_review"], "assignee": "me", "sort": "due"}
    kept = await client.put("/api/views/My%20queue", json={"query": query}, headers=ANA)
    assert kept.status_code == 200
    assert {name: kept.json()["query"][name] for name in query} == query
    assert (await client.get("/api/views", headers=ANA)).json()["items"] == [kept.json()]
    assert (await client.get("/api/views", headers=BEN)).json()["items"] == []

    replaced = await client.put("/api/views/My%20queue", json={"query": {"sort": "score"}}, headers=ANA)
    assert (await client.get("/api/views", headers=ANA)).json()["items"] == [replaced.json()]
    assert (await client.delete("/api/views/My%20queue", headers=BEN)).status_code == 404
    assert (await client.delete("/api/views/My%20queue", headers=ANA)).status_code == 204
    assert (await client.get("/api/views", headers=ANA)).json()["items"] == []


async def test_shared_view_is_for_all_until_managers_end_it(client: httpx.AsyncClient) -> None:
    order = {"query": {"overdue": True}, "shared": True}
    assert (await client.put("/api/views/Late", json=order, headers=VERA)).status_code == 403
    shared = (await client.put("/api/views/Late", json=order, headers=ANA)).json()
    assert (shared["owner"], shared["shared"]) == ("ana", True)
    assert (await client.get("/api/views", headers=VERA)).json()["items"] == [shared]
    assert (await client.delete("/api/views/Late", headers=BEN)).status_code == 404
    assert (await client.delete("/api/shared-views/ana/Late", headers=BEN)).status_code == 403
    assert (await client.delete("/api/shared-views/ana/Late", headers=MARIA)).status_code == 204
    assert (await client.get("/api/views", headers=BEN)).json()["items"] == []
    again = await client.delete("/api/shared-views/ana/Late", headers=MARIA)
    assert (again.status_code, again.json()["id"]) == (404, "shared-view-not-found")


async def test_view_of_a_bad_query_is_422(client: httpx.AsyncClient) -> None:
    answer = await client.put("/api/views/x", json={"query": {"colour": "red"}}, headers=ANA)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "query.colour")


async def test_nobody_keeps_more_than_fifty_views(client: httpx.AsyncClient) -> None:
    answers = [
        (await client.put(f"/api/views/{number}", json={"query": {}}, headers=ANA)).status_code for number in range(51)
    ]
    assert answers == [200] * 50 + [409]
    assert (await client.put("/api/views/7", json={"query": {}}, headers=ANA)).status_code == 200


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"zzz", "The form cannot be read: "),
        (b'--b\r\nContent-Disposition: form-data; name="' + b"x" * 100_000, "The form cannot be read: "),
        (
            b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nhi\r\n--b--\r\n',
            "file: must be sent as a file with a name, in a form (multipart/form-data).",
        ),
    ],
)
async def test_form_without_a_file_is_refused_by_name(
    client: httpx.AsyncClient, book: CaseBook, body: bytes, sentence: str
) -> None:
    case = open_case(book)
    kind = {"content-type": "multipart/form-data; boundary=b"}
    answer = await client.post(f"/api/cases/{case}/attachments", content=body, headers={**ANA, **kind})
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith(sentence)


async def test_view_takes_any_visible_name(client: httpx.AsyncClient) -> None:
    for name in ("EU / high", "..x", "\U0001f4a5 <b>", "a?b#c%"):
        path = f"/api/views/{quote(name, safe='')}"
        assert (await client.put(path, json={"query": {}}, headers=VERA)).json()["name"] == name
        assert (await client.delete(path, headers=VERA)).status_code == 204
    for name in ("  ", "\u200b", "\u3164", "\n", "x" * 10_000):
        path = f"/api/views/{quote(name, safe='')}"
        assert (await client.put(path, json={"query": {}}, headers=VERA)).status_code == 422, name[:10]

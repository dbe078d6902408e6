"""A case outside the casebook: it reads alone, verifies alone, and nothing in it is changed unseen."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from casebook.audit.export import BATCH, write_json
from casebook.audit.verify_export import NotAnExport, verify_export
from casebook.workspace_api import WorkspaceApi
from contracts.export import CaseExport
from contracts.journal import JournalEntry
from contracts.spend import ModelUse
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import (
    MANAGER,
    a_decision,
    asked_in_short,
    open_case,
)

Json = dict[str, Any]
HOSTILE = '<script>alert("1")</script><img src=x onerror=alert(1)> & "quoted"'


def exported(book: CaseBook, case: str) -> bytes:
    return b"".join(write_json(book.snapshot(case), lambda file: book.read_attachment(case, file)))


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Every value that is no container, with where it is."""
    match value:
        case dict():
            for key, inner in value.items():  # pyright: ignore[reportUnknownVariableType]
                yield from leaves(inner, (*path, str(key)))  # pyright: ignore[reportUnknownArgumentType]
        case list():
            for index, inner in enumerate(value):  # pyright: ignore[reportUnknownArgumentType,reportUnknownVariableType]
                yield from leaves(inner, (*path, index))
        case _:
            yield path, value


def put(document: Json, path: tuple[str | int, ...], value: object) -> Json:
    copied = json.loads(json.dumps(document))
    place = copied
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return copied


def is_found(document: Json) -> bool:
    try:
        return verify_export(json.dumps(document)).broken is not None
    except NotAnExport:
        return True


def test_an_export_holds_everything_and_verifies_alone(book: CaseBook, workspace: WorkspaceApi, case: str):
    text = exported(book, case)

    export = CaseExport.model_validate_json(text)
    check = verify_export(text)

    assert (check.broken, check.head, check.case_id) == (None, export.head, case)
    assert export.events == tuple(book.case_events(case))
    assert export.case == book.get_fraud_case(case)
    assert [each.round for each in export.rounds] == [1, 2]
    assert len(export.evidence) == 6
    assert export.notes == workspace.list_notes(case).items
    (file,) = export.attachments
    assert base64.b64decode(file.content) == b"He was in Lisbon."


@pytest.mark.usefixtures("case")
def test_export_with_a_waiting_first_approval_verifies(book: CaseBook):
    (waiting,) = (item.case_id for item in book.cases_in("awaiting_review").items)
    assert verify_export(exported(book, waiting)).broken is None
    fresh = asked_in_short(book, 4)
    assert verify_export(exported(book, fresh.case_id)).broken is None
    book.accept_decision(
        a_decision(fresh, "reject").model_copy(update={"decided_at": book.transactions.now()}), MANAGER
    )
    assert verify_export(exported(book, fresh.case_id)).broken is None


@pytest.mark.slow
def test_no_value_of_an_export_is_changed_unseen(book: CaseBook, case: str):
    """But what nothing rests on: when it was exported, what its model calls cost, and for how long it was claimed."""
    document: Json = json.loads(exported(book, case))
    # The second of two equal things is changed like the first: one of each kind is enough.
    seen: set[tuple[str, ...]] = set()
    unseen: list[str] = []
    for path, value in leaves(document):
        kind = tuple(str(step) for step in path if isinstance(step, str))
        if kind in seen or path in {("exported_at",), ("case", "spend")}:
            continue
        seen.add(kind)
        other = {"": "x"} if value is None else "x" if isinstance(value, str) and value != "x" else -7
        if not is_found(put(document, path, other)):
            unseen.append(".".join(map(str, path)))
    assert unseen == []
    assert len(seen) > 100


@pytest.mark.parametrize("part", ["events", "evidence", "notes", "attachments", "rounds"])
def test_added_or_removed_export_parts_are_found(book: CaseBook, part: str, case: str):
    document: Json = json.loads(exported(book, case))
    for index in range(len(document[part])):
        rest = [item for place, item in enumerate(document[part]) if place != index]
        assert is_found({**document, part: rest}), f"{part} {index} was taken out"
    if len(document[part]) > 1 and part == "events":
        assert is_found({**document, part: document[part][::-1]})
    assert is_found({**document, part: [*document[part], document[part][0]]})
    assert is_found({**document, part: [*document[part], {**document[part][0], "note_id": "x", "evidence_id": "x"}]})


@pytest.mark.parametrize("part", ["reports", "decisions", "effects", "reversals", "earlier_rounds"])
def test_removed_case_page_parts_of_an_export_are_found(book: CaseBook, part: str, case: str):
    document: Json = json.loads(exported(book, case))
    assert document["case"][part]
    shown = document["case"][part]
    assert is_found({**document, "case": {**document["case"], part: shown[1:]}})
    assert is_found({**document, "case": {**document["case"], part: [*shown, shown[0]]}})


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"{", "it is no JSON"),
        (b"\xff", "it is no JSON"),
        (b"[]", "it does not say that its format is 'casewright-case-export'"),
        (b'{"format":"casewright-case-export","version":9}', "its version is 9, and this release reads 1 and 2"),
        (b'{"format":"casewright-case-export","version":2}', "it lacks a part of an export, or has one too many"),
        (b"[" * 200_000, "it is no JSON"),
    ],
)
def test_file_that_is_no_export_is_refused(text: bytes, why: str):
    with pytest.raises(NotAnExport) as refused:
        verify_export(text)
    assert str(refused.value) == why


@pytest.mark.slow
def test_an_export_reads_a_long_case_in_batches(book: CaseBook, workspace: WorkspaceApi, case: str):
    for number in range(2 * BATCH + 1):
        workspace.add_note(case, "ana", f"Note {number}.")
    snapshot = book.snapshot(case)
    workspace.add_note(case, "ana", "Written while the export is.")

    text = b"".join(write_json(snapshot, lambda file: book.read_attachment(case, file)))

    check, export = verify_export(text), CaseExport.model_validate_json(text)
    assert (check.broken, export.head) == (None, export.events[-1].hash)
    assert [note.text for note in export.notes][-1] == f"Note {2 * BATCH}."
    assert export.events == tuple(book.case_events(case))[:-1]


def test_an_export_holds_what_models_cost_under_its_log(book: CaseBook, case: str):
    document = json.loads(exported(book, case))
    assert [call["number"] for call in document["journal"]] == [1, 2, 3, 4]
    assert not is_found(document)
    spend = document["case"]["spend"]
    for name in spend:
        assert is_found(put(document, ("case", "spend", name), 7)), name
    for name in document["journal"][0]:
        assert is_found(put(document, ("journal", 0, name), None)), name
    for number in range(4):
        assert is_found({**document, "journal": [*document["journal"][:number], *document["journal"][number + 1 :]]})
    assert is_found({name: part for name, part in document.items() if name != "journal"})
    assert is_found(put(document, ("case", "spend"), None))


def test_a_call_recorded_after_the_close_is_exported_too(book: CaseBook, case: str):
    use = ModelUse(round=2, agent="usage", model="m-1", input_tokens=5, output_tokens=1, cost_usd=None)
    book.save_journal(case, [JournalEntry("r2-usage-m1", "{}", use)])
    document = json.loads(exported(book, case))
    assert not is_found(document)
    assert is_found({**document, "journal": document["journal"][:-1]})


def test_an_export_without_its_journal_is_refused(book: CaseBook):
    document = json.loads(exported(book, open_case(book)))
    del document["journal"]
    with pytest.raises(NotAnExport, match="it lacks a part of an export"):
        verify_export(json.dumps(document))

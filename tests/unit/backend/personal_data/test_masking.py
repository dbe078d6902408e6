"""The mask over JSON: fields of records by name, texts by what is in them, ids as they are."""

import pytest
from pydantic import JsonValue

from backend.executor import BlockingExecutor
from backend.personal_data.known_people import FRESH_S, KnownPeople
from backend.personal_data.masking import NOBODY, Masker
from backend.personal_data.names import Person
from backend.services.masking import Masking
from casebook.queries.recorded_customers import CustomerReader
from tests.support.casebooks import CaseBook
from tests.unit.backend.api.planted import plant
from tests.unit.backend.support import Clock

MARIA = Masker([Person("Maria Keller", "mk@localhost"), Person("Mark May", "mark@example.com")])


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Maria  Keller and MARIA KELLER called", "M. K. and M. K. called"),
        ("Ms Keller (mk@localhost), KELLER", "Ms K. (m…@localhost), K."),
        ("It may mark marianne; Kellerman stays", "It may mark marianne; Kellerman stays"),
    ],
)
def test_known_people_are_masked_wherever_repeated(text: str, masked: str) -> None:
    assert MARIA.text(text) == masked
    assert MARIA.text(masked) == masked


@pytest.mark.parametrize("key", ["case_id", "user_id", "assignee", "actor", "approved_by", "next_cursor", "prev_hash"])
def test_ids_stay_as_they_are(key: str) -> None:
    assert NOBODY.json({key: "ana@example.com"}) == {key: "ana@example.com"}


def test_records_are_masked_by_field() -> None:
    answer: JsonValue = {
        "tool": "search_customers",
        "arguments": {"query": "Jo Doe"},
        "result": {
            "query": "Jo Doe",
            "customers": [
                {"customer_id": 5, "name": "Jo Doe", "email": "jo", "phone": None, "device_id": "jo@example.com"},
                {"customer_id": 6, "name": "Customer 6", "email": ""},
            ],
        },
    }
    assert NOBODY.json(answer) == {
        "tool": "search_customers",
        "arguments": {"query": "J. D."},
        "result": {
            "query": "J. D.",
            "customers": [
                {"customer_id": 5, "name": "J. D.", "email": "j…", "phone": None, "device_id": "j…@example.com"},
                {"customer_id": 6, "name": "Customer 6", "email": ""},
            ],
        },
    }


def test_names_of_members_are_masked_and_none_is_lost() -> None:
    counted: JsonValue = {"Maria Keller": 1, "mark@example.com": 2, "mike@example.com": 3, "risk_level": "high"}
    shown: JsonValue = {"M. K.": 1, "m…@example.com": 2, "m…@example.com (2)": 3, "risk_level": "high"}
    assert MARIA.json(counted) == shown
    event: JsonValue = {"event_id": "e-1", "attributes": {"counts": counted}}
    assert MARIA.json(event) == {"event_id": "e-1", "attributes": {"counts": shown}}


def test_places_are_nobodys_name() -> None:
    paris = Masker([Person("Paris Young", "")])
    events: JsonValue = {
        "event_id": "e-1",
        "attributes": {"city": "Paris", "roaming_cities": ["Paris"], "note": "Paris"},
    }
    shown = {"city": "Paris", "roaming_cities": ["Paris"], "note": "P."}
    assert paris.json(events) == {"event_id": "e-1", "attributes": shown}
    assert paris.json({"home_city": "Paris", "title": "Paris"}) == {"home_city": "Paris", "title": "P."}


def test_objects_of_a_person_keep_ids_and_places() -> None:
    owner: JsonValue = {
        "id": 7,
        "team_id": "t-1",
        "city": "Oslo",
        "first": "Maria",
        "mail": "mk@example.com",
        "age": 40,
    }
    shown = {"id": 7, "team_id": "t-1", "city": "Oslo", "first": "M…", "mail": "m…@example.com", "age": 40}
    event: JsonValue = {"event_id": "e-1", "attributes": {"owner": owner}}
    assert NOBODY.json(event) == {"event_id": "e-1", "attributes": {"owner": shown}}


def test_unreadable_telemetry_is_masked_by_what_looks_like_fields() -> None:
    body = '{"user" : "jodoe", "zip":12345, "city":"Oslo", "ip":"203.0.113.7", "name":"Jo Do'
    masked = '{"user" : "j…", "zip":"…", "city":"Oslo", "ip":"203.0.113.…", "name":"J. D."'
    assert NOBODY.json({"letter_id": "tdl-1", "body": body}) == {"letter_id": "tdl-1", "body": masked}


def test_customer_is_known_by_case_and_by_number(book: CaseBook) -> None:
    planted = plant(book)
    known = KnownPeople(CustomerReader(book.transactions))
    for masker in (known.masker_of({planted.case_id}), known.masker_of((), {1})):
        assert masker.text("Mariana Kellermann") == "M. K."
    of_case = known.maskers_of({"case-nobody": 1, planted.case_id: None})
    assert {masker.text("Mariana Kellermann") for masker in of_case.values()} == {"M. K."}
    assert known.masker_of({"case-nobody"}, {2}).text("Mariana Kellermann") == "Mariana Kellermann"


def test_people_are_asked_for_once_a_minute(book: CaseBook, transactions_counted: list[str]) -> None:
    planted, clock = plant(book), Clock()
    known = KnownPeople(CustomerReader(book.transactions), clock)
    for moved, reads in ((0.0, 1), (FRESH_S - 1, 1), (2.0, 2)):
        clock.now += moved
        known.masker_of({planted.case_id})
        assert len(transactions_counted) == reads


@pytest.fixture
def transactions_counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    reads: list[str] = []
    of_cases = CustomerReader.of_cases

    def counted(reader: CustomerReader, cases: set[str]) -> object:
        reads.extend(cases)
        return of_cases(reader, cases)

    monkeypatch.setattr(CustomerReader, "of_cases", counted)
    return reads


@pytest.mark.parametrize("name", ["High", "Lock_Account", "Change", "Eur", "awaiting.review"])
def test_words_of_ours_stay_whatever_a_customer_is_called(name: str) -> None:
    shown = {"risk_level": "high", "recommended_action": "lock_account", "type": "change", "currency": "EUR"}
    assert Masker([Person(name, f"{name}@example.com")]).json({**shown}) == shown


def test_equal_masks_of_many_members_are_numbered_once(monkeypatch: pytest.MonkeyPatch) -> None:
    masked, text = list[str](), Masker.text

    def counted(masker: Masker, given: str) -> str:
        masked.append(given)
        return text(masker, given)

    monkeypatch.setattr(Masker, "text", counted)
    shown = NOBODY.json({"event_id": "e-1", "attributes": {f"a{number}@example.com": 1 for number in range(2_000)}})
    assert isinstance(shown, dict)
    assert isinstance(shown["attributes"], dict)
    assert [*shown["attributes"]][:2] == ["a…@example.com", "a…@example.com (2)"]
    assert len(shown["attributes"]) == 2_000
    assert len(masked) < 5_000


def test_number_of_thousands_of_digits_is_masked() -> None:
    body = f'{{"event_id":"e-1","phone":{"1" * 5_000}}}'
    assert NOBODY.json({"letter_id": "1", "body": body}) == {
        "letter_id": "1",
        "body": '{"event_id":"e-1","phone":"…11"}',
    }


def test_place_of_a_clock_is_no_customer() -> None:
    paris = Masker([Person("Ann Paris", "")])
    event: JsonValue = {"event_id": "e-1", "attributes": {"time_zone": "Europe/Paris", "tz": "Paris", "note": "Paris"}}
    shown = {"time_zone": "Europe/Paris", "tz": "Paris", "note": "P."}
    assert paris.json(event) == {"event_id": "e-1", "attributes": shown}


def test_name_used_as_an_id_is_masked() -> None:
    event: JsonValue = {"event_id": "e-1", "attributes": {"party_id": "Maria Keller", "device_id": "Keller-1"}}
    assert MARIA.json(event) == {"event_id": "e-1", "attributes": {"party_id": "M. K.", "device_id": "Keller-1"}}


@pytest.mark.anyio
async def test_half_a_character_is_answered_as_its_escape(book: CaseBook) -> None:
    masking = Masking(KnownPeople(CustomerReader(book.transactions)), BlockingExecutor())
    for rest in (b"", b',"customer_id":1'):
        body = b'{"text":"\\ud800 of ana@example.com"' + rest + b"}"
        assert await masking.answer(body, None) == body.replace(b"ana@", "a…@".encode())

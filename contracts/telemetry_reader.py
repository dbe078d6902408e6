"""The one reader of telemetry: every source, recorded or live, gets its events from here.

An event needs only the fields without which its `kind` cannot be evaluated, and a login that says whether it succeeded
must say so readably. Any other fault loses only its attribute and is counted by kind; the attribute `unused_fields`
keeps the invalid value, and unknown fields.
"""

import re
from collections import Counter
from collections.abc import Callable, Generator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from pydantic import ValidationError

from contracts.ip_addresses import address_in, is_address
from contracts.lines import Line
from contracts.telemetry import MAX_CUSTOMER_ID, TelemetryEvent, telemetry_event
from contracts.telemetry_countries import country_of
from contracts.telemetry_dead_letters import DeadLetter, DeadLetterKind
from contracts.telemetry_envelopes import Envelopes
from contracts.telemetry_ids import cut_id, made_id
from contracts.telemetry_json import AMBIGUOUS, TolerantJson, Unreadable
from contracts.telemetry_money import AMOUNT_FORM, NoMoney, amount_of, currency_of, type_of
from contracts.telemetry_numbers import into_text, is_plain, number, whole
from contracts.telemetry_outcomes import NoOutcome, outcome_of
from contracts.telemetry_times import FUTURE_TOLERANCE, NoTime, TimeUnit, WrongTimeUnit, implausible, instant

UNUSED_FIELDS = "unused_fields"
"""The attribute that keeps what was given and cannot be used."""

_NOTHING = b" \t\r\n\xef\xbb\xbf\xe2\x80\x81\x8b\x8c\x8d\xa8\xa9\xc2\xa0\0\x1e[],"
"""What a line without an event is made of, those of an array and of invisible characters among them."""
_FIELDS = frozenset({"event_id", "customer_id", "occurred_at", "kind", "attributes"})
_NAMES_AN_EVENT = frozenset({"kind", "customer_id"})
_NEEDED: Mapping[object, frozenset[str]] = {
    "login": frozenset(),
    "auth_failure": frozenset(),
    "transaction": frozenset({"amount", "currency"}),
    "data_usage": frozenset({"gb"}),
    "api_call": frozenset({"endpoint"}),
    "account_change": frozenset({"change"}),
}
_KIND_OF = {str(kind).replace("_", ""): kind for kind in _NEEDED}
"""By its letters alone: `AUTH_FAILURE`, `auth-failure` and `AuthFailure` are one."""
_MAX_GB = 1_000_000
"""A petabyte in one reading is a counter that ran over; as the customer's record it would hide every later spike."""
_NULL_ISLAND_DEGREES = 0.01


Reading = TelemetryEvent | DeadLetter


class _Unjudgeable(ValueError):
    """The event lacks a field that its kind needs; the message is one phrase."""


def utc_now() -> datetime:
    return datetime.now(UTC)


class TelemetryReader:
    """Parses events, and counts in `mended` the repairs in those that it returned. Not thread-safe.

    An event further ahead of `now` than `tolerance`, or older than 1990, is a dead letter; so is one whose time is a
    number that cannot be true in `time_unit`.
    """

    def __init__(
        self,
        *,
        now: Callable[[], datetime] = utc_now,
        tolerance: timedelta = FUTURE_TOLERANCE,
        time_unit: TimeUnit = "auto",
    ) -> None:
        self.mended: Counter[str] = Counter()
        self._now = now
        self._tolerance = tolerance
        self._time_unit: TimeUnit = time_unit
        self._json = TolerantJson()
        self._envelopes = Envelopes(self._json, _NAMES_AN_EVENT, _FIELDS)

    def events(self, line: Line) -> Generator[Reading]:
        """The events in the line: nearly always one, none when the line is blank."""
        for value in self._values(line):
            if isinstance(value, DeadLetter):
                yield value
            else:
                yield from self._read_all(value, line)

    def enveloped(self, line: Line) -> Generator[tuple[int | None, Reading]]:
        """The offset and the event of each `{"offset": n, "event": {…}}` in the line; none when the line is blank.

        An event without a valid offset can be evaluated; a reconnect resumes after the last valid offset.
        """
        for value in self._values(line):
            if isinstance(value, DeadLetter):
                yield None, value
            else:
                yield from self._enveloped(self._envelopes.unpacked(value), line)

    def _enveloped(self, envelope: Any, line: Line) -> Generator[tuple[int | None, Reading]]:
        if not isinstance(envelope, dict):
            yield None, DeadLetter("unreadable", "Input should be an object").of(self._json.whole())
            return
        envelope = cast("dict[str, Any]", envelope)
        offset = whole(envelope.get("offset"))
        for reading in self._read_all(envelope.get("event", envelope if offset is None else None), line):
            if not isinstance(reading, DeadLetter):
                if offset is None:
                    self.mended["offset_unknown"] += 1
                yield offset, reading
            elif offset is None and reading.kind == "unreadable":
                missing = "Field required" if "offset" not in envelope else "Input should be a valid integer, 0 or more"
                yield None, replace(reading, reason=f"offset: {missing}")
            else:
                yield offset, reading if offset is None else replace(reading, reason=f"event.{reading.reason}")

    def customers(self, line: Line) -> Generator[int | DeadLetter]:
        """The customer of whom each event in the line speaks, whatever else it says; none when the line is blank."""
        for value in self._values(line):
            for fields in [value] if isinstance(value, DeadLetter) else self._envelopes.opened(value):
                given = cast("dict[str, Any]", fields).get("customer_id") if isinstance(fields, dict) else None
                customer = whole(given)
                if isinstance(fields, DeadLetter):
                    yield fields
                elif not customer or customer > MAX_CUSTOMER_ID:
                    yield DeadLetter("unreadable", "customer_id: there is none")
                else:
                    yield customer

    def _values(self, line: Line) -> Generator[Any]:
        if line.problem is not None:
            yield DeadLetter("unreadable", line.problem).of(line.data, line.bytes_beyond)
        elif line.data.strip(_NOTHING):
            try:
                yield from self._json.values(line.data)
            except Unreadable as error:
                yield DeadLetter("unreadable", str(error)).of(self._json.whole())

    def _read_all(self, value: Any, line: Line) -> Generator[Reading]:
        parts = self._envelopes.opened(value)
        for nth, fields in enumerate(parts):
            # A repair in the envelope counts once.
            mended = Counter[str]() if nth else self._json.mended
            if line.recoded:
                mended["other_encoding"] += 1
            reading = self._read(fields, mended)
            if isinstance(reading, DeadLetter):
                reading = reading.of(self._json.whole() if len(parts) == 1 else self._envelopes.own(fields))
            yield reading

    def _read(self, fields: Any, mended: Counter[str]) -> Reading:
        if not isinstance(fields, dict):
            return DeadLetter("unreadable", "Input should be an object")
        fields = cast("dict[str, Any]", fields)
        attributes = fields.get("attributes")
        if isinstance(attributes, str) and isinstance(unpacked := self._json.within(attributes), dict):
            fields["attributes"] = unpacked
            mended["unpacked"] += 1
        mending = _Mending(fields, mended, self._time_unit)
        kind = str(mending.fields.get("kind"))
        try:
            event = mending.event()
        except (_Unjudgeable, NoTime, NoMoney, NoOutcome) as error:
            fault: DeadLetterKind = "wrong_time_unit" if isinstance(error, WrongTimeUnit) else "unreadable"
            return DeadLetter(fault, f"{kind}.{error}" if kind in _NEEDED else str(error))
        except ValidationError as error:
            return DeadLetter("unreadable", reason(error))
        if problem := implausible(event.occurred_at, self._now(), self._tolerance):
            return DeadLetter(problem[0], f"{event.kind}.occurred_at: {problem[1]}")
        self.mended += mended
        return event


def reason(error: ValidationError) -> str:
    """The first thing that is wrong, naming its field, and how many more there are."""
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    field = ".".join(str(part) for part in problems[0]["loc"])
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return f"{field}: {problems[0]['msg']}{more}" if field else f"{problems[0]['msg']}{more}"


class _Mending:
    """One event while it is parsed and repaired."""

    def __init__(self, fields: dict[str, Any], mended: Counter[str], time_unit: TimeUnit) -> None:
        self.fields = fields
        self._time_unit: TimeUnit = time_unit
        self._mended = mended
        self._unused: dict[str, Any] = {}

    def event(self) -> TelemetryEvent:
        """The event. Raises ValidationError, NoTime, NoMoney, NoOutcome or _Unjudgeable when it cannot be evaluated."""
        self._refuse_ambiguous()
        self._identify()
        self._spell_kind()
        for name in [name for name in self.fields if name not in _FIELDS]:
            self._drop(self.fields, name, "field_unknown")
        self._read_time()
        attributes: Any = self.fields.get("attributes")
        if isinstance(attributes, dict):
            self._normalise(cast("dict[str, Any]", attributes))
        try:
            event = telemetry_event.validate_python(self.fields)
        except ValidationError as error:
            if not self._mend(error):
                raise
            event = telemetry_event.validate_python(self.fields)
        return self._with_unused(event)

    def _refuse_ambiguous(self) -> None:
        for name in _FIELDS:
            if self.fields.get(name) is AMBIGUOUS:
                raise _Unjudgeable(f"{name}: it is given twice, with different values")
        customer = self.fields.get("customer_id")
        if isinstance(customer, bool):
            raise _Unjudgeable("customer_id: Input should be a valid integer")
        if isinstance(customer, str) and not is_plain(customer):
            raise _Unjudgeable(f"customer_id: {customer[:40]!r} is not read; write digits and nothing else")

    def _identify(self) -> None:
        """Gives an event without an id one derived from its content."""
        given = self.fields.get("event_id")
        if isinstance(given, str) and given.strip():
            if (event_id := cut_id(given)) != given:
                self.fields["event_id"] = event_id
                self._mended["event_id_cut"] += 1
        elif isinstance(given, bool) or not isinstance(given, int | float):
            self._drop(self.fields, "event_id", "event_id_made")
            self.fields["event_id"] = made_id({name: self.fields.get(name) for name in _FIELDS})

    def _spell_kind(self) -> None:
        given = self.fields.get("kind")
        if isinstance(given, str) and given not in _NEEDED:
            spelt = _KIND_OF.get(re.sub(r"[\W_]+", "", given).lower())
            if spelt is not None:
                self.fields["kind"] = spelt
                self._mended["kind_spelt"] += 1

    def _read_time(self) -> None:
        try:
            read = instant(self.fields.get("occurred_at"), self._time_unit)
        except NoTime as error:
            raise type(error)(f"occurred_at: {error}") from None
        if read is not None:
            self.fields["occurred_at"], mend = read
            if mend:
                self._mended[mend] += 1

    def _normalise(self, attributes: dict[str, Any]) -> None:
        kind = self.fields.get("kind")
        if kind in ("login", "auth_failure", "transaction"):
            self._country(attributes)
        if kind in ("login", "auth_failure"):
            self._address(attributes)
        if kind == "login":
            self._place(attributes)
            self._success(attributes)
        if kind == "data_usage":
            self._usage(attributes)
        if kind == "transaction":
            self._money(attributes)
        status = attributes.get("status_code")
        if isinstance(status, str) and not is_plain(status):
            self._drop(attributes, "status_code", "attribute_dropped")

    def _usage(self, attributes: dict[str, Any]) -> None:
        given = attributes.get("gb")
        if isinstance(given, str) and not is_plain(given):
            raise _Unjudgeable(f"attributes.gb: {given[:40]!r} is not read; {AMOUNT_FORM}")
        if (number(given) or 0) > _MAX_GB:
            raise _Unjudgeable(f"attributes.gb: more than {_MAX_GB:,} GB in one reading cannot be")

    def _address(self, attributes: dict[str, Any]) -> None:
        given = attributes.get("ip")
        if not isinstance(given, str) or is_address(given):
            return
        address = address_in(given)
        if address is None:
            self._mended["ip_unknown"] += 1  # it stays for people to read
        else:
            attributes["ip"] = str(address)
            self._mended["ip_spelt"] += 1

    def _country(self, attributes: dict[str, Any]) -> None:
        given = attributes.get("country")
        if given is None:
            return
        code = country_of(given)
        if code is None:
            self._drop(attributes, "country", "country_unknown")
        elif code != given:
            attributes["country"] = code
            self._mended["country_spelt"] += 1

    def _place(self, attributes: dict[str, Any]) -> None:
        given = [attributes.get(name) for name in ("latitude", "longitude")]
        if given == [None, None]:
            return
        latitude, longitude = map(number, given)
        known = latitude is not None and longitude is not None and abs(latitude) <= 90 and abs(longitude) <= 180
        # 0° N 0° E, in the open sea, is what a missing place becomes on its way.
        if known and max(abs(cast("float", latitude)), abs(cast("float", longitude))) >= _NULL_ISLAND_DEGREES:
            return
        self._mended["place_unknown"] += 1
        for name in ("latitude", "longitude"):
            self._drop(attributes, name)

    def _success(self, attributes: dict[str, Any]) -> None:
        if "success" in attributes:
            attributes["success"], is_mended = outcome_of(attributes["success"])
            self._mended["success_spelt"] += is_mended

    def _money(self, attributes: dict[str, Any]) -> None:
        currency = currency_of(attributes.get("currency"))
        if isinstance(currency, str) and currency != attributes["currency"]:
            attributes["currency"] = currency
            self._mended["currency_spelt"] += 1
        given = attributes.get("amount")
        if isinstance(given, bool) or not isinstance(given, int | float | str) or not isinstance(currency, str):
            return
        found = amount_of(given, currency)
        if found is None:
            return
        attributes["amount"] = found.amount
        if found.is_another:
            self._mended["amount_rounded"] += 1
        self._type(attributes, is_negative=found.is_negative)

    def _type(self, attributes: dict[str, Any], *, is_negative: bool) -> None:
        """A type that is given counts: ledgers write every debit below zero. Else an amount below zero is a refund."""
        given = attributes.get("type")
        spelt = type_of(given)
        if spelt is not None and spelt != given:
            attributes["type"] = spelt
            self._mended["type_spelt"] += 1
        if is_negative and spelt is None:
            self._drop(attributes, "type", None if given is None else "attribute_dropped")
            attributes["type"] = "refund"
            self._mended["refund_negative"] += 1
        elif is_negative and spelt != "refund":
            self._mended["sign_dropped"] += 1

    def _mend(self, error: ValidationError) -> bool:
        """Whether the event can be evaluated without the invalid fields."""
        kind = self.fields.get("kind")
        needed = _NEEDED.get(kind if isinstance(kind, str) else None)
        if needed is None:
            return False
        for problem in error.errors(include_url=False, include_context=False, include_input=False):
            match problem["loc"]:
                case (_, "attributes") if not needed:
                    self._drop(self.fields, "attributes", "attribute_dropped")
                    self.fields["attributes"] = {}
                case (_, "attributes", str(name), *_) if name not in needed:
                    self._mend_attribute(name, is_text=problem["type"] == "string_type")
                case (_, "attributes", "endpoint") | (_, "event_id") if self._into_text(problem["loc"]):
                    pass
                case _:
                    return False
        return True

    def _mend_attribute(self, name: str, *, is_text: bool) -> None:
        attributes = cast("dict[str, Any]", self.fields["attributes"])
        if name not in attributes:
            return
        if is_text and into_text(attributes, name):
            self._mended["text_from_number"] += 1
        else:
            self._drop(attributes, name, "attribute_dropped")

    def _into_text(self, where: tuple[int | str, ...]) -> bool:
        holder = self.fields if where[-1] == "event_id" else self.fields["attributes"]
        made = into_text(holder, str(where[-1]))
        self._mended["text_from_number"] += made
        return made

    def _drop(self, holder: dict[str, Any], name: str, mend: str | None = None) -> None:
        value = holder.pop(name, None)
        if mend:
            self._mended[mend] += 1
        if value not in (None, "", AMBIGUOUS):
            self._unused[name] = value

    def _with_unused(self, event: TelemetryEvent) -> TelemetryEvent:
        if not self._unused or UNUSED_FIELDS in self.fields["attributes"]:
            return event
        attributes = {**self.fields["attributes"], UNUSED_FIELDS: self._unused}
        try:
            return telemetry_event.validate_python({**self.fields, "attributes": attributes})
        except ValidationError:
            return event  # it holds what JSON cannot say: to keep it is no duty

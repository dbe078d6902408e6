"""What detection is told, from what is on record: the versions that judge, as this release understands them."""

from collections.abc import Iterator, Mapping

from pydantic import ValidationError

from backend.detection import Detector, RuleBook, RuleVersion
from backend.detection.parameters import DEFAULT_RULES, PARAMETERS, RuleMode, Scope, Snoozed
from backend.detection.state.addresses import public_address
from contracts.detection_rules import RuleCandidates, RuleContent, RuleScope, StoredRules, StoredVersion
from contracts.hashing import canonical_json

DEFAULTS: Mapping[str, RuleVersion] = {version.rule_id: version for version in DEFAULT_RULES.rules}
"""Each rule as the release has it."""


class NotUnderstood(ValueError):
    """This release cannot judge by a version: why, by the name of the field."""

    def __init__(self, faults: tuple[tuple[str, str], ...]) -> None:
        super().__init__("; ".join(f"{name}: {fault}" for name, fault in faults))
        self.faults = faults


def default_content(rule_id: str) -> RuleContent:
    """What the release has."""
    return content_of(DEFAULTS[rule_id])


def content_of(version: RuleVersion) -> RuleContent:
    """A version as it is put on record: every parameter with its value."""
    return RuleContent(
        parameters=version.parameters.model_dump(mode="json"),
        severity=version.severity,
        scope=RuleScope(
            only_customers=tuple(sorted(version.scope.only_customers)),
            except_customers=tuple(sorted(version.scope.except_customers)),
        ),
        autonomy=version.autonomy,
    )


def understood(rule_id: str, version: int, content: RuleContent, mode: RuleMode = "live") -> RuleVersion:
    """A version that the detector can judge by. Raises NotUnderstood."""
    if rule_id not in PARAMETERS:
        raise NotUnderstood((("rule_id", "this release has no such rule"),))
    try:
        text = canonical_json(content.parameters)
        parameters = PARAMETERS[rule_id].model_validate_json(text, strict=True)
    except ValidationError as error:
        raise NotUnderstood(
            tuple((_name(fault["loc"]), fault["msg"].removeprefix("Value error, ")) for fault in error.errors())
        ) from error
    scope = Scope(
        only_customers=frozenset(content.scope.only_customers),
        except_customers=frozenset(content.scope.except_customers),
    )
    made = RuleVersion(
        rule_id=rule_id,
        version=version,
        mode=mode,
        parameters=parameters,
        severity=content.severity,
        scope=scope,
        autonomy=content.autonomy,
    )
    try:
        # Some values only the rule itself can read, as a network.
        Detector(RuleBook(rules=(made,)))
    except ValueError as error:
        raise NotUnderstood((("parameters", str(error)),)) from error
    return made


def rule_book(stored: StoredRules) -> tuple[RuleBook, tuple[str, ...]]:
    """What detection is told; in sentences, what of it this release does not understand and what judges instead."""
    sentences: list[str] = []
    unwatched = frozenset(int(each.value) for each in stored.suppressions if each.kind == "customer")
    on_record = {each.rule.rule_id: each for each in stored.rules}
    rules: list[RuleVersion] = []
    for rule_id, default in DEFAULTS.items():
        found = on_record.pop(rule_id, None)
        judging = [default] if found is None else _judging(found, default, sentences)
        rules += [_without(version, unwatched) for version in judging]
    sentences += [f"Rule '{rule_id}' is not of this release: it does not judge." for rule_id in on_record]
    snoozes = {(each.customer_id, each.rule_id): Snoozed(each.snoozed_at, each.until) for each in stored.snoozes}
    addresses = (public_address(each.value) for each in stored.suppressions if each.kind == "address")
    book = RuleBook(
        rules=tuple(rules),
        snoozes=snoozes,
        trusted_addresses=frozenset(address for address in addresses if address is not None),
    )
    return book, tuple(sentences)


def trial_book(stored: StoredRules, compared: RuleVersion, tried: RuleVersion) -> RuleBook:
    """Two versions of one rule side by side, as detection judges by one that is live and one in shadow.

    Suppressions count. Snoozes do not: they hide what a rule finds, and versions are compared by what they find.
    """
    book, _ = rule_book(stored)
    unwatched = frozenset(int(each.value) for each in stored.suppressions if each.kind == "customer")
    live, shadow = compared.model_copy(update={"mode": "live"}), tried.model_copy(update={"mode": "shadow"})
    return RuleBook(
        rules=(_without(live, unwatched), _without(shadow, unwatched)), trusted_addresses=book.trusted_addresses
    )


def _judging(found: RuleCandidates, default: RuleVersion, sentences: list[str]) -> Iterator[RuleVersion]:
    """The live version, or the latest before it that is understood, and the one in shadow."""
    if found.rule.is_on:
        yield _live(found, default, sentences)
    if found.shadow is not None:
        try:
            yield _read(found.shadow, "shadow")
        except NotUnderstood as problem:
            name = _named(found.shadow)
            sentences.append(f"{name}, in shadow, is not of this release and does not judge: {problem}.")


def _live(found: RuleCandidates, default: RuleVersion, sentences: list[str]) -> RuleVersion:
    for version in found.live:
        try:
            return _read(version, "live")
        except NotUnderstood as problem:
            sentences.append(f"{_named(version)} is not of this release: the one before it judges instead: {problem}.")
    sentences.append(f"Rule '{default.rule_id}' judges as the release has it.")
    return default


def _read(version: StoredVersion, mode: RuleMode) -> RuleVersion:
    return understood(version.rule_id, version.version, version.content, mode)


def _named(version: StoredVersion) -> str:
    return f"Version {version.version} of rule '{version.rule_id}'"


def _without(version: RuleVersion, customers: frozenset[int]) -> RuleVersion:
    if not customers:
        return version
    scope = version.scope.model_copy(update={"except_customers": version.scope.except_customers | customers})
    return version.model_copy(update={"scope": scope})


def _name(place: tuple[int | str, ...]) -> str:
    return str(place[0]) if place else "parameters"

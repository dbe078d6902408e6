"""Changes rules on record, once this release understands what they are to judge by; and what managers see of them."""

from collections.abc import Callable, Iterable, Mapping

from pydantic import JsonValue

from backend.detection.parameters import PARAMETERS
from backend.detection.state.addresses import public_address
from backend.services.errors import RuleContentInvalid, RuleNotFound, SuppressionInvalid
from backend.services.rule_books import NotUnderstood, content_of, default_content, understood
from backend.services.rule_fields import description_of, fields_of
from casebook.async_api import AsyncDetectionRules
from casebook.detection_rules_api import RuleOnRecord
from contracts.detection_rules import (
    MAX_PARAMETERS_BYTES,
    SHADOW_AT_FIRST,
    NewDraft,
    NewSnooze,
    ParameterChange,
    RuleChange,
    RuleContent,
    RuleList,
    RuleSummary,
    RuleSwitch,
    RuleVersionView,
    RuleView,
    SignalCount,
    SnoozeEnd,
    SnoozeList,
    StoredRule,
    StoredVersion,
    SuppressionChange,
    SuppressionList,
    VersionChoice,
    VersionMode,
)
from contracts.hashing import canonical_json

_LARGEST_CUSTOMER = 2**53
OF_THE_RELEASE = "As the release has it."


class DetectionRuleService:
    """What is accepted is on record, and every process that judges telemetry follows it within seconds.

    Methods about one rule raise RuleNotFound, and what `DetectionRulesApi` raises.
    """

    def __init__(self, record: AsyncDetectionRules) -> None:
        self._record = record

    async def list_rules(self) -> RuleList:
        """All rules of this release, with what they found in the last days."""
        found = await self._record.list_rules()
        rules = {each.rule_id: each for each in found.rules}
        return RuleList(
            items=tuple(
                _summary(rule_id, rules.get(rule_id), found.drafts.get(rule_id, 0), found.counts)
                for rule_id in PARAMETERS
            )
        )

    async def rule(self, rule_id: str) -> RuleView:
        """One rule with its parameters, history and counts."""
        known_rule(rule_id)
        found = await self._record.rule(rule_id)
        drafts = sum(each.live_since is None and each.shadow_since is None for each in found.versions)
        recent = (await self._record.list_rules()).counts
        return RuleView(
            rule=_summary(rule_id, found.rule, drafts, recent),
            fields=fields_of(rule_id),
            versions=_versions(rule_id, found),
            counts=found.counts,
        )

    async def draft(self, rule_id: str, draft: NewDraft, actor: str) -> RuleView:
        """Add a version that does not judge yet. Raises RuleContentInvalid."""
        default = default_content(known_rule(rule_id))
        found = await self._record.rule(rule_id)
        base = next((each.content for each in found.versions if each.version == draft.based_on), default)
        merged = draft.content.model_copy(update={"parameters": {**base.parameters, **draft.content.parameters}})
        content = check_version(rule_id, merged)
        _check_scope(content)
        await self._record.draft(rule_id, default, draft, content, draft.based_on, actor)
        return await self.rule(rule_id)

    async def begin_shadow(self, rule_id: str, choice: VersionChoice, actor: str) -> RuleView:
        """Count what a version would raise. Raises RuleContentInvalid where this release cannot judge by it."""
        await self._check_version(rule_id, choice.version)
        await self._record.begin_shadow(rule_id, default_content(rule_id), choice, actor)
        return await self.rule(rule_id)

    async def end_shadow(self, rule_id: str, change: RuleChange, actor: str) -> RuleView:
        """Have no version in shadow."""
        await self._record.end_shadow(rule_id, default_content(known_rule(rule_id)), change, actor)
        return await self.rule(rule_id)

    async def promote(self, rule_id: str, choice: VersionChoice, actor: str) -> RuleView:
        """Alert by a version. Raises RuleContentInvalid where this release cannot judge by it."""
        await self._check_version(rule_id, choice.version)
        await self._record.promote(rule_id, default_content(rule_id), choice, actor)
        return await self.rule(rule_id)

    async def roll_back(self, rule_id: str, choice: VersionChoice, actor: str) -> RuleView:
        """Alert by the values of an earlier version, as a new one. Raises RuleContentInvalid likewise."""
        await self._check_version(rule_id, choice.version)
        await self._record.roll_back(rule_id, default_content(rule_id), choice, actor)
        return await self.rule(rule_id)

    async def switch(self, rule_id: str, order: RuleSwitch, actor: str) -> RuleView:
        """Let a rule alert no more, or again."""
        await self._record.switch(rule_id, default_content(known_rule(rule_id)), order, actor)
        return await self.rule(rule_id)

    # What is not reported

    async def snoozes(self) -> SnoozeList:
        """Snoozes that have not ended."""
        return SnoozeList(items=await self._record.snoozes())

    async def snooze(self, snooze: NewSnooze, actor: str) -> SnoozeList:
        """Alert nobody by a rule about a customer until a time."""
        known_rule(snooze.rule_id)
        await self._record.snooze(snooze, actor)
        return await self.snoozes()

    async def end_snooze(self, end: SnoozeEnd, actor: str) -> SnoozeList:
        """Alert again."""
        await self._record.end_snooze(end, actor)
        return await self.snoozes()

    async def suppressions(self) -> SuppressionList:
        """All entries."""
        return SuppressionList(items=await self._record.suppressions())

    async def add_suppression(self, change: SuppressionChange, actor: str) -> SuppressionList:
        """Let something never count. Raises SuppressionInvalid."""
        await self._record.add_suppression(_canonical(change), actor)
        return await self.suppressions()

    async def remove_suppression(self, change: SuppressionChange, actor: str) -> SuppressionList:
        """Let it count again. Raises SuppressionInvalid."""
        await self._record.remove_suppression(_canonical(change), actor)
        return await self.suppressions()

    async def _check_version(self, rule_id: str, version: int) -> None:
        """A version that is not on record is refused by the record."""
        found = await self._record.rule(known_rule(rule_id))
        for each in found.versions:
            if each.version == version:
                check_version(rule_id, each.content)


def known_rule(rule_id: str) -> str:
    """The id, where this release has the rule. Raises RuleNotFound."""
    if rule_id not in PARAMETERS:
        raise RuleNotFound(rule_id)
    return rule_id


def check_version(rule_id: str, content: RuleContent) -> RuleContent:
    """The content with every parameter, as it is put on record. Raises RuleContentInvalid."""
    if len(canonical_json(content.parameters).encode()) > MAX_PARAMETERS_BYTES:
        raise RuleContentInvalid((("parameters", f"together they may have {MAX_PARAMETERS_BYTES:,} bytes"),))
    try:
        return content_of(understood(rule_id, 1, content))
    except NotUnderstood as problem:
        raise RuleContentInvalid(problem.faults) from problem


def _check_scope(content: RuleContent) -> None:
    """Whom a scope names twice is watched by nobody. Raises RuleContentInvalid."""
    both = set(content.scope.only_customers) & set(content.scope.except_customers)
    if both:
        fault = f"customer {min(both)} is among those that the rule watches and those that it does not"
        raise RuleContentInvalid((("scope.except_customers", fault),))


def _canonical(change: SuppressionChange) -> SuppressionChange:
    """The entry as it is compared."""
    value = change.value.strip()
    if change.kind == "address":
        address = public_address(value)
        if address is None:
            raise SuppressionInvalid(f"'{value}' is no public IPv4 or IPv6 address: give one, without a network's '/'.")
        return change.model_copy(update={"value": address})
    if not (value.isascii() and value.isdigit() and 0 < int(value) <= _LARGEST_CUSTOMER):
        raise SuppressionInvalid(f"'{value}' is no customer: give the number of one.")
    return change.model_copy(update={"value": str(int(value))})


def _summary(rule_id: str, rule: StoredRule | None, drafts: int, counts: Iterable[SignalCount]) -> RuleSummary:
    own = [each for each in counts if each.rule_id == rule_id]
    is_shadow = rule_id in SHADOW_AT_FIRST
    shadow = (1 if is_shadow else None) if rule is None else rule.shadow_version
    live = 1 if rule is None else rule.live_version
    return RuleSummary(
        rule_id=rule_id,
        description=description_of(rule_id),
        revision=0 if rule is None else rule.revision,
        is_on=not is_shadow if rule is None else rule.is_on,
        live_version=live,
        shadow_version=shadow,
        drafts=drafts,
        alerts=_sum(own, lambda each: each.fate == "raised"),
        shadow_signals=_sum(own, lambda each: each.fate == "shadow" and each.version == shadow),
        snoozed_signals=_sum(own, lambda each: each.fate == "snoozed"),
        failures=_sum(own, lambda each: each.fate == "failed" and each.version in (live, shadow)),
        changed_by=None if rule is None else rule.changed_by,
        changed_at=None if rule is None else rule.changed_at,
    )


def _sum(counts: Iterable[SignalCount], counted: Callable[[SignalCount], bool]) -> int:
    return sum(each.count for each in counts if counted(each))


def _versions(rule_id: str, found: RuleOnRecord) -> tuple[RuleVersionView, ...]:
    if found.rule is None:
        return (
            RuleVersionView(
                version=1,
                mode="shadow" if rule_id in SHADOW_AT_FIRST else "live",
                content=default_content(rule_id),
                based_on=None,
                changes=(),
                created_by=None,
                created_at=None,
                reason=OF_THE_RELEASE,
                shadow_since=None,
                live_since=None,
                problem=None,
            ),
        )
    contents = {each.version: each.content for each in found.versions}
    return tuple(_version(each, found.rule, contents) for each in found.versions)


def _version(stored: StoredVersion, rule: StoredRule, contents: Mapping[int, RuleContent]) -> RuleVersionView:
    base = None if stored.based_on is None else contents.get(stored.based_on)
    return RuleVersionView(
        version=stored.version,
        mode=_mode(stored, rule),
        content=stored.content,
        based_on=stored.based_on,
        changes=() if base is None else tuple(_changes(base, stored.content)),
        created_by=stored.created_by,
        created_at=stored.created_at,
        reason=stored.reason,
        shadow_since=stored.shadow_since,
        live_since=stored.live_since,
        problem=_problem(stored),
    )


def _mode(stored: StoredVersion, rule: StoredRule) -> VersionMode:
    if stored.version == rule.live_version and rule.is_on:
        return "live"
    if stored.version == rule.shadow_version:
        return "shadow"
    if stored.version == rule.live_version:
        return "off"
    return "draft" if stored.live_since is None and stored.shadow_since is None else "retired"


def _problem(stored: StoredVersion) -> str | None:
    try:
        understood(stored.rule_id, stored.version, stored.content)
    except NotUnderstood as problem:
        return f"This release cannot judge by it: {problem}."
    return None


def _changes(before: RuleContent, after: RuleContent) -> Iterable[ParameterChange]:
    old, new = _flat(before), _flat(after)
    for name in [*new, *(name for name in old if name not in new)]:
        if old.get(name) != new.get(name):
            yield ParameterChange(name=name, before=old.get(name), after=new.get(name))


def _flat(content: RuleContent) -> dict[str, JsonValue]:
    return {
        **content.parameters,
        "severity": content.severity,
        "only_customers": [*content.scope.only_customers],
        "except_customers": [*content.scope.except_customers],
        "autonomy": [band.model_dump(mode="json") for band in content.autonomy],
    }

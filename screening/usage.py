"""The rules of the usage specialist: data volumes, subscriptions and API calls."""

from collections.abc import Iterator
from datetime import date
from statistics import median_low

from contracts.telemetry import ApiCallEvent, DataUsageEvent
from screening import thresholds
from screening.dates import day_of, days_before
from screening.dossier import Dossier, cite_events
from screening.records import DataUsage, Subscription, UsageDay
from screening.verdict import Judgement, Signal


def judge_usage(dossier: Dossier) -> Judgement:
    """Signals from daily volumes against the customer's own habit, caps, plans, and bursts of API calls."""
    signals = (
        *_alert_volume(dossier),
        *_api_burst(dossier),
        *_daily_volume(dossier),
        *_roaming(dossier),
        *_new_subscriptions(dossier),
    )
    if not signals and dossier.usage is not None and dossier.usage.days:
        signals = (_ordinary(dossier, dossier.usage),)
    return Judgement(signals, _missing(dossier))


def _missing(dossier: Dossier) -> str | None:
    if dossier.customer is None:
        return "There is no customer record to compare the usage with."
    if dossier.usage is None or not dossier.usage.days:
        return "No data usage is on record for this customer."
    if dossier.is_neutral:
        return "Nothing is on record about what this customer usually uses."
    return None


def _alert_volume(dossier: Dossier) -> Iterator[Signal]:
    readings = [event for event in dossier.triggers if isinstance(event, DataUsageEvent)]
    baseline = dossier.alert.baseline
    if not readings or baseline is None or not baseline.expected:
        return
    ratio = baseline.observed / baseline.expected
    if ratio < thresholds.ALERT_USAGE_RATIO:
        return
    extreme = ratio >= thresholds.EXTREME_DAY_FACTOR
    yield Signal(
        f"The alert's reading of {baseline.observed:.2f} is far above the {baseline.expected:.2f} that are expected.",
        thresholds.ALERT_USAGE_EXTREME if extreme else thresholds.ALERT_USAGE_SPIKE,
        cite_events(readings),
    )


def _typical_gb(dossier: Dossier, usage: DataUsage) -> float:
    known = dossier.customer.daily_gb_typical if dossier.customer else None
    return known or usage.average_gb or median_low([day.gb for day in usage.days])


def _recent(usage: DataUsage) -> list[UsageDay]:
    return sorted(usage.days, key=lambda day: day.day)[-thresholds.RECENT_DAYS :]


def _daily_volume(dossier: Dossier) -> Iterator[Signal]:
    usage = dossier.usage
    if usage is None or not usage.days:
        return
    typical = _typical_gb(dossier, usage)
    heavy = [day for day in _recent(usage) if typical and day.gb >= thresholds.HEAVY_DAY_FACTOR * typical]
    if not heavy:
        return
    cited = dossier.cite("get_customer", "get_data_usage")
    peak = max(day.gb for day in heavy)
    over_cap = usage.cap_gb is not None and sum(day.gb for day in usage.days[-30:]) > usage.cap_gb
    is_extreme = peak >= thresholds.EXTREME_DAY_FACTOR * typical
    reasons = [] if over_cap else list(_reasons_for_more(dossier))
    sustained = len(heavy) >= thresholds.SUSTAINED_DAYS
    described = f"On {len(heavy)} recent days usage was far above the usual, "
    described += f"up to {peak:.1f} GB (usually {typical:.2f} GB)"
    if reasons or not (over_cap or (is_extreme and sustained)):
        yield Signal(
            f"{described}, within the plan.",
            thresholds.PEAK_WITHIN_PLAN,
            (*cited, *dossier.cite("get_subscriptions")),
        )
        yield from reasons
        return
    yield Signal(
        f"{described}{': a pattern of resale' if sustained else ''}.",
        thresholds.RESALE_PATTERN if sustained else thresholds.UNUSUAL_PEAK,
        cited,
    )
    if is_extreme:
        yield Signal(f"{peak:.1f} GB in one day is out of all proportion.", thresholds.EXTREME_USAGE, cited)
    if over_cap:
        yield Signal(
            f"Usage passed the plan's cap of {usage.cap_gb:g} GB in 30 days.",
            thresholds.OVER_CAP,
            dossier.cite("get_data_usage", "get_subscriptions"),
        )


def _reasons_for_more(dossier: Dossier) -> Iterator[Signal]:
    """Why more is to be expected. Past the plan's cap none of them counts: a bigger plan explains what it allows."""
    tickets = dossier.cite("get_support_tickets")
    if "family_plan" in dossier.announced:
        yield Signal("The customer took a family plan: more is to be expected.", thresholds.FAMILY_PLAN, tickets)
    if "streaming" in dossier.announced:
        yield Signal("A support ticket speaks of streaming.", thresholds.STREAMING_TICKET, tickets)
    if raised := _raised_plan(dossier):
        yield Signal(
            f"The bigger plan {raised.plan} began on {raised.started_on}.",
            thresholds.PLAN_RAISED,
            dossier.cite("get_subscriptions"),
        )


def more_is_expected(dossier: Dossier) -> bool:
    """Whether a record that is older than the alert speaks of more usage to come."""
    return any(True for _ in _reasons_for_more(dossier))


def _raised_plan(dossier: Dossier) -> Subscription | None:
    """A plan of the last weeks that took the place of a smaller one, or was spoken of as a family's."""
    caps = [plan.data_cap_gb or 0.0 for plan in dossier.subscriptions if plan.status == "ended"]
    for plan in _recent_plans(dossier):
        bigger = bool(caps) and (plan.data_cap_gb is None or plan.data_cap_gb > max(caps))
        spoken_of = bigger or "family_plan" in dossier.announced
        if plan.status == "active" and spoken_of and dossier.is_older_day(plan.started_on):
            return plan
    return None


def _recent_plans(dossier: Dossier) -> list[Subscription]:
    since = days_before(dossier.as_of.date(), thresholds.RECENT_PLAN_DAYS)
    return [
        plan for plan in dossier.subscriptions if plan.started_on and (day_of(plan.started_on) or date.max) >= since
    ]


def _roaming(dossier: Dossier) -> Iterator[Signal]:
    usage = dossier.usage
    if usage is None:
        return
    covered = {
        country
        for plan in dossier.subscriptions
        if dossier.is_older_day(plan.started_on)
        for country in plan.roaming_countries
    }
    own = dossier.customer.own_countries if dossier.customer else frozenset[str]()
    used = {day.roaming_country for day in _recent(usage) if day.roaming_country}
    strange = sorted(used - covered - own)
    if strange:
        yield Signal(
            f"Data was used in {', '.join(strange)} without a roaming package.",
            thresholds.ROAMING_UNEXPLAINED,
            dossier.cite("get_data_usage", "get_subscriptions"),
        )


def _new_subscriptions(dossier: Dossier) -> Iterator[Signal]:
    recent = _recent_plans(dossier)
    if len(recent) >= thresholds.MANY_NEW_SUBSCRIPTIONS and "family_plan" not in dossier.announced:
        yield Signal(
            f"{len(recent)} subscriptions were opened in the last weeks.",
            thresholds.NEW_SUBSCRIPTIONS,
            dossier.cite("get_subscriptions"),
        )


def _api_burst(dossier: Dossier) -> Iterator[Signal]:
    calls = [event for event in dossier.triggers if isinstance(event, ApiCallEvent)]
    if not calls:
        return
    baseline = dossier.alert.baseline
    count = max(len(calls), int(baseline.observed) if baseline else 0)
    if count >= thresholds.API_CALLS_IN_A_BURST:
        size = f"{count} " if baseline and count == baseline.observed else ""
        yield Signal(f"A burst of {size}API calls.", thresholds.API_BURST, cite_events(calls))
    details = [call.attributes for call in calls]
    failed = sum(bool(call.error_code) or (call.status_code or 0) >= 400 for call in details) / len(details)
    writes = sum(call.read_only is False for call in details) / len(details)
    endpoints = len({call.endpoint for call in details})
    if failed >= thresholds.API_ERROR_SHARE:
        yield Signal("Many of the calls were refused.", thresholds.API_MANY_ERRORS, cite_events(calls))
    if writes >= thresholds.API_WRITE_SHARE:
        yield Signal("Many of the calls changed something.", thresholds.API_MANY_WRITES, cite_events(calls))
    if endpoints >= thresholds.API_ENDPOINTS_OF_AN_ENUMERATION:
        yield Signal("They went through many endpoints.", thresholds.API_ENUMERATION, cite_events(calls))


def _ordinary(dossier: Dossier, usage: DataUsage) -> Signal:
    return Signal(
        f"None of the last {len(_recent(usage))} days stands out against the usual "
        f"{_typical_gb(dossier, usage):.2f} GB.",
        thresholds.USAGE_ORDINARY,
        dossier.cite("get_customer", "get_data_usage"),
    )

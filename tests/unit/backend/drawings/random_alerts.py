"""Any alert of the contract, for properties: events of all kinds at any time, of any size, and any baseline."""

from datetime import UTC, datetime

from hypothesis import strategies as st

from backend.drawings.alerts import DRAWN_TYPES
from contracts.alert import MAX_RECENT_EVENTS, MAX_TRIGGER_EVENTS, Alert, Baseline
from contracts.telemetry import (
    AccountChangeAttributes,
    AccountChangeEvent,
    ApiCallAttributes,
    ApiCallEvent,
    AuthFailureAttributes,
    AuthFailureEvent,
    DataUsageAttributes,
    DataUsageEvent,
    LoginAttributes,
    LoginEvent,
    TelemetryEvent,
    TransactionAttributes,
    TransactionEvent,
)

_FIRST, _LAST = datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59)  # noqa: DTZ001
_texts = st.none() | st.text(max_size=40)
_numbers = st.floats(allow_nan=False, allow_infinity=False)
_codes = st.sampled_from(["USD", "JPY", "KWD", "XXX"])
_near: st.SearchStrategy[datetime] = st.integers(0, 40).map(lambda minute: datetime(2026, 3, 2, 12, minute, tzinfo=UTC))
_times = st.shared(st.booleans(), key="far").flatmap(
    lambda is_far: st.datetimes(_FIRST, _LAST, timezones=st.just(UTC)) if is_far else _near
)
_latitudes = st.none() | st.sampled_from([0.0, 90.0, -90.0, 38.7]) | st.floats(-90, 90)
_longitudes = st.none() | st.sampled_from([0.0, 180.0, -180.0, -9.1]) | st.floats(-180, 180)
_common = {"event_id": st.integers(0, 99).map("event-{}".format), "customer_id": st.just(7), "occurred_at": _times}

_logins = st.builds(
    LoginAttributes,
    ip=_texts,
    country=st.sampled_from([None, "PT", "US"]),
    city=_texts,
    latitude=_latitudes,
    longitude=_longitudes,
    device_id=_texts,
    success=st.booleans(),
)
_transactions = st.builds(
    TransactionAttributes,
    amount=st.decimals(0, 99_999_999_999_999, places=4),
    currency=_codes,
    merchant=_texts,
    terminal_id=_texts,
    type=st.sampled_from([None, "purchase", "transfer", "withdrawal", "refund"]),
)
_calls = st.builds(
    ApiCallAttributes, endpoint=st.text(max_size=80), status_code=st.none() | st.integers(), error_code=_texts
)
_changes = st.builds(AccountChangeAttributes, change=st.sampled_from(["sim", "email", "payee"]), channel=_texts)
_usage = st.builds(DataUsageAttributes, gb=st.floats(0, allow_nan=False, allow_infinity=False))

events: st.SearchStrategy[TelemetryEvent] = st.one_of(
    st.builds(LoginEvent, attributes=_logins, **_common),
    st.builds(AuthFailureEvent, attributes=st.builds(AuthFailureAttributes, ip=_texts), **_common),
    st.builds(TransactionEvent, attributes=_transactions, **_common),
    st.builds(DataUsageEvent, attributes=_usage, **_common),
    st.builds(ApiCallEvent, attributes=_calls, **_common),
    st.builds(AccountChangeEvent, attributes=_changes, **_common),
)
_metrics = st.sampled_from(
    ["km_per_hour", "charge_amount_USD", "minutes_after_change", "sprayed_customers_in_30_minutes", "other"]
)
_baselines = st.builds(
    Baseline,
    metric=_metrics,
    observed=_numbers,
    expected=st.none() | _numbers,
    threshold=st.none() | _numbers,
    lower=st.none() | _numbers,
    upper=st.none() | _numbers,
)

alerts: st.SearchStrategy[Alert] = st.builds(
    Alert,
    alert_id=st.just("alert-1"),
    customer_id=st.just(7),
    alert_type=st.sampled_from(sorted(DRAWN_TYPES)),
    rule_id=st.just("rule"),
    rule_version=st.just(1),
    severity=st.just("high"),
    description=st.just("Something."),
    raised_at=_near,
    trigger_events=st.lists(events, max_size=MAX_TRIGGER_EVENTS).map(tuple),
    recent_events=st.lists(events, max_size=MAX_RECENT_EVENTS).map(tuple),
    baseline=st.none() | _baselines,
    source=st.just("live"),
)

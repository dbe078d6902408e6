-- The customer store. Amounts are integer minor units of the customer's currency; instants are ISO 8601 in UTC with
-- whole seconds, so that they sort as text; lists are JSON. `STRICT` tables refuse values of another type.

CREATE TABLE dataset (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    as_of    TEXT    NOT NULL,
    seed     INTEGER NOT NULL
) STRICT;

CREATE TABLE customer (
    customer_id         INTEGER PRIMARY KEY CHECK (customer_id > 0),
    name                TEXT NOT NULL,
    email               TEXT NOT NULL,
    search_text         TEXT NOT NULL, -- name and e-mail address, case and accents folded away
    segment             TEXT NOT NULL,
    status              TEXT NOT NULL CHECK (status IN ('active', 'locked')),
    locked_at           TEXT,
    lock_reason         TEXT,
    home_country        TEXT,
    home_city           TEXT,
    home_latitude       REAL,
    home_longitude      REAL,
    usual_countries     TEXT NOT NULL, -- JSON
    usual_devices       TEXT NOT NULL, -- JSON
    customer_since      TEXT NOT NULL,
    monthly_spend_minor INTEGER,
    daily_gb_typical    REAL,
    currency            TEXT NOT NULL,
    autopay             INTEGER NOT NULL CHECK (autopay IN (0, 1)),
    profile             TEXT NOT NULL CHECK (profile IN ('contoso', 'neutral')),
    CHECK ((status = 'locked') = (locked_at IS NOT NULL)),
    CHECK ((status = 'locked') = (lock_reason IS NOT NULL))
) STRICT;

CREATE TABLE subscription (
    subscription_id   TEXT PRIMARY KEY,
    customer_id       INTEGER NOT NULL REFERENCES customer,
    plan              TEXT NOT NULL,
    status            TEXT NOT NULL,
    data_cap_gb       REAL,
    roaming_countries TEXT NOT NULL, -- JSON
    roaming_until     TEXT,
    monthly_fee_minor INTEGER NOT NULL,
    currency          TEXT NOT NULL,
    started_on        TEXT NOT NULL
) STRICT;
CREATE INDEX subscription_of_customer ON subscription (customer_id, started_on);

CREATE TABLE invoice (
    invoice_id    TEXT PRIMARY KEY,
    customer_id   INTEGER NOT NULL REFERENCES customer,
    period_start  TEXT NOT NULL,
    issued_on     TEXT NOT NULL,
    due_on        TEXT NOT NULL,
    fees_minor    INTEGER NOT NULL,
    charges_minor INTEGER NOT NULL,
    amount_minor  INTEGER NOT NULL CHECK (amount_minor = fees_minor + charges_minor),
    currency      TEXT NOT NULL,
    status        TEXT NOT NULL,
    payments      TEXT NOT NULL -- JSON
) STRICT;
CREATE INDEX invoice_of_customer ON invoice (customer_id, issued_on);

CREATE TABLE charge (
    charge_id      TEXT PRIMARY KEY,
    customer_id    INTEGER NOT NULL REFERENCES customer,
    at             TEXT NOT NULL,
    merchant       TEXT NOT NULL,
    category       TEXT NOT NULL,
    country        TEXT NOT NULL,
    amount_minor   INTEGER NOT NULL CHECK (amount_minor > 0),
    currency       TEXT NOT NULL,
    status         TEXT NOT NULL CHECK (status IN ('posted', 'refunded', 'disputed')),
    device_id      TEXT,
    card_present   INTEGER NOT NULL CHECK (card_present IN (0, 1)),
    -- What was given back. The check makes it impossible to give back a charge twice, whoever orders it.
    refunded_minor INTEGER NOT NULL DEFAULT 0 CHECK (refunded_minor BETWEEN 0 AND amount_minor)
) STRICT;
CREATE INDEX charge_of_customer ON charge (customer_id, at);

CREATE TABLE customer_order (
    order_id        TEXT PRIMARY KEY,
    customer_id     INTEGER NOT NULL REFERENCES customer,
    ordered_at      TEXT NOT NULL,
    item            TEXT NOT NULL,
    amount_minor    INTEGER NOT NULL,
    currency        TEXT NOT NULL,
    ship_to_country TEXT NOT NULL,
    device_id       TEXT,
    status          TEXT NOT NULL,
    charge_id       TEXT NOT NULL REFERENCES charge
) STRICT;
CREATE INDEX order_of_customer ON customer_order (customer_id, ordered_at);

CREATE TABLE usage_day (
    customer_id     INTEGER NOT NULL REFERENCES customer,
    day             TEXT NOT NULL,
    gb              REAL NOT NULL CHECK (gb >= 0),
    roaming_country TEXT,
    PRIMARY KEY (customer_id, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE security_entry (
    entry_id     TEXT PRIMARY KEY,
    customer_id  INTEGER NOT NULL REFERENCES customer,
    at           TEXT NOT NULL,
    event        TEXT NOT NULL,
    ip           TEXT NOT NULL,
    country      TEXT NOT NULL,
    city         TEXT,
    device_id    TEXT,
    known_device INTEGER NOT NULL CHECK (known_device IN (0, 1)),
    success      INTEGER NOT NULL CHECK (success IN (0, 1))
) STRICT;
CREATE INDEX security_entry_of_customer ON security_entry (customer_id, at);

CREATE TABLE ticket (
    ticket_id   TEXT PRIMARY KEY,
    customer_id INTEGER NOT NULL REFERENCES customer,
    opened_at   TEXT NOT NULL,
    channel     TEXT NOT NULL,
    subject     TEXT NOT NULL,
    body        TEXT NOT NULL,
    status      TEXT NOT NULL,
    topics      TEXT NOT NULL -- JSON
) STRICT;
CREATE INDEX ticket_of_customer ON ticket (customer_id, opened_at);

CREATE TABLE article (
    article_id TEXT PRIMARY KEY,
    title      TEXT NOT NULL,
    body       TEXT NOT NULL
) STRICT;

-- For the telemetry simulator only: no tool reads it, or it would give the answer away.
CREATE TABLE telemetry_profile (
    customer_id INTEGER PRIMARY KEY REFERENCES customer,
    profile     TEXT NOT NULL -- JSON
) STRICT;

-- The ledger: one row per effect, written in the transaction of the effect. Rows are never changed or removed.
CREATE TABLE effect (
    idempotency_key TEXT PRIMARY KEY,
    action          TEXT NOT NULL,
    customer_id     INTEGER NOT NULL REFERENCES customer,
    arguments       TEXT NOT NULL, -- canonical JSON
    result          TEXT NOT NULL, -- JSON
    at              TEXT NOT NULL
) STRICT;
CREATE TRIGGER effect_is_never_changed BEFORE UPDATE ON effect
BEGIN SELECT RAISE(ABORT, 'the effect ledger is append-only'); END;
CREATE TRIGGER effect_is_never_removed BEFORE DELETE ON effect
BEGIN SELECT RAISE(ABORT, 'the effect ledger is append-only'); END;

-- Active orders to lock an account. Effects add and remove rows: the ledger keeps what was done.
CREATE TABLE account_lock (
    idempotency_key TEXT PRIMARY KEY,
    customer_id     INTEGER NOT NULL REFERENCES customer,
    locked_at       TEXT NOT NULL,
    reason          TEXT NOT NULL
) STRICT;
CREATE INDEX account_lock_of_customer ON account_lock (customer_id);

-- What each order gave back of a charge: `charge.refunded_minor` is the sum of those that are not reversed.
CREATE TABLE refund (
    charge_id       TEXT NOT NULL REFERENCES charge,
    idempotency_key TEXT NOT NULL REFERENCES effect DEFERRABLE INITIALLY DEFERRED,
    amount_minor    INTEGER NOT NULL CHECK (amount_minor > 0),
    refunded_at     TEXT NOT NULL,
    reversed_by     TEXT REFERENCES effect DEFERRABLE INITIALLY DEFERRED,
    PRIMARY KEY (charge_id, idempotency_key)
) STRICT;
CREATE INDEX refund_of_order ON refund (idempotency_key);

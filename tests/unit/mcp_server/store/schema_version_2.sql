-- A customer store as release 1.0 left it (schema version 2): two cases have locked and refunded, and one refund is reversed.
PRAGMA application_id = 1129796401;
PRAGMA user_version = 2;
BEGIN TRANSACTION;
CREATE TABLE account_lock (
    idempotency_key TEXT PRIMARY KEY,
    customer_id     INTEGER NOT NULL REFERENCES customer,
    locked_at       TEXT NOT NULL,
    reason          TEXT NOT NULL
) STRICT;
INSERT INTO "account_lock" VALUES('case-a:lock_account:12',12,'2026-03-15T13:31:00Z','case-a: approved by ana');
INSERT INTO "account_lock" VALUES('case-b:lock_account:12',12,'2026-03-15T13:32:00Z','case-b: approved by ben (account_takeover)');
CREATE TABLE article (
    article_id TEXT PRIMARY KEY,
    title      TEXT NOT NULL,
    body       TEXT NOT NULL
) STRICT;
CREATE TABLE charge (
    charge_id    TEXT PRIMARY KEY,
    customer_id  INTEGER NOT NULL REFERENCES customer,
    at           TEXT NOT NULL,
    merchant     TEXT NOT NULL,
    category     TEXT NOT NULL,
    country      TEXT NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    currency     TEXT NOT NULL,
    status       TEXT NOT NULL CHECK (status IN ('posted', 'refunded', 'disputed')),
    device_id    TEXT,
    card_present INTEGER NOT NULL CHECK (card_present IN (0, 1))
) STRICT;
INSERT INTO "charge" VALUES('ch-0012-001',12,'2025-11-14T15:11:05Z','Adatum Transit','transport','PT',706,'EUR','refunded',NULL,1);
INSERT INTO "charge" VALUES('ch-0012-002',12,'2025-11-15T20:57:19Z','Tailwind Sports','sports','PT',4277,'EUR','refunded','dev-0012-1',0);
INSERT INTO "charge" VALUES('ch-0012-003',12,'2025-11-16T11:12:03Z','Margie''s Kitchen','restaurants','PT',1155,'EUR','refunded',NULL,1);
INSERT INTO "charge" VALUES('ch-0012-004',12,'2025-11-18T16:31:40Z','Margie''s Kitchen','restaurants','PT',1867,'EUR','posted',NULL,1);
INSERT INTO "charge" VALUES('ch-0012-005',12,'2025-11-20T20:56:16Z','Fourth Coffee','restaurants','PT',650,'EUR','posted',NULL,1);
INSERT INTO "charge" VALUES('ch-0012-006',12,'2025-11-21T21:30:32Z','Margie''s Kitchen','restaurants','PT',2302,'EUR','posted',NULL,1);
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
INSERT INTO "customer" VALUES(12,'Rui Santos','rui.santos12@example.com','rui santos rui.santos12@example.com','consumer','locked','2026-03-15T13:31:00Z','case-a: approved by ana','PT','Lisbon',38.72,-9.14,'["PT"]','[{"device_id": "dev-0012-1", "name": "Proseware Note 9"}]','2022-05-19',26538,0.231,'EUR',0,'contoso');
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
CREATE TABLE dataset (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    as_of    TEXT    NOT NULL,
    seed     INTEGER NOT NULL
) STRICT;
INSERT INTO "dataset" VALUES(1,'2026-03-15T12:00:00Z',7);
CREATE TABLE effect (
    idempotency_key TEXT PRIMARY KEY,
    action          TEXT NOT NULL,
    customer_id     INTEGER NOT NULL REFERENCES customer,
    arguments       TEXT NOT NULL, -- canonical JSON
    result          TEXT NOT NULL, -- JSON
    at              TEXT NOT NULL
) STRICT;
INSERT INTO "effect" VALUES('case-a:lock_account:12','lock_account',12,'{"reason":"case-a: approved by ana"}','{"customer_id":12,"status":"locked","locked_at":"2026-03-15T13:31:00Z","lock_reason":"case-a: approved by ana","already_locked":false,"idempotency_key":"case-a:lock_account:12","replayed":false}','2026-03-15T13:31:00Z');
INSERT INTO "effect" VALUES('case-b:lock_account:12','lock_account',12,'{"reason":"case-b: approved by ben (account_takeover)"}','{"customer_id":12,"status":"locked","locked_at":"2026-03-15T13:31:00Z","lock_reason":"case-a: approved by ana","already_locked":true,"idempotency_key":"case-b:lock_account:12","replayed":false}','2026-03-15T13:32:00Z');
INSERT INTO "effect" VALUES('case-a:refund_charges:12','refund_charges',12,'{"charge_ids":["ch-0012-001","ch-0012-002"],"reason":"case-a: approved by ana"}','{"customer_id":12,"refunded":[{"charge_id":"ch-0012-001","amount_minor":706,"currency":"EUR"},{"charge_id":"ch-0012-002","amount_minor":4277,"currency":"EUR"}],"amount_minor":4983,"currency":"EUR","refunded_at":"2026-03-15T13:33:00Z","reason":"case-a: approved by ana","idempotency_key":"case-a:refund_charges:12","replayed":false}','2026-03-15T13:33:00Z');
INSERT INTO "effect" VALUES('case-b:refund_charges:12','refund_charges',12,'{"charge_ids":["ch-0012-003"],"reason":"case-b: approved by ben"}','{"customer_id":12,"refunded":[{"charge_id":"ch-0012-003","amount_minor":1155,"currency":"EUR"}],"amount_minor":1155,"currency":"EUR","refunded_at":"2026-03-15T13:34:00Z","reason":"case-b: approved by ben","idempotency_key":"case-b:refund_charges:12","replayed":false}','2026-03-15T13:34:00Z');
INSERT INTO "effect" VALUES('case-b:reverse_refund:12:1','record_refund_reversal',12,'{"reason":"case-b: case-b:reverse_refund:1, requested by ana, approved by maria","refund_key":"case-b:refund_charges:12"}','{"customer_id":12,"refund_key":"case-b:refund_charges:12","charges":[{"charge_id":"ch-0012-003","amount_minor":1155,"currency":"EUR"}],"amount_minor":1155,"currency":"EUR","recorded_at":"2026-03-15T13:35:00Z","reason":"case-b: case-b:reverse_refund:1, requested by ana, approved by maria","idempotency_key":"case-b:reverse_refund:12:1","replayed":false}','2026-03-15T13:35:00Z');
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
INSERT INTO "invoice" VALUES('inv-0012-1',12,'2025-11-25','2025-12-25','2026-01-08',1399,34908,36307,'EUR','paid','[{"payment_id": "pay-0012-1", "paid_on": "2025-12-29", "amount_minor": 36307, "method": "bank_transfer"}]');
CREATE TABLE refund (
    charge_id       TEXT PRIMARY KEY REFERENCES charge,
    idempotency_key TEXT NOT NULL REFERENCES effect DEFERRABLE INITIALLY DEFERRED,
    refunded_at     TEXT NOT NULL
) STRICT;
INSERT INTO "refund" VALUES('ch-0012-001','case-a:refund_charges:12','2026-03-15T13:33:00Z');
INSERT INTO "refund" VALUES('ch-0012-002','case-a:refund_charges:12','2026-03-15T13:33:00Z');
INSERT INTO "refund" VALUES('ch-0012-003','case-b:refund_charges:12','2026-03-15T13:34:00Z');
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
INSERT INTO "subscription" VALUES('sub-0012-001',12,'Contoso Basic 10 GB','active',10.0,'["DE", "ES", "FR", "IT", "NL", "PL", "SE"]',NULL,1399,'EUR','2022-05-19');
CREATE TABLE telemetry_profile (
    customer_id INTEGER PRIMARY KEY REFERENCES customer,
    profile     TEXT NOT NULL -- JSON
) STRICT;
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
CREATE TABLE usage_day (
    customer_id     INTEGER NOT NULL REFERENCES customer,
    day             TEXT NOT NULL,
    gb              REAL NOT NULL CHECK (gb >= 0),
    roaming_country TEXT,
    PRIMARY KEY (customer_id, day)
) STRICT, WITHOUT ROWID;
CREATE INDEX subscription_of_customer ON subscription (customer_id, started_on);
CREATE INDEX invoice_of_customer ON invoice (customer_id, issued_on);
CREATE INDEX charge_of_customer ON charge (customer_id, at);
CREATE INDEX order_of_customer ON customer_order (customer_id, ordered_at);
CREATE INDEX security_entry_of_customer ON security_entry (customer_id, at);
CREATE INDEX ticket_of_customer ON ticket (customer_id, opened_at);
CREATE TRIGGER effect_is_never_changed BEFORE UPDATE ON effect
BEGIN SELECT RAISE(ABORT, 'the effect ledger is append-only'); END;
CREATE TRIGGER effect_is_never_removed BEFORE DELETE ON effect
BEGIN SELECT RAISE(ABORT, 'the effect ledger is append-only'); END;
CREATE INDEX account_lock_of_customer ON account_lock (customer_id);
COMMIT;

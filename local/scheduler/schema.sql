-- Everything the scheduler knows, in one SQLite file. Times are microseconds since 1970 UTC.
-- Row keys come from one counter that never repeats a value, not even after a restart or a purge:
-- a completion token built from a key can therefore never match a younger row by accident.

CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE hub (
    key        INTEGER PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL
) STRICT;

-- Worker processes that hold, or have held, a lease. local_pid is set when the process was seen alive on this machine:
-- its number in the lower 22 bits, above them when it started (ticks since the machine did), 0 when that is unknown.
CREATE TABLE worker (
    key       INTEGER PRIMARY KEY,
    id        TEXT NOT NULL UNIQUE,
    local_pid INTEGER
) STRICT;

-- One row per orchestration instance. generation grows with each continue-as-new: what was scheduled by an older
-- generation can no longer be delivered.
CREATE TABLE instance (
    key               INTEGER PRIMARY KEY,
    hub               INTEGER NOT NULL,
    id                TEXT NOT NULL,
    execution_id      TEXT NOT NULL,
    generation        INTEGER NOT NULL,
    name              TEXT NOT NULL,
    version           TEXT,
    status            INTEGER NOT NULL,
    created_at        INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL,
    completed_at      INTEGER,
    start_at          INTEGER,           -- a start that was asked for later than now
    delayed           INTEGER NOT NULL,  -- 1 until start_at has come
    rewinding         INTEGER NOT NULL,  -- 1 between a rewind request and the rewritten history
    parent_key        INTEGER,
    parent_generation INTEGER,
    parent_task       INTEGER,
    parent_id         TEXT,
    tags              TEXT,              -- JSON object
    custom_status     TEXT,
    trace             BLOB,              -- OrchestrationTraceContext
    history_bytes     INTEGER NOT NULL,
    uses              INTEGER NOT NULL   -- bits: 1 has set timers, 2 has asked for locks
) STRICT;
CREATE UNIQUE INDEX instance_id ON instance (hub, id);
CREATE INDEX instance_created ON instance (hub, created_at, key);
CREATE INDEX instance_status ON instance (hub, status, created_at, key);
CREATE INDEX instance_completed ON instance (hub, completed_at, key) WHERE completed_at IS NOT NULL;
CREATE INDEX instance_parent ON instance (parent_key) WHERE parent_key IS NOT NULL;

-- Apart from the instance row, which is rewritten every turn: a large input must not be rewritten with it.
CREATE TABLE payload (
    instance INTEGER PRIMARY KEY,
    input    TEXT,
    output   TEXT,
    failure  BLOB                        -- TaskFailureDetails
) STRICT;

-- One row per turn: events already framed as OrchestratorRequest.pastEvents, so that a work item is a concatenation.
CREATE TABLE history (
    key      INTEGER PRIMARY KEY,
    instance INTEGER NOT NULL,
    events   BLOB NOT NULL
) STRICT;
CREATE INDEX history_instance ON history (instance, key);

-- Events on their way to an orchestration. generation is null for those that outlive a continue-as-new.
CREATE TABLE inbox (
    key        INTEGER PRIMARY KEY,
    instance   INTEGER NOT NULL,
    generation INTEGER,
    kind       INTEGER NOT NULL,
    event      BLOB NOT NULL             -- HistoryEvent
) STRICT;
CREATE INDEX inbox_instance ON inbox (instance, key);

-- Activities that are not finished. attempt counts deliveries and is part of the completion token.
CREATE TABLE activity (
    key        INTEGER PRIMARY KEY,
    hub        INTEGER NOT NULL,
    instance   INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    task       INTEGER NOT NULL,
    name       TEXT NOT NULL,
    version    TEXT,
    request    BLOB NOT NULL,            -- ActivityRequest
    attempt    INTEGER NOT NULL,
    worker     INTEGER,
    leased_at  INTEGER
) STRICT;
CREATE INDEX activity_instance ON activity (instance);

-- Everything that happens later: timers, delayed signals, delayed starts. target is an instance or an entity.
CREATE TABLE due (
    key        INTEGER PRIMARY KEY,
    at         INTEGER NOT NULL,
    kind       INTEGER NOT NULL,
    target     INTEGER NOT NULL,
    generation INTEGER,
    event      BLOB
) STRICT;
CREATE INDEX due_at ON due (at, key);
CREATE INDEX due_target ON due (target);

CREATE TABLE entity (
    key             INTEGER PRIMARY KEY,
    hub             INTEGER NOT NULL,
    id              TEXT NOT NULL,
    state           TEXT,
    modified_at     INTEGER NOT NULL,
    lock_section    TEXT,                -- critical section id
    lock_instance   INTEGER,
    lock_generation INTEGER,
    lock_owner      TEXT,                -- instance id of the holder
    attempt         INTEGER NOT NULL,
    batch           TEXT,                -- JSON array of the operation keys that are out with a worker
    worker          INTEGER,
    leased_at       INTEGER
) STRICT;
CREATE UNIQUE INDEX entity_id ON entity (hub, id);
CREATE INDEX entity_modified ON entity (hub, modified_at, key);
CREATE INDEX entity_lock ON entity (lock_instance) WHERE lock_instance IS NOT NULL;

-- What waits at an entity, in order: calls, signals and lock requests.
CREATE TABLE entity_op (
    key        INTEGER PRIMARY KEY,
    entity     INTEGER NOT NULL,
    kind       INTEGER NOT NULL,
    request_id TEXT NOT NULL,
    caller     INTEGER,
    generation INTEGER,
    event      BLOB NOT NULL             -- HistoryEvent
) STRICT;
CREATE INDEX entity_op_entity ON entity_op (entity, key);
CREATE INDEX entity_op_lock ON entity_op (caller) WHERE kind = 2;

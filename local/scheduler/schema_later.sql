-- Tables that a database of this schema version may lack; created at every start.

-- Work whose worker was lost while it had it: orchestrator turns (kind 0, target: an instance), activities (1), entity
-- batches (2, an entity). Gone when the work is finished; given_up is 1 when it has failed for this.
CREATE TABLE IF NOT EXISTS lost_delivery (
    kind     INTEGER NOT NULL,
    target   INTEGER NOT NULL,
    hub      INTEGER NOT NULL,
    owner    INTEGER NOT NULL,           -- the instance or entity that the work belongs to
    owner_id TEXT NOT NULL,
    name     TEXT NOT NULL,
    times    INTEGER NOT NULL,
    worker   TEXT NOT NULL,              -- the last one that was lost
    at       INTEGER NOT NULL,
    given_up INTEGER NOT NULL,
    PRIMARY KEY (kind, target)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS lost_delivery_owner ON lost_delivery (owner);

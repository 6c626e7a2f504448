-- The first tables: who, which calls, what was said, and every event.
-- Times are microseconds since 1970 (UTC); `at` is microseconds since the call's started_at.

CREATE TABLE organizations (
  id         TEXT PRIMARY KEY,
  name       TEXT NOT NULL UNIQUE,
  created_at INTEGER NOT NULL
);
INSERT INTO organizations (id, name, created_at)
VALUES ('00000000-0000-7000-8000-000000000000', 'default', 0);

-- The agents' files as they were when they were last loaded.
CREATE TABLE agents (
  organization_id TEXT NOT NULL REFERENCES organizations (id),
  name            TEXT NOT NULL,
  path            TEXT NOT NULL,
  hash            TEXT NOT NULL,
  loaded_at       INTEGER NOT NULL,
  PRIMARY KEY (organization_id, name)
);

CREATE TABLE calls (
  id              TEXT PRIMARY KEY,
  external_id     TEXT NOT NULL DEFAULT '',
  organization_id TEXT NOT NULL DEFAULT '00000000-0000-7000-8000-000000000000'
                  REFERENCES organizations (id),
  direction       TEXT NOT NULL DEFAULT '' CHECK (direction IN ('', 'inbound', 'outbound')),
  from_uri        TEXT NOT NULL DEFAULT '',
  to_uri          TEXT NOT NULL DEFAULT '',
  agent           TEXT NOT NULL DEFAULT '',
  state           TEXT NOT NULL DEFAULT 'ringing' CHECK (state IN ('ringing', 'live', 'ended')),
  end_reason      TEXT,
  started_at      INTEGER NOT NULL,
  answered_at     INTEGER,
  ended_at        INTEGER,
  metadata        TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(metadata))
);
CREATE INDEX idx_calls_started ON calls (started_at DESC, id DESC);
CREATE INDEX idx_calls_state_started ON calls (state, started_at DESC, id DESC);
CREATE INDEX idx_calls_external ON calls (external_id);

CREATE TABLE call_transcript_entries (
  call_id         TEXT NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
  sequence_number INTEGER NOT NULL,
  at              INTEGER NOT NULL,
  entry_type      TEXT NOT NULL CHECK (entry_type IN ('speech', 'dtmf', 'tool_call', 'tool_result')),
  speaker         TEXT NOT NULL CHECK (speaker IN ('caller', 'agent', 'tool', 'operator')),
  text            TEXT NOT NULL,
  heard_text      TEXT,
  tool_id         TEXT,
  tool_name       TEXT,
  tool_arguments  TEXT,
  tool_result     TEXT,
  tool_ok         INTEGER
);
CREATE UNIQUE INDEX idx_transcript_call_sequence
  ON call_transcript_entries (call_id, sequence_number);

-- Events of the process have no call; their seq begins anew with each process, so `time` tells them
-- apart. The two unique indexes make storing an event twice the same as storing it once.
CREATE TABLE events (
  id      INTEGER PRIMARY KEY,
  call_id TEXT REFERENCES calls (id) ON DELETE CASCADE,
  seq     INTEGER NOT NULL,
  at      INTEGER NOT NULL,
  time    INTEGER NOT NULL,
  kind    TEXT NOT NULL,
  body    TEXT NOT NULL
);
CREATE UNIQUE INDEX idx_events_call_seq ON events (call_id, seq) WHERE call_id IS NOT NULL;
CREATE UNIQUE INDEX idx_events_process ON events (time, seq) WHERE call_id IS NULL;

DROP TABLE events;
DROP TABLE call_transcript_entries;
DROP TABLE calls;
DROP TABLE agents;
DROP TABLE organizations;

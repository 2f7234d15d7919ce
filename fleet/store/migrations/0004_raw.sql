-- Sites that only read: what is remembered of each device between two frames (docs/adr/0055). It changes with every batch.

CREATE TABLE raw_devices (
    site     text NOT NULL,
    device   text NOT NULL,
    producer text NOT NULL,  -- the reader it belongs to; empty for one that a rule waits for
    memory   text NOT NULL,  -- as event_processor writes it
    buckets  text NOT NULL,  -- rate limits: by event type, tokens, the time in µs, how many were kept back
    said_at  timestamptz,    -- the state that was said last: when, and its words
    words    text NOT NULL,
    PRIMARY KEY (site, device)
) WITH (fillfactor = 40);

-- What the fleet keeps. Rows that every batch updates leave room on their pages, so that an update stays there (HOT).

CREATE TABLE log_positions (
    topic       text   NOT NULL,
    partition   int    NOT NULL,
    next_offset bigint NOT NULL DEFAULT 0,
    generation  bigint NOT NULL DEFAULT 0,  -- of its owner: who has lost the partition has an older one and commits nothing
    owner       text   NOT NULL,
    claimed_at  timestamptz NOT NULL,
    committed_at timestamptz,
    records     bigint NOT NULL DEFAULT 0,
    repeats     bigint NOT NULL DEFAULT 0,
    refused     bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (topic, partition)
) WITH (fillfactor = 20);

CREATE TABLE sites (
    site        text PRIMARY KEY,
    region      text NOT NULL,
    first_heard timestamptz NOT NULL,
    last_heard  timestamptz NOT NULL,  -- by the centre's clock
    last_time   timestamptz,           -- the newest that the site said, by its own
    tracks      int NOT NULL DEFAULT 0,
    types       int NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

CREATE TABLE places (
    site     text NOT NULL,
    producer text NOT NULL,
    stream   text NOT NULL,
    epoch    text NOT NULL,
    ends     bigint[] NOT NULL,          -- first and last of each span of numbers that was applied
    given_up bigint NOT NULL DEFAULT 0,  -- numbers that are missed for good
    PRIMARY KEY (site, producer, stream, epoch)
) WITH (fillfactor = 50);

CREATE TABLE counts (
    site       text NOT NULL,
    type       text NOT NULL,
    total      bigint NOT NULL,
    first_time timestamptz NOT NULL,
    last_time  timestamptz NOT NULL,
    PRIMARY KEY (site, type)
) WITH (fillfactor = 50);

CREATE TABLE hourly_counts (
    site  text NOT NULL,
    type  text NOT NULL,
    hour  timestamptz NOT NULL,
    total bigint NOT NULL,
    PRIMARY KEY (site, hour, type)
) PARTITION BY RANGE (hour);
CREATE TABLE hourly_counts_default PARTITION OF hourly_counts DEFAULT;

CREATE TABLE events (
    site     text NOT NULL,
    time     timestamptz NOT NULL,
    id       text NOT NULL,
    type     text NOT NULL,
    category text NOT NULL,
    severity text NOT NULL,
    device   text,
    zone     text,
    data     jsonb NOT NULL,
    PRIMARY KEY (site, time, id)
) PARTITION BY RANGE (time);
CREATE INDEX events_by_time ON events (time, type);
CREATE TABLE events_default PARTITION OF events DEFAULT;

CREATE TABLE states (
    site      text NOT NULL,
    device    text NOT NULL,
    time      timestamptz NOT NULL,
    power     text,
    battery   text,
    quality   text NOT NULL,
    charge    double precision,  -- percent
    runtime_s double precision,  -- the least that is left
    simulated boolean NOT NULL,
    vals      jsonb NOT NULL,
    PRIMARY KEY (site, device)
) WITH (fillfactor = 50);

CREATE TABLE site_alerts (
    site     text NOT NULL,
    rule     text NOT NULL,
    key      text NOT NULL,
    state    text NOT NULL,
    severity text NOT NULL,
    since    timestamptz NOT NULL,
    time     timestamptz NOT NULL,
    message  text NOT NULL,
    PRIMARY KEY (site, rule, key)
) WITH (fillfactor = 70);

CREATE TABLE dead_letters (
    topic     text   NOT NULL,
    partition int    NOT NULL,
    log_offset bigint NOT NULL,
    at        timestamptz NOT NULL,
    reason    text   NOT NULL,
    key       bytea,
    value     bytea,  -- its beginning
    PRIMARY KEY (topic, partition, log_offset)
);
CREATE INDEX dead_letters_by_time ON dead_letters (at);

CREATE VIEW gaps AS
SELECT p.site, p.producer, p.stream, p.epoch, p.ends[i] + 1 AS first, p.ends[i + 1] - 1 AS last
FROM places p, generate_series(2, cardinality(p.ends) - 2, 2) AS i;

-- Rules over many sites: what they look at, and what came of it.

CREATE TABLE signals (  -- events that a rule over regions looks at; fresh until it has
    site  text NOT NULL,
    type  text NOT NULL,
    time  timestamptz NOT NULL,
    fresh boolean NOT NULL DEFAULT true,
    at    timestamptz NOT NULL DEFAULT now()  -- when it came: history that is played anew is as fresh as any
);
CREATE INDEX signals_fresh ON signals (type) WHERE fresh;
CREATE INDEX signals_by_time ON signals (type, time);
CREATE INDEX signals_by_arrival ON signals (at);

CREATE TABLE rule_memory (  -- what the alerter's core remembers of a rule's key
    rule   text NOT NULL,
    key    text NOT NULL,
    record text NOT NULL,
    PRIMARY KEY (rule, key)
);

CREATE TABLE fleet_alerts (  -- one row a spell: from firing to resolved
    rule      text NOT NULL,
    key       text NOT NULL,
    since     timestamptz NOT NULL,
    state     text NOT NULL,
    severity  text NOT NULL,
    time      timestamptz NOT NULL,
    value     double precision NOT NULL,
    threshold double precision NOT NULL,
    message   text NOT NULL,
    PRIMARY KEY (rule, key, since)
);

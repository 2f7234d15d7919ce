-- Counts by hour are a question to the events, no longer rows that each batch updates (docs/adr/0066). Both were kept for as long.

DROP VIEW hourly;
DROP TABLE hourly_counts;

-- The hours in which there is an event, found step by step in the index; of those that a question wants, the events are counted.
CREATE VIEW hourly_counts AS
WITH RECURSIVE hours AS (
    SELECT date_trunc('hour', min(time), 'UTC') AS hour FROM events
    UNION ALL
    SELECT (SELECT date_trunc('hour', min(e.time), 'UTC') FROM events e WHERE e.time >= h.hour + interval '1 hour')
    FROM hours h WHERE h.hour IS NOT NULL
)
SELECT n.site, n.type, h.hour, n.total
FROM hours h CROSS JOIN LATERAL (
    SELECT e.site, e.type, count(*) AS total FROM events e
    WHERE e.time >= h.hour AND e.time < h.hour + interval '1 hour' GROUP BY e.site, e.type
) n;

CREATE VIEW hourly AS
SELECT h.hour, s.region, h.site, h.type, h.total FROM hourly_counts h JOIN sites s USING (site);

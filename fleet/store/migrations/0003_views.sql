-- What people, Grafana and the commands read. A command and a dashboard show the same because they ask the same view.

CREATE VIEW site_status AS
SELECT s.site, s.region, s.last_heard, s.last_time,
       CASE WHEN d.on_battery THEN 'battery' WHEN d.powered THEN 'mains' END AS power,
       d.charge, d.runtime_s, d.health, coalesce(d.devices, 0) AS devices, coalesce(a.firing, 0) AS alerts
FROM sites s
LEFT JOIN (
    SELECT site, count(*) AS devices, bool_or(power = 'battery') AS on_battery, bool_or(power IS NOT NULL) AS powered,
           min(charge) AS charge, min(runtime_s) FILTER (WHERE power = 'battery') AS runtime_s,
           min(CASE jsonb_typeof(vals -> 'battery_health') WHEN 'number' THEN (vals ->> 'battery_health')::float8 END) AS health
    FROM states GROUP BY site
) d USING (site)
LEFT JOIN (
    SELECT site, count(*) AS firing FROM site_alerts WHERE state IN ('firing', 'acknowledged') GROUP BY site
) a USING (site);

CREATE VIEW region_status AS
SELECT region, count(*) AS sites, count(*) FILTER (WHERE power = 'battery') AS on_battery,
       min(runtime_s) AS runtime_s, sum(alerts)::bigint AS alerts, min(last_heard) AS longest_silent
FROM site_status GROUP BY region;

CREATE VIEW open_alerts AS
SELECT 'fleet' AS of, key AS place, rule, ''::text AS key, state, severity, since, time, message
FROM fleet_alerts WHERE state <> 'resolved'
UNION ALL
SELECT 'site', site, rule, key, state, severity, since, time, message
FROM site_alerts WHERE state IN ('firing', 'acknowledged');

CREATE VIEW hourly AS
SELECT h.hour, s.region, h.site, h.type, h.total FROM hourly_counts h JOIN sites s USING (site);

CREATE VIEW battery_health AS
SELECT s.region, d.site, d.device, d.time,
       CASE jsonb_typeof(vals -> 'battery_health') WHEN 'number' THEN (vals ->> 'battery_health')::float8 END AS health,
       CASE jsonb_typeof(vals -> 'charge_cycles') WHEN 'number' THEN (vals ->> 'charge_cycles')::float8 END AS cycles
FROM states d JOIN sites s USING (site) WHERE vals ? 'battery_health';

CREATE VIEW outages AS  -- of sites whose mains came back, with how long they were away
SELECT s.region, e.site, e.device, e.time,
       CASE jsonb_typeof(e.data -> 'outage_s') WHEN 'number' THEN (e.data ->> 'outage_s')::float8 END AS outage_s
FROM events e JOIN sites s USING (site) WHERE e.type = 'AC_POWER_RESTORED';

-- The official annual total of each reporter, commodity group and year that stands. Where several sources state one, the
-- largest counts: it is the one that a part would have to exceed.
CREATE OR REPLACE TEMP VIEW official AS
SELECT
    reporter,
    commodity_group,
    year,
    max(kg) AS official_kg,
    arg_max(source_id, (kg, source_id)) AS official_source
FROM conformed.totals
WHERE period_type = 'year' AND scope = 'national' AND known_to IS NULL
GROUP BY reporter, commodity_group, year

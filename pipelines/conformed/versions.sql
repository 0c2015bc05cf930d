-- Which staged rows stand. By what its source restates, a row of an older delivery gives way to a newer one: nothing, the
-- same record, the same period, or the whole source. What is delivered again unchanged is known already: its first
-- delivery stands, "first" by delivery_id, so that the order of receipt changes nothing. The view `stated` says what the
-- rows are (`identity`) and of which day they speak (`day`).
CREATE OR REPLACE TEMP VIEW versions AS
WITH dated AS (
    SELECT
        r.source_id, r.delivery_id, r.part, r.row_no, r.line_no, r.identity, r.record_id, r.day,
        f.vintage, f.vintage_rank, f.restates, f.restates_from, f.restates_to, f.is_current
    FROM stated AS r
    JOIN deliveries.files AS f USING (delivery_id)  -- n:1
),

newest_of_record AS (
    SELECT source_id, record_id, max(vintage_rank) AS newest_rank
    FROM dated
    WHERE restates = 'record' AND record_id IS NOT NULL
    GROUP BY source_id, record_id
),

-- the first newer delivery that restates the row's day, or all that the row's delivery restated
newer_of_period AS (
    SELECT d.delivery_id, d.day, min(f.vintage_rank) AS newer_rank
    FROM (SELECT DISTINCT source_id, delivery_id, day, vintage_rank, restates_from, restates_to
          FROM dated WHERE restates = 'period') AS d
    JOIN deliveries.files AS f
        ON f.source_id = d.source_id
        AND f.vintage_rank > d.vintage_rank
        AND (
            d.day BETWEEN f.restates_from AND f.restates_to
            OR (d.restates_from >= f.restates_from AND d.restates_to <= f.restates_to)
        )
    GROUP BY d.delivery_id, d.day
),

judged AS (
    SELECT
        d.*,
        CASE
            WHEN NOT d.is_current THEN (SELECT max(vintage_rank) FROM deliveries.files AS f WHERE f.source_id = d.source_id)
            WHEN r.newest_rank > d.vintage_rank THEN r.newest_rank
            ELSE p.newer_rank
        END AS newer_rank
    FROM dated AS d
    LEFT JOIN newest_of_record AS r USING (source_id, record_id)  -- n:1
    LEFT JOIN newer_of_period AS p USING (delivery_id, day)  -- n:1
)

SELECT
    j.delivery_id,
    j.part,
    j.row_no,
    j.line_no,
    CASE
        WHEN j.newer_rank IS NOT NULL THEN 'superseded'
        WHEN
            row_number() OVER (
                PARTITION BY j.identity, j.newer_rank IS NULL ORDER BY j.delivery_id, j.part, j.row_no, j.line_no
            ) > 1
            THEN 'already_known'
    END AS reason,
    j.vintage AS known_from,
    n.vintage AS known_to
FROM judged AS j
LEFT JOIN deliveries.files AS n ON n.source_id = j.source_id AND n.vintage_rank = j.newer_rank  -- n:1

-- Official totals by commodity group and period, each in all its vintages.
-- The rule for figures listed twice: within one reporter, commodity group and period of a source that states one figure
-- a commodity, a positive figure that equals another to the last digit counts once, whatever names the two stand under
-- (Trinidad and Tobago 2012 states its cocaine once as salts and once as unspecified). Figures that differ are parts, and
-- add up. A source that splits its totals by office has equal figures that are parts: there the rule does not hold.
WITH weighed AS (
    SELECT
        t.source_id, t.delivery_id, t.part, t.row_no, t.line_no, t.reporter, t.period_type, t.period_start,
        t.period_end, t.year, t.n_events, c.commodity_group, c.in_group_kg,
        coalesce(
            t.kg,
            CASE
                WHEN u.dimension = 'mass'
                    THEN CAST(
                        CAST(t.quantity_reported AS DECIMAL(20, 6)) * CAST(u.exact_factor AS DECIMAL(18, 9))
                        AS DECIMAL(18, 6)
                    )
            END
        ) AS kg,
        f.vintage AS known_from, f.vintage_rank, f.restates, s.completeness = 'all_reported' AS is_national
    FROM staging.totals AS t
    JOIN deliveries.files AS f USING (delivery_id)  -- n:1
    JOIN reference.commodities AS c USING (commodity)  -- n:1
    JOIN reference.scopes AS s ON s.source_id = t.source_id AND s.commodity_group = c.commodity_group  -- n:1
    LEFT JOIN codes.units AS u ON u.code = t.unit_reported  -- n:1
),

figures AS (
    SELECT
        w.*,
        w.is_national AND w.kg > 0 AND row_number() OVER (
            PARTITION BY w.delivery_id, w.reporter, w.commodity_group, w.period_type, w.period_start, w.kg
            ORDER BY w.in_group_kg DESC, w.part, w.row_no, w.line_no
        ) > 1 AS is_double
    FROM weighed AS w
),

stated AS (
    SELECT
        source_id, delivery_id, vintage_rank, known_from, restates, reporter, commodity_group, period_type,
        period_start, max(period_end) AS period_end, max(year) AS year, bool_and(is_national) AS is_national,
        coalesce(sum(kg) FILTER (WHERE in_group_kg AND NOT is_double), 0) AS kg,
        coalesce(sum(kg) FILTER (WHERE NOT in_group_kg AND NOT is_double), 0) AS kg_apart,
        CAST(sum(n_events) FILTER (WHERE NOT is_double) AS BIGINT) AS n_events,
        count(*) FILTER (WHERE NOT is_double) AS n_figures,
        count(*) FILTER (WHERE is_double) AS n_double
    FROM figures
    GROUP BY ALL
),

-- a figure stands until the next vintage that speaks of its period, whether or not that one repeats it
closed AS (
    SELECT s.*, n.known_to
    FROM stated AS s
    LEFT JOIN LATERAL (
        SELECT min(f.vintage) AS known_to
        FROM deliveries.files AS f
        WHERE f.source_id = s.source_id
            AND f.vintage_rank > s.vintage_rank
            AND (
                s.restates = 'snapshot'
                OR (s.period_start >= f.restates_from AND s.period_end <= f.restates_to)
            )
    ) AS n ON true
)

SELECT
    reporter, commodity_group, period_type, period_start, year, kg, kg_apart, n_events,
    CASE WHEN is_national THEN 'national' ELSE 'agency' END AS scope,
    source_id, known_from, known_to, n_figures, n_double
FROM closed
-- of two vintages of one day the later replaces the earlier at once: nobody could have known that one
WHERE known_to IS NULL OR known_to > known_from

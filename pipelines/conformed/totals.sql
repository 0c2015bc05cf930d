-- Official annual totals by commodity group.
-- The rule for figures listed twice: within one reporter, commodity group and year, a positive figure that equals
-- another to the last digit counts once, whatever names the two stand under (Trinidad and Tobago 2012 states its
-- cocaine once as salts and once as unspecified). Figures that differ are parts, and add up.
WITH figures AS (
    SELECT
        t.source_id, t.reporter, t.year, t.kg, c.commodity_group, c.in_group_kg,
        row_number() OVER (
            PARTITION BY t.source_id, t.reporter, c.commodity_group, t.year, t.kg
            ORDER BY c.in_group_kg DESC, t.delivery_id, t.part, t.row_no
        ) > 1 AND t.kg > 0 AS is_double
    FROM staging.totals AS t
    JOIN deliveries.files AS f USING (delivery_id)  -- n:1
    JOIN reference.commodities AS c USING (commodity)  -- n:1
    WHERE f.is_current
)

SELECT
    reporter,
    commodity_group,
    'year' AS period_type,
    make_date(year, 1, 1) AS period_start,
    year,
    coalesce(sum(kg) FILTER (WHERE in_group_kg AND NOT is_double), 0) AS kg,
    coalesce(sum(kg) FILTER (WHERE NOT in_group_kg AND NOT is_double), 0) AS kg_apart,
    'national' AS scope,
    source_id,
    count(*) FILTER (WHERE NOT is_double) AS n_figures,
    count(*) FILTER (WHERE is_double) AS n_double
FROM figures
GROUP BY reporter, commodity_group, year, source_id

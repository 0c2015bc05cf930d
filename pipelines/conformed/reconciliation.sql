-- What lines come to, against what the reporter stated as its annual total; with every total that has no line, and every
-- sum that has no total.
WITH weighed AS (
    SELECT *, CAST(CAST(kg_mid AS DECIMAL(20, 6)) * line_weight AS DECIMAL(18, 6)) AS kg
    FROM conformed.seizures
),

here AS (
    SELECT
        reporter,
        commodity_group,
        year,
        count(*) AS n_rows,
        coalesce(sum(line_weight) FILTER (WHERE in_scope), 0) AS n_lines,
        coalesce(sum(kg) FILTER (WHERE in_kg_totals), 0) AS kg_mid,
        coalesce(sum(kg) FILTER (WHERE in_scope AND in_group_kg AND NOT in_kg_totals), 0) AS kg_excluded,
        max(kg) FILTER (WHERE in_kg_totals) AS kg_largest,
        coalesce(
            bool_or(in_scope AND line_weight > 0 AND outlier_flag IN ('review', 'impossible')), false
        ) AS has_doubt
    FROM weighed
    GROUP BY reporter, commodity_group, year
),

-- the two sides are divided as floats, which is the same in every run: nothing is summed after it
held AS (
    SELECT
        reporter,
        commodity_group,
        year,
        coalesce(h.n_rows, 0) AS n_rows,
        coalesce(h.n_lines, 0) AS n_lines,
        coalesce(h.kg_mid, 0) AS kg_mid,
        coalesce(h.kg_excluded, 0) AS kg_excluded,
        o.official_kg,
        o.official_source,
        CASE
            WHEN h.n_lines > 0 AND o.official_kg > 0
                THEN CAST(CAST(h.kg_mid AS DOUBLE) / CAST(o.official_kg AS DOUBLE) AS DECIMAL(18, 6))
        END AS ratio,
        CASE
            WHEN h.kg_mid > 0 THEN CAST(CAST(h.kg_largest AS DOUBLE) / CAST(h.kg_mid AS DOUBLE) AS DECIMAL(9, 6))
        END AS share_largest_line,
        coalesce(h.has_doubt, false) AS has_doubt
    FROM here AS h
    FULL JOIN official AS o USING (reporter, commodity_group, year)  -- 1:1
)

SELECT
    *,
    CASE
        WHEN official_kg IS NULL THEN 'no_official_total'
        WHEN n_lines = 0 THEN 'nothing_here'
        WHEN official_kg = 0 THEN CASE WHEN kg_mid > 0 THEN 'official_zero' ELSE 'agrees' END
        WHEN ratio BETWEEN 0.9 AND 1.1 THEN 'agrees'
        WHEN ratio < 0.9 THEN 'below'
        WHEN share_largest_line >= 0.5 THEN 'one_line_owns_it'
        ELSE 'above'
    END AS reconciliation_verdict
FROM held

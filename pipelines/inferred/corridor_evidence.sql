-- What the seizures of one evidence weigh in one cell (commodity group, mode, year): sums over seizures of the chance that
-- each belongs to cross-border traffic, and of its kilograms. All sums are of decimals, so their order is nothing.
WITH pair_types AS (
    SELECT unnest(['dep_dst', 'org_dst']) AS pair_type
),

weighed AS (
    SELECT
        t.pair_type,
        e.evidence_id,
        s.reporter,
        s.commodity_group,
        coalesce(nullif(s.mode_class, 'unmapped'), 'unknown') AS mode,
        make_date(s.year, 1, 1) AS period_start,
        s.line_weight,
        CAST(s.line_weight * x.p_cross_border AS DECIMAL(9, 6)) AS p,
        CASE WHEN s.in_kg_totals THEN s.kg_mid ELSE 0 END AS kg
    FROM conformed.seizures AS s
    JOIN inferred.seizure_evidence AS e USING (seizure_id)  -- 1:1
    JOIN inferred.seizure_scope AS x USING (seizure_id)  -- 1:1
    CROSS JOIN pair_types AS t  -- 1:2, one a kind of pair
    WHERE s.in_scope AND s.line_weight > 0 AND x.p_cross_border > 0
),

by_mode AS (
    SELECT * FROM weighed
    UNION ALL
    SELECT * REPLACE ('all' AS mode) FROM weighed
),

products AS (
    SELECT *, CAST(kg AS DECIMAL(20, 6)) * p AS kg_p, CAST(kg AS DOUBLE) AS kg_float, CAST(p AS DOUBLE) AS p_float
    FROM by_mode
)

SELECT
    pair_type,
    commodity_group,
    mode,
    period_start,
    evidence_id,
    any_value(reporter) AS reporter,
    CAST(sum(p) AS DOUBLE) AS n,
    CAST(sum(line_weight) AS DOUBLE) AS n_possible,
    CAST(sum(CAST(p_float * p_float AS DECIMAL(12, 9))) AS DOUBLE) AS n_squared,
    CAST(sum(kg_p) AS DOUBLE) AS kg,
    CAST(sum(CAST(kg_float * kg_float * p_float AS DECIMAL(38, 6))) AS DOUBLE) AS kg2_p,
    CAST(sum(CAST(kg_float * kg_float * p_float * p_float AS DECIMAL(38, 6))) AS DOUBLE) AS kg2_p2,
    CAST(max(kg_p) AS DOUBLE) AS kg_largest,
    CAST(coalesce(sum(p) FILTER (WHERE kg >= 1), 0) AS DOUBLE) AS n_ge_1kg
FROM products
GROUP BY pair_type, commodity_group, mode, period_start, evidence_id
ORDER BY pair_type, commodity_group, mode, period_start, evidence_id

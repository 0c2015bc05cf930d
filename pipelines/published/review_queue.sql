-- What a person should look at, that first which moves the published kilograms of its commodity group most. An impossible
-- line would add its weight to them if it came back, a line under review would take its weight out. What a person has
-- decided is `none` or `excluded`, and no question any more.
WITH weighed AS (
    SELECT
        *,
        CAST(CAST(kg_mid AS DECIMAL(20, 6)) * line_weight AS DECIMAL(18, 6)) AS kg_at_stake
    FROM conformed.seizures
    WHERE in_scope AND in_group_kg AND kg_mid IS NOT NULL AND line_weight > 0
),

cells AS (
    SELECT seizing_area, commodity_group, year, sum(kg_at_stake) FILTER (WHERE in_kg_totals) AS kg
    FROM weighed
    GROUP BY seizing_area, commodity_group, year
),

totals AS (
    SELECT commodity_group, sum(kg_at_stake) FILTER (WHERE in_kg_totals) AS kg
    FROM weighed
    GROUP BY commodity_group
),

quantities AS (
    SELECT
        'quantity' AS kind,
        w.*,
        o.kg_expected,
        o.outlier_score,
        -- of the total with the line in it, so that both kinds of doubt are on one scale
        CASE WHEN w.in_kg_totals THEN 0 ELSE w.kg_at_stake END AS kg_outside,
        coalesce(c.kg, 0) + kg_outside AS kg_cell,
        coalesce(t.kg, 0) + kg_outside AS kg_group
    FROM weighed AS w
    JOIN conformed.outliers AS o USING (seizure_id)  -- 1:1
    JOIN cells AS c USING (seizing_area, commodity_group, year)  -- n:1
    JOIN totals AS t USING (commodity_group)  -- n:1
    WHERE w.outlier_flag IN ('review', 'impossible')
),

-- two lines that may be one seizure: the answer moves the total by the smaller of them, more or less of it according to what
-- is assumed now. Sure pairs, and those that hardly move anything, are no question for a person.
pairs AS (
    SELECT
        'duplicate' AS kind,
        w.* REPLACE (
            CAST(
                CAST(least(w.kg_mid, o.kg_mid) AS DECIMAL(20, 6)) * greatest(p.probability, 1 - p.probability)
                AS DECIMAL(18, 6)
            ) AS kg_at_stake
        ),
        p.other_seizure_id,
        p.probability,
        c.kg AS kg_cell,
        t.kg AS kg_group
    FROM conformed.duplicate_pairs AS p
    JOIN weighed AS w ON w.seizure_id = p.seizure_id  -- n:1
    JOIN weighed AS o ON o.seizure_id = p.other_seizure_id  -- n:1
    JOIN cells AS c
        ON c.seizing_area = w.seizing_area AND c.commodity_group = w.commodity_group AND c.year = w.year  -- n:1
    JOIN totals AS t ON t.commodity_group = w.commodity_group  -- n:1
    WHERE p.pair_basis = 'model'
        AND p.probability BETWEEN 0.2 AND 0.95
        AND w.in_kg_totals
        AND o.in_kg_totals
        AND least(w.kg_mid, o.kg_mid) >= t.kg / 2000
),

asked AS (
    SELECT * FROM quantities
    UNION ALL BY NAME
    SELECT * FROM pairs
),

questions AS (
    SELECT
        *,
        CAST(CAST(kg_at_stake AS DOUBLE) / CAST(kg_cell AS DOUBLE) AS DECIMAL(9, 6)) AS share_at_stake,
        CAST(CAST(kg_at_stake AS DOUBLE) / CAST(kg_group AS DOUBLE) AS DECIMAL(9, 6)) AS influence
    FROM asked
)

SELECT
    row_number() OVER (ORDER BY influence DESC, kg_at_stake DESC, kind, seizure_id, other_seizure_id) AS rank,
    kind, seizure_id, other_seizure_id, probability, source_id, delivery_id, file_name, part, row_no, reporter, commodity_group, year, kg_mid,
    official_kg, kg_expected, outlier_score, outlier_flag, outlier_reason, unit_suspect, kg_at_stake, share_at_stake,
    influence,
    'value' AS obs_state,
    list_filter(
        ['u', CASE WHEN make_date(year, 12, 31) > $as_of THEN 'p' END], lambda flag: flag IS NOT NULL
    ).list_sort() AS obs_flags,
    'open' AS conf_flag,
    CASE WHEN make_date(year, 12, 31) > $as_of THEN 'provisional' ELSE 'final' END AS release_status
FROM questions

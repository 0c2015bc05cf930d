-- Lines whose quantity is doubted, those first that would change a published total most. An impossible line would add
-- its weight to the total if it came back, a line under review would take its weight out.
WITH totals AS (
    SELECT
        seizing_area, commodity_group, year,
        sum(CAST(kg_mid AS DECIMAL(20, 6)) * line_weight) AS kg
    FROM conformed.seizures
    WHERE in_scope AND in_group_kg AND outlier_flag <> 'impossible' AND kg_mid IS NOT NULL
    GROUP BY ALL
),

doubted AS (
    SELECT
        s.*,
        CAST(CAST(s.kg_mid AS DECIMAL(20, 6)) * s.line_weight AS DECIMAL(18, 6)) AS kg_at_stake,
        CASE WHEN s.outlier_flag = 'review' AND t.kg > 0
            THEN CAST(least(CAST(s.kg_mid AS DOUBLE) / CAST(t.kg AS DOUBLE), 1) AS DECIMAL(9, 6))
        END AS share_at_stake
    FROM conformed.seizures AS s
    LEFT JOIN totals AS t USING (seizing_area, commodity_group, year)  -- n:1
    WHERE s.outlier_flag <> 'none' AND s.in_scope
)

SELECT
    row_number() OVER (ORDER BY kg_at_stake DESC, seizure_id) AS rank,
    seizure_id, source_id, delivery_id, file_name, part, row_no, reporter, commodity_group, year, kg_mid, official_kg,
    outlier_flag, outlier_reason, kg_at_stake, share_at_stake,
    'value' AS obs_state,
    list_filter(
        ['u', CASE WHEN make_date(year, 12, 31) > $as_of THEN 'p' END], lambda flag: flag IS NOT NULL
    ).list_sort() AS obs_flags,
    'open' AS conf_flag,
    CASE WHEN make_date(year, 12, 31) > $as_of THEN 'provisional' ELSE 'final' END AS release_status
FROM doubted

-- How doubtful each line's quantity is: its score among its like, what the official total says, what a unit slip would
-- explain, and what a person has decided.
--
-- A line is only taken out (`impossible`) where an official total of the same reporter, commodity group and year
-- contradicts it: it is larger than twice all that was seized. Everything else that is worth a look is `review`, and stays
-- in. Being rare, or the first in a country, takes nothing out. A look is only asked for where it could matter:
-- the line is at least half of its published cell, and at least 1 kg.
WITH weighed AS (
    SELECT
        l.*,
        a.subregion,
        -- rounded before anything is compared, so that the last digit of a logarithm decides nothing
        CAST(log10(CAST(l.kg_mid AS DOUBLE)) AS DECIMAL(9, 6)) AS log_kg
    FROM conformed.lines AS l
    JOIN reference.areas AS a ON a.area = l.reporter  -- n:1
    WHERE l.kg_mid > 0
),

-- the classes of a line, from the narrowest to the widest
member AS (
    SELECT seizure_id, log_kg, is_mirror, 1 AS width, 'reporter_mode' AS compared_with, commodity, reporter, mode_class
    FROM weighed
    WHERE mode_class IS NOT NULL AND mode_class <> 'unmapped'
    UNION ALL
    SELECT seizure_id, log_kg, is_mirror, 2, 'reporter', commodity, reporter, NULL FROM weighed
    UNION ALL
    SELECT seizure_id, log_kg, is_mirror, 3, 'subregion', commodity, subregion, NULL FROM weighed
    WHERE subregion IS NOT NULL
    UNION ALL
    SELECT seizure_id, log_kg, is_mirror, 4, 'commodity', commodity, NULL, NULL FROM weighed
),

-- a mirror repeats its source's lines: it is scored, and does not count among the others
middle AS (
    SELECT width, commodity, reporter, mode_class, median(log_kg) AS median_log, count(*) AS n_compared
    FROM member
    WHERE NOT is_mirror
    GROUP BY width, commodity, reporter, mode_class
),

-- 1.4826 makes the median deviation a standard deviation where the logarithms are normal (Rousseeuw & Croux 1993,
-- doi 10.1080/01621459.1993.10476408). The floor is a factor of 1.8: of equal weights none is an outlier.
spread AS (
    SELECT
        m.width, m.commodity, m.reporter, m.mode_class,
        any_value(c.median_log) AS median_log,
        any_value(c.n_compared) AS n_compared,
        greatest(CAST(1.4826 * median(abs(m.log_kg - c.median_log)) AS DECIMAL(9, 6)), 0.25) AS scale_log
    FROM member AS m
    JOIN middle AS c  -- n:1
        ON c.width = m.width
        AND c.commodity = m.commodity
        AND c.reporter IS NOT DISTINCT FROM m.reporter
        AND c.mode_class IS NOT DISTINCT FROM m.mode_class
    WHERE NOT m.is_mirror
    GROUP BY m.width, m.commodity, m.reporter, m.mode_class
),

-- the narrowest class with 20 lines; the widest where none has
compared AS (
    SELECT
        m.seizure_id,
        arg_min(
            {
                compared_with: m.compared_with, n_compared: s.n_compared, median_log: s.median_log,
                scale_log: s.scale_log
            },
            m.width
        ) AS class,
        max((m.log_kg - s.median_log) / s.scale_log) FILTER (WHERE m.width = 4) AS score_of_all
    FROM member AS m
    JOIN spread AS s  -- n:1
        ON s.width = m.width
        AND s.commodity = m.commodity
        AND s.reporter IS NOT DISTINCT FROM m.reporter
        AND s.mode_class IS NOT DISTINCT FROM m.mode_class
    WHERE s.n_compared >= 20 OR m.width = 4
    GROUP BY m.seizure_id
),

-- what one item weighs where the reporter counts the commodity in items
item AS (
    SELECT reporter, commodity, median(CAST(kg_mid AS DOUBLE) / CAST(count_mid AS DOUBLE)) AS kg_per_item
    FROM conformed.lines
    WHERE count_mid > 0 AND kg_mid > 0
    GROUP BY reporter, commodity
),

scored AS (
    SELECT
        w.seizure_id,
        c.class,
        c.score_of_all,
        (w.log_kg - c.class.median_log) / c.class.scale_log AS score,
        (w.log_kg - 3 - c.class.median_log) / c.class.scale_log AS score_of_thousandth,
        CASE
            WHEN w.unit_reported = 'kilogram'
                THEN (log10(CAST(w.kg_mid AS DOUBLE) * i.kg_per_item) - c.class.median_log) / c.class.scale_log
        END AS score_of_items
    FROM weighed AS w
    JOIN compared AS c USING (seizure_id)  -- 1:1
    LEFT JOIN item AS i USING (reporter, commodity)  -- n:1
),

-- a line that is listed twice owns its cell as much as one that is listed once
alike AS (
    SELECT seizing_area, commodity_group, year, commodity, kg_mid, sum(kg_mid) AS kg_alike
    FROM conformed.lines
    WHERE in_scope AND in_group_kg AND NOT is_mirror
    GROUP BY seizing_area, commodity_group, year, commodity, kg_mid
),

cell AS (
    SELECT seizing_area, commodity_group, year, sum(kg_mid) AS kg_cell
    FROM conformed.lines
    WHERE in_scope AND in_group_kg AND NOT is_mirror
    GROUP BY seizing_area, commodity_group, year
),

known AS (
    SELECT
        l.seizure_id,
        l.kg_mid,
        l.unit_reported,
        s.class,
        s.score,
        s.score_of_all,
        s.score_of_thousandth,
        s.score_of_items,
        -- the wider copy is for products: 1.1 × DECIMAL(18) would be multiplied in 18 digits
        CAST(CASE WHEN o.official_kg > 0 THEN o.official_kg END AS DECIMAL(20, 6)) AS official_kg,
        l.in_group_kg AND l.in_scope AND l.amount_semantics = 'weight' AND g.official_comparable = 'true' AS is_comparable,
        coalesce(
            l.in_group_kg AND l.in_scope AND NOT l.is_mirror AND l.kg_mid >= 1 AND 2 * e.kg_alike >= c.kg_cell, false
        ) AS owns_its_cell,
        d.decision,
        d.decision_id
    FROM conformed.lines AS l
    JOIN codes.commodity_groups AS g ON g.code = l.commodity_group  -- n:1
    LEFT JOIN scored AS s USING (seizure_id)  -- 1:1
    LEFT JOIN official AS o USING (reporter, commodity_group, year)  -- n:1
    LEFT JOIN alike AS e USING (seizing_area, commodity_group, year, commodity, kg_mid)  -- n:1
    LEFT JOIN cell AS c USING (seizing_area, commodity_group, year)  -- n:1
    LEFT JOIN staging.decisions AS d
        ON d.seizure_id = l.seizure_id AND d.kind = 'quantity' AND d.standing  -- 1:1
),

judged AS (
    SELECT
        *,
        CASE
            WHEN decision = 'exclude' THEN 'decided'
            WHEN decision = 'keep' OR kg_mid IS NULL THEN NULL
            WHEN is_comparable AND kg_mid > 2 * official_kg THEN 'above_twice_official_total'
            -- within 10 % of the total it is late revision, rounding, or another factor
            WHEN kg_mid > 1.1 * official_kg AND (is_comparable OR owns_its_cell) THEN 'above_official_total'
            -- a total that has room for the line answers the question; among fewer than 20 lines nothing is extreme
            WHEN
                owns_its_cell
                AND official_kg IS NULL
                AND class.n_compared >= 20
                AND score >= 3.5
                AND score_of_all >= 2
                THEN 'extreme_and_alone'
        END AS outlier_reason
    FROM known
)

SELECT
    seizure_id,
    CAST(score AS DECIMAL(18, 6)) AS outlier_score,
    class.compared_with,
    class.n_compared,
    CAST(pow(10, CAST(class.median_log AS DOUBLE)) AS DECIMAL(18, 6)) AS kg_expected,
    official_kg,
    CASE outlier_reason
        WHEN 'decided' THEN 'excluded'
        WHEN 'above_twice_official_total' THEN 'impossible'
        WHEN 'above_official_total' THEN 'review'
        WHEN 'extreme_and_alone' THEN 'review'
        ELSE 'none'
    END AS outlier_flag,
    outlier_reason,
    -- of a doubted line: the slip that would bring it back among its like; of two, the one that brings it nearer
    CASE
        WHEN outlier_reason IS NULL OR score < 3.5 OR class.n_compared < 20 THEN 'none'
        WHEN
            abs(score_of_items) <= 3.5 AND abs(score_of_items) <= abs(score_of_thousandth)
            THEN 'tablets_as_kilograms'
        WHEN abs(score_of_thousandth) > 3.5 THEN 'none'
        WHEN unit_reported = 'kilogram' THEN 'gram_as_kilogram'
        ELSE 'thousandfold'
    END AS unit_suspect,
    decision_id
FROM judged

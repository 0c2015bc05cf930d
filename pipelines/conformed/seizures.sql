-- Lines with their weight, their incident, and the doubt about their quantity.
--
-- The doubt is only ever raised by an official total: one line is larger than all that the same reporter stated for the
-- same commodity group and year. Beyond twice the total it is `impossible`, if the line states a weight and the group is
-- named alike in both sources; otherwise, and between once and twice (late revisions, rounding, conversions), a person
-- should look (`review`). Being rare, or the first in a country, raises no doubt.
WITH official AS (
    -- where several sources state a total, the largest is the one to exceed
    SELECT reporter, commodity_group, year, max(kg) AS official_kg
    FROM conformed.totals
    WHERE period_type = 'year' AND scope = 'national' AND known_to IS NULL
    GROUP BY reporter, commodity_group, year
    HAVING max(kg) > 0
),

compared AS (
    SELECT
        l.*,
        CAST(o.official_kg AS DECIMAL(18, 6)) AS official_kg,
        CASE
            WHEN NOT l.in_group_kg OR l.kg_mid IS NULL OR o.official_kg IS NULL OR l.kg_mid <= o.official_kg THEN 'none'
            WHEN
                l.kg_mid > 2 * o.official_kg
                AND l.amount_semantics = 'weight'
                AND g.official_comparable = 'true'
                AND l.in_scope
                THEN 'impossible'
            ELSE 'review'
        END AS outlier_flag
    FROM conformed.lines AS l
    JOIN codes.commodity_groups AS g ON g.code = l.commodity_group  -- n:1
    LEFT JOIN official AS o USING (reporter, commodity_group, year)  -- n:1
)

SELECT
    c.*,
    -- duplicates are not scored yet: a line counts once, and a mirrored row not at all
    CASE WHEN c.is_mirror THEN 0 ELSE 1 END AS line_weight,
    -- lines of one row, or of one incident number of a publisher, are one interception; others are not linked yet. The
    -- first line carries the incident, so that weights count incidents without a remainder.
    first_value(c.seizure_id) OVER incident AS incident_id,
    CASE WHEN c.is_mirror OR row_number() OVER incident > 1 THEN 0 ELSE 1 END AS incident_weight,
    CASE c.outlier_flag
        WHEN 'impossible' THEN 'larger than twice the reporter''s official annual total of the commodity group'
        WHEN 'review' THEN 'larger than the reporter''s official annual total of the commodity group'
    END AS outlier_reason
FROM compared AS c
WINDOW incident AS (
    PARTITION BY
        c.source_id, c.reporter, c.agency_id,
        coalesce(c.incident_number, c.delivery_id || chr(31) || c.part || chr(31) || c.row_no)
    ORDER BY c.seizure_id
)

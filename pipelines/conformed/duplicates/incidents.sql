-- Which lines are of one interception. Lines of one row, or of one incident number of a publisher, are by what the publisher
-- says. Lines that share desk, day, place and circumstances but not the goods (three drugs in one bag, told in three rows) are
-- by chance of company:
--
--   odds = rho / expected
--
-- expected: lines of other goods of that reporter and source at that place on a day, by the days around it; rho: how much
-- oftener than that the lines of the source have such company. So in a small port two drugs on one day are one interception, and in a
-- capital with twenty lines a day they are not. Nothing is divided: the kilograms of an incident's lines add up.
WITH lines AS (
    SELECT * REPLACE (CASE WHEN date_precision = 'day' THEN place_words END AS place_words)
    FROM stated
),

days AS (
    SELECT
        source_id, reporter, place_words, commodity, seized_from, count(*) AS n,
        sum(count(*)) OVER around_here AS n_here,
        sum(count(*)) OVER (
            PARTITION BY source_id, reporter, place_words, commodity
            ORDER BY seized_from RANGE BETWEEN INTERVAL 30 DAYS PRECEDING AND INTERVAL 30 DAYS FOLLOWING
        ) AS n_of_goods,
        sum(count(*)) OVER (PARTITION BY source_id, reporter, place_words, seized_from) AS n_that_day
    FROM lines
    WHERE place_words IS NOT NULL
    GROUP BY source_id, reporter, place_words, commodity, seized_from
    WINDOW around_here AS (
        PARTITION BY source_id, reporter, place_words
        ORDER BY seized_from RANGE BETWEEN INTERVAL 30 DAYS PRECEDING AND INTERVAL 30 DAYS FOLLOWING
    )
),

-- lines of one day and place that nothing else tells apart
met AS (
    SELECT
        l.*,
        -- other goods' lines at the place on another day, and half a line more, so that a new place expects something
        CAST((d.n_here - d.n_of_goods) - (d.n_that_day - d.n) + 0.5 AS DECIMAL(18, 6)) / 60 AS expected,
        min(l.commodity) OVER here <> max(l.commodity) OVER here AS has_company
    FROM lines AS l
    JOIN days AS d USING (source_id, reporter, place_words, commodity, seized_from)  -- n:1
    WINDOW here AS (
        PARTITION BY
            l.source_id, l.reporter, l.agency_id, l.place_words, l.seized_from, l.mode_class, l.departure, l.destination,
            l.facility
    )
),

-- learnt where chance brings little company: elsewhere the excess is a small difference of large numbers
company AS (
    SELECT
        source_id,
        greatest(
            CAST(
                sum(CASE WHEN has_company THEN 1 ELSE 0 END - CAST(1 - exp(-CAST(expected AS DOUBLE)) AS DECIMAL(18, 9)))
                AS DECIMAL(18, 6)
            ) / count(*),
            0
        ) AS rho
    FROM met
    WHERE expected < 0.1
    GROUP BY source_id
),

likely AS (
    SELECT
        m.seizure_id,
        concat_ws(
            chr(31), m.source_id, m.reporter, m.agency_id, m.place_words, m.seized_from, m.mode_class, m.departure,
            m.destination, m.facility
        ) AS circumstances
    FROM met AS m
    JOIN company AS c USING (source_id)  -- n:1
    WHERE m.has_company AND c.rho > m.expected
),

keyed AS (
    SELECT
        l.seizure_id,
        CASE
            WHEN l.incident_number IS NOT NULL THEN 'incident_number'
            WHEN count(*) OVER (PARTITION BY l.delivery_id, l.part, l.row_no) > 1 THEN 'row'
            WHEN k.circumstances IS NOT NULL THEN 'same_place'
            ELSE 'single'
        END AS incident_basis,
        concat_ws(
            chr(31),
            incident_basis,
            CASE incident_basis
                WHEN 'incident_number' THEN concat_ws(chr(31), l.source_id, l.reporter, l.agency_id, l.incident_number)
                WHEN 'row' THEN concat_ws(chr(31), l.delivery_id, l.part, l.row_no)
                WHEN 'same_place' THEN k.circumstances
                ELSE l.seizure_id
            END
        ) AS incident_key
    FROM lines AS l
    LEFT JOIN likely AS k USING (seizure_id)  -- 1:1
)

SELECT
    seizure_id,
    min(seizure_id) OVER (PARTITION BY incident_key) AS incident_id,
    CASE WHEN count(*) OVER (PARTITION BY incident_key) = 1 THEN 'single' ELSE incident_basis END AS incident_basis
FROM keyed

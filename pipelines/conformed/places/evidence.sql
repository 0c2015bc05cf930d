-- What a stated division says of the GeoNames division of the place: votes, which are whole numbers.
-- By name: the words are the name of the division, or of a part of it, or like it. Learned, where no name helps: each
-- distinct place text that stands with the words, and whose places of that name in the country all lie in one division,
-- votes once for it.
CREATE OR REPLACE TEMP TABLE votes AS
WITH stated AS (
    SELECT DISTINCT q.place_area AS area, c.context, c.core, c.kind
    FROM contexts AS c
    JOIN questions AS q USING (place_key)  -- n:1
),

by_name AS (
    SELECT s.area, s.context, p.geonames_admin1, max(CASE n.name_kind WHEN 'part' THEN 20 ELSE 50 END) AS n
    FROM stated AS s
    JOIN reference.place_names AS n ON n.area = s.area AND n.name_key IN (s.context, s.core)  -- n:m
    JOIN reference.places AS p USING (place_id)  -- n:1
    WHERE p.place_kind = 'admin1'
        AND s.context NOT LIKE 'dane %'
        AND s.context NOT LIKE 'ibge %'
        AND NOT EXISTS (
            FROM reference.place_names AS c
            WHERE c.area = s.area AND c.name_key = s.context AND c.place_id = 'COUNTRY:' || s.area
        )
    GROUP BY s.area, s.context, p.geonames_admin1
),

by_code AS (
    SELECT s.area, s.context, p.geonames_admin1, 200 AS n
    FROM stated AS s
    JOIN reference.place_names AS n ON n.area = s.area AND n.name_key = s.context  -- n:1
    JOIN reference.places AS p USING (place_id)  -- n:1
    WHERE p.place_kind = 'admin1' AND (s.context LIKE 'dane %' OR s.context LIKE 'ibge %')
),

-- a division that is a city's, as in "D.M. Guayaquil"
by_city AS (
    SELECT DISTINCT t.area, t.context, p.geonames_admin1, 50 AS n
    FROM towns_stated AS t
    JOIN reference.places AS p USING (place_id)  -- n:1
    WHERE p.geonames_admin1 IS NOT NULL
),

by_likeness AS (
    SELECT d.area, d.context, p.geonames_admin1, 20 AS n
    FROM divisions_alike AS d
    JOIN reference.places AS p USING (place_id)  -- n:1
),

named AS (
    FROM by_name UNION ALL FROM by_code UNION ALL FROM by_city UNION ALL FROM by_likeness
),

sure AS (
    SELECT m.place_key, m.origin, min(p.geonames_admin1) AS geonames_admin1
    FROM matches AS m
    JOIN reference.places AS p USING (place_id)  -- n:1
    WHERE p.place_kind = 'city' AND m.place_method IN ('exact', 'alternate_name', 'part_of_text')
    GROUP BY m.place_key, m.origin
    HAVING count(DISTINCT coalesce(p.geonames_admin1, '')) = 1
),

learned AS (
    SELECT q.place_area AS area, c.context, s.geonames_admin1, count(DISTINCT q.text_key) AS n
    FROM sure AS s
    JOIN contexts AS c ON c.place_key = s.place_key AND c.origin <> s.origin  -- n:m, each context of each part
    JOIN questions AS q ON q.place_key = s.place_key  -- n:1
    ANTI JOIN named AS d ON d.area = q.place_area AND d.context = c.context
    WHERE s.geonames_admin1 IS NOT NULL
    GROUP BY ALL
),

counted AS (
    SELECT area, context, geonames_admin1, CAST(sum(n) AS BIGINT) AS n
    FROM (FROM named UNION ALL FROM learned)
    GROUP BY ALL
)

SELECT
    *,
    CAST(max(n) OVER (PARTITION BY area, context) AS BIGINT) AS n_most,
    CAST(sum(n) OVER (PARTITION BY area, context) AS BIGINT) AS n_all
FROM counted

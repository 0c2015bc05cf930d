-- Each candidate's weight: how many people live there, how much of the text is its name, what the stated division says
-- of it, and whether it is the kind of place that the facility names. Logarithms in whole micro-units, so that their sum
-- does not depend on its order.
CREATE OR REPLACE TEMP TABLE weighed AS
WITH found AS (
    SELECT
        m.place_key,
        m.place_id,
        arg_max(m.origin, (m.weight, m.origin)) AS origin,
        arg_max(m.hint, (m.weight, m.origin)) AS hint,
        arg_max(m.place_method, (m.weight, m.origin)) AS place_method,
        max(m.weight) AS weight,
        arg_max(m.name_similarity, (m.weight, m.origin)) AS name_similarity
    FROM matches AS m
    GROUP BY m.place_key, m.place_id
),

described AS (
    SELECT f.*, p.place_kind, p.geonames_admin1, p.lat, p.lon, p.population, q.place_area AS area, q.place_site
    FROM found AS f
    JOIN reference.places AS p USING (place_id)  -- n:1
    JOIN questions AS q USING (place_key)  -- n:1
),

stated AS (
    SELECT DISTINCT c.place_key, c.origin, c.context, v.n_most, v.n_all
    FROM contexts AS c
    JOIN questions AS q USING (place_key)  -- n:1
    JOIN votes AS v ON v.area = q.place_area AND v.context = c.context  -- n:m, one row for all divisions after DISTINCT
),

agreed AS (
    SELECT
        d.place_key,
        d.place_id,
        CAST(sum(CAST(round(ln((coalesce(v.n, 0) + 0.5) / (s.n_most + 0.5)) * 1e6) AS BIGINT)) AS BIGINT) AS log_agreed,
        bool_or(s.origin = 'admin1') AS division_stated,
        bool_and(coalesce(v.n, 0) > 0) AS division_agrees
    FROM described AS d
    JOIN stated AS s ON s.place_key = d.place_key AND s.origin <> d.origin  -- n:m, each context of the question
    LEFT JOIN votes AS v
        ON v.area = d.area AND v.context = s.context AND v.geonames_admin1 = d.geonames_admin1  -- n:1
    GROUP BY d.place_key, d.place_id
),

-- a part that is the name of a division says where the other parts lie, and is seldom the place itself
dividing AS (
    SELECT DISTINCT d.place_key, d.origin
    FROM described AS d
    WHERE d.place_kind = 'admin1' AND d.origin <> 'whole'
),

-- does this reporter write divisions where others write places? counted over distinct texts that can only be one of both
habits AS (
    SELECT
        area,
        (count(*) FILTER (of_admin1 AND NOT of_city) + 0.5) / (count(*) FILTER (of_city AND NOT of_admin1) + 1) AS odds
    FROM (
        SELECT
            d.area,
            q.text_key,
            bool_or(d.place_kind = 'admin1') AS of_admin1,
            bool_or(d.place_kind = 'city') AS of_city
        FROM described AS d
        JOIN questions AS q USING (place_key)  -- n:1
        WHERE d.origin = 'whole' AND d.place_kind IN ('admin1', 'city') AND d.place_method <> 'fuzzy'
        GROUP BY d.area, q.text_key
    )
    GROUP BY area
),

sized AS (
    SELECT
        d.*,
        CASE WHEN d.place_kind = 'city' THEN sqrt(greatest(d.population, 1000)) END AS size,
        max(size) OVER (PARTITION BY d.place_key, d.origin) AS largest,
        count(*) FILTER (d.place_kind = 'airport') OVER (PARTITION BY d.place_key, d.origin) AS n_airports,
        a.log_agreed,
        a.division_stated,
        a.division_agrees,
        h.odds,
        g.origin IS NOT NULL AND d.place_kind <> 'admin1' AS is_division
    FROM described AS d
    LEFT JOIN agreed AS a USING (place_key, place_id)  -- 1:1
    LEFT JOIN habits AS h ON h.area = d.area  -- n:1
    LEFT JOIN dividing AS g ON g.place_key = d.place_key AND g.origin = d.origin  -- n:1
)

SELECT
    * EXCLUDE (size, largest, n_airports, odds),
    CAST(
        CASE
            WHEN place_method = 'code' THEN 100000
            WHEN place_kind = 'city' THEN size
            WHEN place_kind = 'airport' AND (place_site = 'airport' OR hint = 'airport')
                THEN 1.2 * greatest(coalesce(largest, 0), 300) / n_airports
            WHEN place_kind = 'airport' THEN 40
            WHEN place_kind = 'seaport' AND (place_site = 'seaport' OR hint = 'seaport')
                THEN 1.2 * greatest(coalesce(largest, 0), 300)
            WHEN place_kind = 'seaport' THEN 40
            WHEN place_kind = 'admin1' AND origin <> 'whole' THEN 30
            WHEN place_kind = 'admin1' AND hint = 'admin' THEN 20 * greatest(coalesce(largest, 0), 300)
            WHEN place_kind = 'admin1'
                THEN greatest(coalesce(largest, 0), 300) * least(20, odds)
                    * CASE WHEN coalesce(division_stated, false) OR place_site IN ('airport', 'seaport') THEN 0.02 ELSE 1 END
            WHEN place_kind = 'country' THEN CASE WHEN largest IS NULL THEN 1000 ELSE 0.3 * largest END
            ELSE 3000
        END
        * weight
        * CASE
            WHEN place_kind <> 'admin1' AND hint = 'admin' THEN 0.005
            WHEN is_division AND origin <> 'hyphen' THEN 0.1
            ELSE 1
        END
        * CASE WHEN place_method IN ('part_of_text', 'fuzzy') AND coalesce(division_agrees, false) THEN 3 ELSE 1 END
        * exp(coalesce(log_agreed, 0) / 1e6)
        AS DECIMAL(18, 6)
    ) AS mass
FROM sized

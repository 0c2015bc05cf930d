-- Probabilities: each candidate's mass against all of them and that of places which the gazetteer does not hold.
CREATE OR REPLACE TEMP TABLE ranked AS
WITH totals AS (
    SELECT
        place_key,
        sum(mass) + CAST(CASE WHEN bool_or(place_method IN ('exact', 'alternate_name', 'code')) THEN 15 ELSE 30 END AS DECIMAL(18, 6))
            AS total
    FROM weighed
    GROUP BY place_key
),

shared AS (
    SELECT w.*, CAST(CAST(w.mass AS DOUBLE) / CAST(t.total AS DOUBLE) AS DECIMAL(9, 6)) AS probability
    FROM weighed AS w
    JOIN totals AS t USING (place_key)  -- n:1
),

kept AS (
    SELECT * FROM shared WHERE probability >= 0.02
),

pairs AS (
    SELECT
        a.place_key,
        a.place_id,
        sum(b.probability) AS near
    FROM kept AS a
    JOIN kept AS b USING (place_key)  -- n:m, all pairs of one question's candidates
    WHERE a.place_id = b.place_id
        OR (
            a.place_kind IN ('city', 'airport', 'seaport')
            AND b.place_kind IN ('city', 'airport', 'seaport')
            AND 2 * 6371 * asin(least(1, sqrt(
                pow(sin(radians(b.lat - a.lat) / 2), 2)
                + cos(radians(a.lat)) * cos(radians(b.lat)) * pow(sin(radians(b.lon - a.lon) / 2), 2)
            ))) <= 25
        )
    GROUP BY a.place_key, a.place_id
)

SELECT
    k.*,
    CAST(p.near AS DECIMAL(9, 6)) AS probability_near,
    row_number() OVER (
        PARTITION BY k.place_key ORDER BY k.probability DESC, coalesce(k.population, 0) DESC, k.place_id
    ) AS place_rank,
    CASE k.place_kind
        WHEN 'airport' THEN 'point' WHEN 'seaport' THEN 'point' ELSE k.place_kind
    END AS place_precision
FROM kept AS k
JOIN pairs AS p USING (place_key, place_id)  -- 1:1

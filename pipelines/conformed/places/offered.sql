-- What is offered for each question: the candidates that are kept and the rest of the probability. A question whose words
-- lead to no candidate has its answer (a division, a country, a sea area) as its only one.
CREATE OR REPLACE TEMP TABLE offered AS
WITH named AS (
    SELECT
        r.place_key, r.place_rank, r.place_id, r.place_method,
        CAST(r.name_similarity AS DECIMAL(9, 6)) AS name_similarity,
        r.probability AS place_probability, r.probability_near AS place_probability_near,
        r.place_precision,
        CASE WHEN r.place_precision IN ('point', 'city') THEN r.lat END AS lat,
        CASE WHEN r.place_precision IN ('point', 'city') THEN r.lon END AS lon
    FROM ranked AS r
    JOIN questions AS q USING (place_key)  -- n:1
    WHERE q.place_site <> 'high_seas'
),

unnamed AS (
    SELECT
        a.place_key, 1 AS place_rank, a.place_id, a.place_method, NULL AS name_similarity,
        CAST(a.place_score AS DECIMAL(9, 6)) AS place_probability,
        CAST(a.place_score AS DECIMAL(9, 6)) AS place_probability_near,
        p.place_kind AS place_precision, NULL AS lat, NULL AS lon
    FROM answers AS a
    ANTI JOIN named AS n USING (place_key)
    JOIN reference.places AS p USING (place_id)  -- n:1
),

candidates AS (
    FROM named UNION ALL BY NAME FROM unnamed
)

FROM candidates
UNION ALL BY NAME
SELECT
    place_key, max(place_rank) + 1 AS place_rank, NULL AS place_id, 'rest' AS place_method, NULL AS name_similarity,
    CAST(1 - sum(place_probability) AS DECIMAL(9, 6)) AS place_probability,
    CAST(1 - sum(place_probability) AS DECIMAL(9, 6)) AS place_probability_near,
    NULL AS place_precision, NULL AS lat, NULL AS lon
FROM candidates
GROUP BY place_key
HAVING sum(place_probability) < 1

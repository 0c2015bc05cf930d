-- The answer to each question: the most probable place that is more likely right than not, within 25 km; else the
-- division in which the candidates and the stated division put it; else the country. Nothing is chosen below one half.
CREATE OR REPLACE TEMP TABLE answers AS
WITH rests AS (
    SELECT place_key, 1 - sum(probability) AS rest FROM ranked GROUP BY place_key
),

fine AS (
    SELECT place_key, min_by(r, r.place_rank) AS best
    FROM ranked AS r
    WHERE r.probability_near >= 0.5 AND r.place_kind <> 'country'
    GROUP BY place_key
),

-- what the stated divisions say by themselves, code before column before part of the text
said AS (
    SELECT
        c.place_key,
        v.geonames_admin1,
        CAST(CAST(v.n AS DOUBLE) / (v.n_all + 0.5) AS DECIMAL(9, 6)) AS share,
        row_number() OVER (
            PARTITION BY c.place_key
            ORDER BY CASE c.origin WHEN 'code' THEN 1 WHEN 'admin1' THEN 2 ELSE 3 END, v.n DESC, v.geonames_admin1
        ) AS nth
    FROM contexts AS c
    JOIN questions AS q USING (place_key)  -- n:1
    JOIN votes AS v ON v.area = q.place_area AND v.context = c.context  -- n:m
    WHERE v.n * 2 > v.n_all
),

coarse AS (
    SELECT place_key, geonames_admin1, sum(share) AS share, bool_or(stated) AS stated
    FROM (
        SELECT place_key, geonames_admin1, probability AS share, false AS stated
        FROM ranked
        WHERE geonames_admin1 IS NOT NULL
        UNION ALL
        SELECT s.place_key, s.geonames_admin1, CAST(s.share * coalesce(r.rest, 1) AS DECIMAL(9, 6)), true
        FROM said AS s
        LEFT JOIN rests AS r USING (place_key)  -- 1:1
        WHERE s.nth = 1
    )
    GROUP BY place_key, geonames_admin1
),

division AS (
    SELECT c.place_key, min_by(p.place_id, -c.share) AS place_id, max(c.share) AS share
    FROM coarse AS c
    JOIN reference.places AS p ON p.geonames_admin1 = c.geonames_admin1 AND p.place_kind = 'admin1'  -- n:1
    WHERE c.share >= 0.5
    GROUP BY c.place_key
)

SELECT
    q.place_key,
    CASE
        WHEN q.place_site = 'high_seas' THEN 'SEA:XHS'
        WHEN f.place_key IS NOT NULL THEN f.best.place_id
        WHEN q.place_site = 'territorial_waters' THEN 'SEA:' || q.place_area
        WHEN d.place_key IS NOT NULL THEN d.place_id
        ELSE 'COUNTRY:' || q.place_area
    END AS place_id,
    CASE
        WHEN q.place_site = 'high_seas' THEN 'sea'
        WHEN f.place_key IS NOT NULL THEN f.best.place_method
        WHEN q.place_site = 'territorial_waters' THEN 'sea'
        WHEN d.place_key IS NOT NULL THEN 'admin1'
        ELSE 'country'
    END AS place_method,
    CASE
        WHEN q.place_site = 'high_seas' THEN 1
        WHEN f.place_key IS NOT NULL THEN f.best.probability_near
        WHEN q.place_site = 'territorial_waters' THEN 1
        WHEN d.place_key IS NOT NULL THEN least(1, d.share)
        ELSE 1
    END AS place_score
FROM questions AS q
LEFT JOIN fine AS f USING (place_key)  -- 1:1
LEFT JOIN division AS d USING (place_key)  -- 1:1

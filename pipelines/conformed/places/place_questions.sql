-- The questions with their answers.
SELECT
    q.place_key,
    q.place_area,
    q.place_text,
    q.admin1,
    q.place_code,
    q.place_site,
    q.n_rows,
    a.place_id,
    CASE p.place_kind WHEN 'airport' THEN 'point' WHEN 'seaport' THEN 'point' ELSE p.place_kind END AS place_precision,
    a.place_method,
    a.place_score,
    coalesce(c.n, 0) AS n_place_candidates
FROM questions AS q
JOIN answers AS a USING (place_key)  -- 1:1
JOIN reference.places AS p ON p.place_id = a.place_id  -- n:1
LEFT JOIN (SELECT place_key, count(*) AS n FROM offered WHERE place_id IS NOT NULL GROUP BY place_key) AS c
    USING (place_key)  -- 1:1

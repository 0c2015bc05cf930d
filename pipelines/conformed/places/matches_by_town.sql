-- For questions still open, the town that is stated for the division: what the gazetteer does not hold is near it. Words
-- that are no name of a division but a town's, as in "DRI Lucknow", count where what is learned puts them where that town is.
WITH open AS (
    SELECT place_key FROM questions WHERE place_site <> 'high_seas'
    EXCEPT
    SELECT place_key FROM weighed GROUP BY place_key HAVING sum(mass) >= (SELECT mass FROM open_below)
),

named_like AS (
    SELECT q.place_area AS area, c.context, arg_max(p.place_id, (p.population, p.place_id)) AS place_id
    FROM contexts AS c
    JOIN questions AS q USING (place_key)  -- n:1
    JOIN reference.place_names AS n ON n.area = q.place_area AND n.name_key = c.core  -- n:m
    JOIN reference.places AS p USING (place_id)  -- n:1
    JOIN votes AS v ON v.area = q.place_area AND v.context = c.context AND v.geonames_admin1 = p.geonames_admin1  -- n:1
    WHERE c.origin = 'admin1'
        AND p.place_kind = 'city'
        AND v.n >= 2
        AND v.n * 2 > v.n_all
        AND NOT EXISTS (
            FROM reference.place_names AS d
            WHERE d.area = q.place_area AND d.name_key IN (c.context, c.core) AND d.place_id LIKE 'ADM1:%'
        )
    GROUP BY q.place_area, c.context
)

SELECT DISTINCT
    c.place_key,
    t.place_id,
    'admin1' AS origin,
    '' AS hint,
    'admin1' AS place_method,
    0.05 AS weight,
    1.0 AS name_similarity
FROM contexts AS c
SEMI JOIN open USING (place_key)
JOIN questions AS q USING (place_key)  -- n:1
JOIN (FROM towns_stated UNION FROM named_like) AS t ON t.area = q.place_area AND t.context = c.context  -- n:m
WHERE c.origin = 'admin1'

-- Words for the high seas and for territorial waters, anywhere in the text.
SELECT
    q.place_key,
    p.place_id,
    'whole' AS origin,
    '' AS hint,
    'sea' AS place_method,
    1.0 AS weight,
    1.0 AS name_similarity
FROM questions AS q
JOIN reference.places AS p ON p.place_kind = 'sea_area' AND p.area IN (q.place_area, 'XHS')  -- n:m, two seas
JOIN reference.place_names AS n ON n.place_id = p.place_id AND contains(q.text_key, n.name_key)  -- n:m
GROUP BY ALL

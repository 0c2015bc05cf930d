-- Places whose name, or one of whose other spellings, is what a question tries: the gazetteer's keys against its own.
SELECT
    v.place_key,
    n.place_id,
    v.origin,
    v.hint,
    CASE
        WHEN v.weight < 0.9 THEN 'part_of_text'
        WHEN n.name_kind = 'main' THEN 'exact'
        ELSE 'alternate_name'
    END AS place_method,
    v.weight * CASE n.name_kind WHEN 'main' THEN 1 WHEN 'town' THEN 0.9 ELSE 0.8 END AS weight,
    1.0 AS name_similarity
FROM variants AS v
JOIN questions AS q USING (place_key)  -- n:1
JOIN reference.place_names AS n ON n.area = q.place_area AND n.name_key = v.name_key  -- n:m
WHERE n.name_kind <> 'part'
    AND (n.name_kind <> 'town' OR q.place_site = 'airport' OR v.hint = 'airport')
    AND (v.origin = 'whole' OR n.place_id NOT LIKE 'COUNTRY:%')

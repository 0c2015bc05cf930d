-- Names that are a run of words within the text: of populated places, divisions, airports and seaports. A run within a
-- longer run that is a name too is no name of its own: Cartagena del Chairá is not Cartagena.
WITH found AS (
    SELECT r.place_key, r.name_key AS run, r.weight, n.place_id, n.name_kind
    FROM tried_runs AS r
    JOIN reference.place_names AS n USING (area, name_key)  -- n:m
    WHERE n.name_kind IN ('main', 'alternate') AND n.place_id NOT LIKE 'COUNTRY:%' AND n.place_id NOT LIKE 'SEA:%'
),

inner_runs AS (
    SELECT DISTINCT a.place_key, a.run
    FROM (SELECT DISTINCT place_key, run FROM found) AS a
    JOIN (SELECT DISTINCT place_key, run FROM found) AS b
        ON b.place_key = a.place_key AND b.run <> a.run AND contains(' ' || b.run || ' ', ' ' || a.run || ' ')  -- n:m
)

SELECT
    place_key,
    place_id,
    'run' AS origin,
    '' AS hint,
    'part_of_text' AS place_method,
    max(weight * CASE name_kind WHEN 'main' THEN 1 ELSE 0.6 END) AS weight,
    1.0 AS name_similarity
FROM found
ANTI JOIN inner_runs USING (place_key, run)
GROUP BY place_key, place_id

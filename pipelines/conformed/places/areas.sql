-- The area in which a question's place is looked for: the reporter's own, or another one where the division or the whole
-- text is the name of that country, and no place of the reporter's own has that name.
CREATE OR REPLACE TEMP TABLE questions AS
WITH words AS (
    SELECT place_key, reporter, admin1_key AS name_key FROM asked_questions WHERE admin1_key <> ''
    UNION ALL
    SELECT place_key, reporter, text_key FROM asked_questions WHERE text_key <> ''
),

abroad AS (
    SELECT w.place_key, min(n.area) AS area
    FROM words AS w
    JOIN reference.place_names AS n USING (name_key)  -- n:m, a country may share its name
    WHERE n.place_id = 'COUNTRY:' || n.area AND n.area <> w.reporter
    GROUP BY w.place_key
),

at_home AS (
    SELECT DISTINCT w.place_key
    FROM words AS w
    SEMI JOIN abroad AS b USING (place_key)
    JOIN reference.place_names AS n ON n.area = w.reporter AND n.name_key = w.name_key  -- n:m
    JOIN abroad AS c ON c.place_key = w.place_key  -- n:1
    SEMI JOIN reference.place_names AS m
        ON m.area = c.area AND m.name_key = w.name_key AND m.place_id = 'COUNTRY:' || c.area
)

SELECT q.*, CASE WHEN h.place_key IS NULL THEN coalesce(b.area, q.reporter) ELSE q.reporter END AS place_area
FROM asked_questions AS q
LEFT JOIN abroad AS b USING (place_key)  -- 1:1
LEFT JOIN at_home AS h USING (place_key)  -- 1:1
ORDER BY q.place_key

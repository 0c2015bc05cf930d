-- Codes of the registers that have places of their own: IATA (three letters) and UN/LOCODE (five).
SELECT
    q.place_key,
    p.place_id,
    'code' AS origin,
    '' AS hint,
    'code' AS place_method,
    1.0 AS weight,
    1.0 AS name_similarity
FROM questions AS q
JOIN reference.places AS p
    ON p.place_id = CASE length(q.place_code) WHEN 3 THEN 'IATA:' WHEN 5 THEN 'LOCODE:' END || q.place_code  -- n:1

SELECT source_id, count(place_code) AS with_code, count(place_text) AS with_text,
    count(*) FILTER (place_precision IN ('point', 'city')) AS placed,
    count(*) FILTER (place_precision = 'admin1') AS in_division,
    count(*) FILTER (place_conflict <> 'none') AS contradicted, count(*) AS n_rows
FROM conformed.lines GROUP BY source_id ORDER BY source_id

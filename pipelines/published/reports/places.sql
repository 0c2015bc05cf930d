SELECT source_id, count(place_code) AS with_code, count(place_id) AS resolved, count(lat) AS with_coordinates,
    count(*) AS n_rows
FROM conformed.lines GROUP BY source_id ORDER BY source_id

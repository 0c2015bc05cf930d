-- Questions with a text whose candidates do not weigh enough together.
SELECT q.place_key, q.place_area, q.text_key
FROM questions AS q
LEFT JOIN (SELECT place_key, sum(mass) AS mass FROM weighed GROUP BY place_key) AS w USING (place_key)  -- 1:1
WHERE q.text_key <> ''
    AND q.place_site <> 'high_seas'
    AND coalesce(w.mass, 0) < (SELECT mass FROM open_below)
ORDER BY q.place_key

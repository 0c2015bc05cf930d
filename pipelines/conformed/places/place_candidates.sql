SELECT o.*, q.place_text
FROM offered AS o
JOIN questions AS q USING (place_key)  -- n:1

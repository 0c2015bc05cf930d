-- Sources whose rows or kilograms differ between the lines and the seizures made of them.
SELECT source_id
FROM (SELECT source_id, count(*) AS n, sum(kg_mid) AS kg FROM conformed.lines GROUP BY source_id) AS l
FULL JOIN (SELECT source_id, count(*) AS n, sum(kg_mid) AS kg FROM conformed.seizures GROUP BY source_id) AS s  -- 1:1
    USING (source_id)
WHERE l.n IS DISTINCT FROM s.n OR l.kg IS DISTINCT FROM s.kg
ORDER BY source_id

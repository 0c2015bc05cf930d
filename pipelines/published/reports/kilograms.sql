SELECT l.source_id, sum(l.kg_mid) AS kg_lines,
    (SELECT sum(s.kg_mid) FROM conformed.seizures AS s WHERE s.source_id = l.source_id) AS kg_seizures
FROM conformed.lines AS l GROUP BY l.source_id ORDER BY l.source_id

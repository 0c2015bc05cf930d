SELECT source_id, contradiction, year, count(*) AS n_lines FROM conformed.contradictions
GROUP BY source_id, contradiction, year ORDER BY source_id, contradiction, year

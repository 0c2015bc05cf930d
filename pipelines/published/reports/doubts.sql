SELECT outlier_flag, count(*) AS n_rows, sum(kg_mid) AS kg FROM conformed.seizures WHERE outlier_flag <> 'none'
GROUP BY outlier_flag ORDER BY outlier_flag

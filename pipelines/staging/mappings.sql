SELECT
    source_id, "column", target,
    sum(n_given) AS n_given,
    sum(n_given - n_unmapped) AS n_mapped,
    sum(n_unmapped) AS n_unmapped,
    sum(n_not_known) AS n_not_known,
    CASE WHEN sum(n_given) = 0 THEN 1 ELSE sum(n_given - n_unmapped) / sum(n_given) END AS share_mapped
FROM mapped GROUP BY source_id, "column", target

SELECT reconciliation_verdict, count(*) AS n, sum(kg_mid) AS kg_mid, sum(official_kg) AS official_kg
FROM conformed.reconciliation GROUP BY ALL ORDER BY ALL

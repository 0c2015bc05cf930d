-- Outcomes that stand. An amount is valued at the cited rate of the stage's day, and has no value where there is none.
SELECT
    t.reporter, t.case_key, t.source_id, t.delivery_id, t.file_name, t.part, t.row_no, t.line_no, t.contract_version,
    t.known_from,
    t.stage,
    t.stage_state AS state,
    t.stage_date AS date,
    t.stage_date_precision AS date_precision,
    t.instrument,
    t.persons_f, t.persons_m, t.persons_x, t.persons_unknown,
    t.proceeds AS amount,
    CASE WHEN t.proceeds IS NOT NULL THEN coalesce(t.currency, 'XXX') END AS currency,
    CASE
        WHEN t.proceeds IS NOT NULL
            THEN CAST(CAST(t.proceeds AS DECIMAL(20, 6)) * m.usd_per_unit AS DECIMAL(18, 6))
    END AS usd,
    CASE WHEN t.proceeds IS NOT NULL THEN m.rate_id END AS rate_id,
    f.simulated,
    s.tlp
FROM told AS t
JOIN deliveries.files AS f USING (delivery_id)  -- n:1
JOIN reference.sources AS s ON s.source_id = t.source_id  -- n:1
LEFT JOIN reference.rates AS m
    ON m.currency = t.currency AND t.stage_date BETWEEN m.valid_from AND m.valid_to  -- n:1
WHERE t.reason IS NULL

-- Areas under cultivation, by the newest delivery of each source that states a place and year.
SELECT
    c.source_id, c.delivery_id, c.file_name, c.part, c.row_no, c.line_no, c.contract_version, c.reporter, c.admin1,
    c.commodity, c.year, c.hectares
FROM staging.cultivation AS c
JOIN deliveries.files AS f USING (delivery_id)  -- n:1
WHERE c.admin1 IS NOT NULL
QUALIFY
    row_number() OVER (
        PARTITION BY c.source_id, c.reporter, c.admin1, c.commodity, c.year ORDER BY f.vintage_rank DESC, c.row_no DESC
    ) = 1

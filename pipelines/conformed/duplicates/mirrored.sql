-- Rows of a source that mirrors another one, each with the row that it repeats: equal in what both formats say, the first equal
-- row with the first, the second with the second. A row that finds no equal is a telling of its own.
WITH numbered AS (
    SELECT
        seizure_id, source_id, reporter, seized_from, seized_to, commodity, quantity_reported, unit_reported, place_code,
        admin1, facility,
        row_number() OVER (
            PARTITION BY
                source_id, reporter, seized_from, seized_to, commodity, quantity_reported, unit_reported, place_code, admin1,
                facility
            -- rows that say the same in all of it are numbered as they stand, which is how both formats list them
            ORDER BY place_text, concealment, direction, delivery_id, part, row_no, line_no
        ) AS nth
    FROM conformed.lines
)

SELECT m.seizure_id, o.seizure_id AS other_seizure_id
FROM numbered AS m
JOIN mirrors USING (source_id)  -- n:1
JOIN numbered AS o  -- 1:1
    ON o.source_id = mirrors.mirrored_source
    AND o.reporter = m.reporter
    AND o.seized_from = m.seized_from
    AND o.seized_to = m.seized_to
    AND o.commodity = m.commodity
    AND o.quantity_reported IS NOT DISTINCT FROM m.quantity_reported
    AND o.unit_reported IS NOT DISTINCT FROM m.unit_reported
    AND o.place_code IS NOT DISTINCT FROM m.place_code
    AND o.admin1 IS NOT DISTINCT FROM m.admin1
    AND o.facility IS NOT DISTINCT FROM m.facility
    AND o.nth = m.nth

SELECT r.delivery_id, f.file_name, r.part, r.row_no, f.contract_version, p.header, r.cells, r.damage
FROM deliveries.rows AS r
JOIN deliveries.files AS f USING (delivery_id)  -- n:1
JOIN deliveries.parts AS p USING (delivery_id, part)  -- n:1
JOIN wanted_delivery AS w USING (delivery_id)  -- n:1
ORDER BY r.part, r.row_no

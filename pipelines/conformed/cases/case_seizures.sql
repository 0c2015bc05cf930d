-- Links with the label and the marks of both sides: of the row that states the link, and of the seizure.
SELECT
    k.reporter, k.case_key, k.seizure_id, k.link_basis, k.source_id, k.delivery_id, k.file_name, k.part, k.row_no,
    k.line_no, k.contract_version,
    f.simulated OR g.simulated AS simulated,
    CASE
        WHEN
            list_position(['CLEAR', 'GREEN', 'AMBER', 'AMBER+STRICT', 'RED'], s.tlp)
            >= list_position(['CLEAR', 'GREEN', 'AMBER', 'AMBER+STRICT', 'RED'], l.tlp)
            THEN s.tlp
        ELSE l.tlp
    END AS tlp
FROM links AS k
JOIN deliveries.files AS f ON f.delivery_id = k.delivery_id  -- n:1
JOIN conformed.lines AS l ON l.seizure_id = k.seizure_id  -- n:1
JOIN deliveries.files AS g ON g.delivery_id = l.delivery_id  -- n:1
JOIN reference.sources AS s ON s.source_id = k.source_id  -- n:1

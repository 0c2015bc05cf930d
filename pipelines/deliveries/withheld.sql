SELECT source_id, file_name, verdict_rule, verdict_params
FROM deliveries.files
WHERE verdict <> 'accepted' AND NOT is_resolved
ORDER BY source_id, file_name, delivery_id

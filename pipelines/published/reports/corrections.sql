SELECT source_id, file_name, unnest(map_entries(corrections), recursive := true)
FROM deliveries.files
WHERE verdict = 'accepted'
ORDER BY ALL

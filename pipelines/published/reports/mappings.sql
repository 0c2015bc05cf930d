SELECT source_id, "column", target, n_given, n_mapped, n_unmapped, n_not_known, share_mapped
FROM staging.mappings ORDER BY source_id, "column"

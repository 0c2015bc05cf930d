SELECT source_id, file_name, row_no, declared_value, computed_value, declared_value - computed_value AS difference
FROM staging.declared WHERE declared_value IS NOT NULL ORDER BY ALL

SELECT source_id, status, stale_since, n_accepted, n_withheld, data_through FROM deliveries.status ORDER BY source_id

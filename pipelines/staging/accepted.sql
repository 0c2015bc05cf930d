SELECT delivery_id FROM deliveries.files JOIN wanted USING (source_id) WHERE verdict = 'accepted' ORDER BY delivery_id

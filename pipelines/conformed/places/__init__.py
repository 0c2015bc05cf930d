"""Which place a report means: questions, candidates with their probability, and the answer that is chosen."""

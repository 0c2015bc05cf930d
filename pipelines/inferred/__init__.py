"""Inferred: what no report says, with its probability, never in place of what one says.

Belongs here: evidence, posteriors over places, the chance that a seizure belongs to cross-border traffic, and what
follows for corridors. Does not belong here: anything about a person; changing a reported value.
"""

"""Published: trend tables, coverage, what a person should review, and the release that holds them.

Belongs here: figures that leave the house, each with its state and its flags, and the release's files.
Does not belong here: new judgements about single seizures (`conformed`) or places (`inferred`).
"""

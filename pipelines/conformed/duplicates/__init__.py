"""Duplicates: which lines tell of one seizure, how probable that is, and what each line therefore weighs.

Belongs here: what two lines are compared by, the linkage model (Splink compares, `weights.yml` holds every number),
rivals, sets and weights, interceptions. All of it asks one question, "is this the same event?". Does not belong here:
whether a quantity is right (`outliers.sql`), or who reported what (`lines.sql`).

The way: `mirrored` → `tellings` → `blocks` → Splink → `compared` → `chances` → `weighed` → `rivals` → `pairs` → `sets`.
"""

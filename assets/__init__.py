"""When it is made: Dagster assets, checks, the nightly job and its schedule.

Belongs here: thin assets that name their inputs and call one pipeline function each, and the gate between layers.
Does not belong here: an `if` about data.
"""

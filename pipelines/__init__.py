"""How it is made: pure steps, one folder a layer.

Belongs here: functions that take tables (and a run's arguments) and write tables. The layer folders never import one
another: they meet in tables, and share only `store`. Does not belong here: Dagster, the command, or a description of
a column (that is a contract in `schemas`).
"""

"""Reference: the cited facts and the contracts, as tables that every later layer can join.

Belongs here: loading `data/reference/`, the code lists and the public registers of airports and ports into tables.
Does not belong here: anything that reads a delivery.
"""

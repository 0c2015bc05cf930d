"""Conformed: lines, legs, seizures and totals that can be compared across sources.

Belongs here: codes to groups, units to kilograms, codes to places, doubts about quantities. All of it is SQL beside its
step, so that another engine can run the same text. Does not belong here: parsing text (`staging`) or guessing what no
report says (`inferred`).
"""

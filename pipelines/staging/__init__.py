"""Staging: rows that parsed under their source's contract, in the source's own words beside the parsed values.

Belongs here: turning text into dates, numbers and codes as the contract says, and naming what does not parse.
Does not belong here: anything that compares sources, converts units or judges a value (`conformed`).
"""

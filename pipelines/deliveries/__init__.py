"""Deliveries: files as received, named by their bytes, and their rows as numbered text.

Belongs here: taking files from the inbox, reading them under the format that their contract states, and the verdict on
a delivery as a whole. Does not belong here: what a cell means (`staging`).
"""

"""What is true: fields, tables, closed code lists, source contracts and messages.

Belongs here: every description of data, and the code that loads, cross-checks and renders it.
Does not belong here: anything that reads or makes data. This package imports nothing of ours.
"""

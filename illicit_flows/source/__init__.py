"""What `flows source` does for those who send files and those who put them under contract.

Belongs here: one module for each command, each a function that returns plain data or writes one file; the commands
themselves are in `commands`. Does not belong here: how a file is read or parsed (`pipelines`), which is the same here
and in a night.
"""

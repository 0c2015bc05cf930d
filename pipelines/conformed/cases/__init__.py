"""Cases, the seizures that they are about, and what courts and prosecution services made of them.

Belongs here: which staged outcomes stand, which case each of them is about, and how a case is linked to seizures.
Does not belong here: counts of cases by stage (`published`), or anything about a person but how many there were of
each sex.
"""

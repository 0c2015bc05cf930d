"""The note that lies in every world.

Belongs here: its text. Does not belong here: anything else.
"""

README = """\
Everything in this folder is simulated: no row describes a real seizure, and no figure may be cited. It was made with
seed {seed} and {seizures} true seizures; the same arguments and parameters give the same bytes. To make it again:
flows world --out DIR --seed {seed} --seizures {seizures}

inbox/      deliveries, each in its publisher's own format; every file is named simulated-*
database/   police_register.sql: the register's first 5,000 records as a PostgreSQL database would hold them (table and
            view), each as it was last stated
truth/      what really happened; no part of any delivery:
  events.parquet     one row a seizure: what, when, how much, by which route; incident_id is shared by what was
                     seized together
  reports.parquet    one row for each time that a seizure is told: publisher, file, part (sheet, archive member or JSON
                     path), row and line, and what was hidden or wrong there. duplicate_of is the report_id of the
                     event's first telling; relation says why it is told: first, other_agency, again (the same
                     publisher), mirror (its other channel), restated (a later vintage)
  routes.parquet     the chain of places of each route_id, one row a stop
  places.parquet     the airports, seaports and land borders of those routes
  corridors.parquet  true share of each commodity group's flow by year, departure and destination, and what was seized
  rates.parquet      relative detection and reporting by country, mode and month
  changes.parquet    what changes while the world goes on: a shifted corridor, a surge, a hub, a reporting break
  outcomes.parquet   the stages of cases, row by row of prosecution_outcomes

The numbers behind it are in pipelines/world/numbers/, each cited or marked as invented; docs/world.md explains them.
"""

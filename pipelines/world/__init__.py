"""A small simulated world of seizures whose truth is known, written out as its publishers would deliver it.

Belongs here: what really happened (`truth`), who sees it and says what (`reporting`), each publisher's file
format (`formats`), the numbers and names behind them (`parameters`, `places`) and the entry point (`make`).
Does not belong here: anything that reads, cleans, infers or scores. This package imports nothing else of the
project, contracts included, so that a mistake in a layer cannot hide behind the same mistake here.
"""

from pipelines.world.make import WorldSummary, make_world

__all__ = ["WorldSummary", "make_world"]

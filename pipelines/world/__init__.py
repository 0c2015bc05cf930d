"""A simulated world of seizures whose truth is known, written out as its publishers would deliver it.

Belongs here: which flows there are (`network`, `flows`), what of them is seized (`seizing`, `truth`), who sees it and
says what (`reporting`), the files (`formats`, `growing`), the numbers and names behind them (`parameters`, `places`,
`words`) and the entry point (`make`, a `stretch` at a time).
Does not belong here: anything that reads, cleans, infers or scores. This package imports nothing else of the
project, contracts included, so that a mistake in a layer cannot hide behind the same mistake here.
"""

from pipelines.world.make import WorldSummary, make_world
from pipelines.world.parameters import BadParameters, write_parameters

__all__ = ["BadParameters", "WorldSummary", "make_world", "write_parameters"]

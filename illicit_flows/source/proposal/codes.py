"""What a sample's spellings mean, by all that the house knows and by common spellings of `words.yml`.

Belongs here: units in headers, the share of a column that is known, and the likely code of one that is not. Does not
belong here: which lookup a column gets (`areas`, `columns`), or likeness itself (`pipelines.spellings`). A code is said
of a spelling only if it is known; a likely one is suggested and never applied.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from illicit_flows.source.proposal.cells import Column
from illicit_flows.source.proposal.words import SPELLINGS, bare
from pipelines.spellings import Spellings
from schemas.contracts import Language
from schemas.registry import Registry

NO_UNITS_IN_A_HEADER = frozenset({"unit", "unspecified", "mark", "box", "can", "set"})
"""Words that are units in a cell, and something else among the words of a header."""


@dataclass(frozen=True)
class Suggestion:
    """A spelling without a code, and the code that it may have."""

    spelling: str
    n_rows: int
    code: str = ""
    like: str = ""
    score: float = 0.0


class Codes(Spellings):
    """Known spellings by closed list; what a source in the sample's language says counts more."""

    def __init__(self, registry: Registry, language: Language) -> None:
        super().__init__(registry, language, SPELLINGS)

    def unit(self, word: str) -> str | None:
        """The unit that a word in a header means."""
        return SPELLINGS["units"].get(bare(word)) or self.code("unit", word)

    def unit_in(self, header: str) -> str | None:
        """A unit that a header names: `Peso (kg)`, `weight_lbs`, `Cantidad en gramos`."""
        for word in re.findall(r"[(\[]([^)\]]+)[)\]]", header):
            if unit := self.unit(word.strip()):
                return unit
        units = (self.unit(word) for word in reversed(bare(header).split()) if len(word) > 1)
        return next((unit for unit in units if unit and unit not in NO_UNITS_IN_A_HEADER), None)

    def suggest(self, target: str, spelling: str, n_rows: int) -> Suggestion:
        """The nearest spelling that is known, if any is near, with its likeness from 0 to 1."""
        near = self.nearest(target, spelling, at_most=1)
        return Suggestion(spelling, n_rows, **vars(near[0])) if near else Suggestion(spelling, n_rows)

    def coverage(self, target: str, column: Column) -> float:
        """Share of a column's rows whose spelling is known."""
        if len(column.counts) > 3000:
            return 0.0
        return column.share(text for text in column.counts if self.code(target, text) is not None)

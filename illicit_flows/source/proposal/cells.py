"""The cells of one column, counted.

Belongs here: what can be said of a column by counting alone. Does not belong here: dates, numbers, codes and what the
column means; each has its own room.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from illicit_flows.source.proposal.words import CELLS, folded, is_not_known
from pipelines.deliveries.notices import looks_like

NUMERIC = "[+-]?[0-9][0-9 .,']*([eE][+-]?[0-9]+)?"


@dataclass(frozen=True)
class Column:
    """One column: its cells as plain text, and how often each spelling stands there."""

    name: str
    cells: pl.Series

    @cached_property
    def _all(self) -> dict[str, int]:
        counted = self.cells.value_counts().sort(self.cells.name or "")
        return {str(text): int(n) for text, n in counted.iter_rows()}

    @cached_property
    def counts(self) -> Counter[str]:
        """Spellings that are neither empty nor a word for "not known", with the number of rows."""
        nothing = set(self.not_known)
        return Counter({text: n for text, n in self._all.items() if text not in nothing})

    @cached_property
    def not_known(self) -> list[str]:
        """Spellings of "not known" that stand in the column, the empty cell included."""
        filled = {text: n for text, n in self._all.items() if text}
        two_letters = sum(n for text, n in filled.items() if len(text) == 2 and text.isalpha())
        codes = two_letters > 0.5 * sum(filled.values())  # as those of countries are
        return sorted(text for text in self._all if is_not_known(text, among_codes=codes))

    @cached_property
    def others(self) -> list[str]:
        """Spellings of "other"."""
        return sorted(text for text in self._all if folded(text) in CELLS["other"])

    @cached_property
    def n(self) -> int:
        """Rows that say something."""
        return sum(self.counts.values())

    @cached_property
    def n_empty(self) -> int:
        return self._all.get("", 0)

    def share(self, fitting: Iterable[str]) -> float:
        """Share of the rows that say something whose spelling is among some."""
        return sum(self.counts[text] for text in set(fitting)) / self.n if self.n else 0.0

    def like(self, pattern: str) -> float:
        """Share of the rows that say something whose whole text fits a pattern."""
        return self.share(text for text in self.counts if re.fullmatch(pattern, text))

    @cached_property
    def numeric(self) -> float:
        """Share of cells that are numbers, whatever their marks."""
        return self.like(NUMERIC)

    @cached_property
    def is_year(self) -> bool:
        return self.like("(19|20)[0-9]{2}") >= 0.9

    @cached_property
    def has_fractions(self) -> bool:
        return self.like("[+-]?[0-9]+[.,][0-9]{1,2}") > 0

    @cached_property
    def is_prose(self) -> bool:
        length = sum(len(text) * n for text, n in self.counts.items()) / max(1, self.n)
        return length > 45 and len(self.counts) > 0.6 * self.n

    @cached_property
    def looks_personal(self) -> dict[str, int]:
        """Kinds of personal data that enough cells look like, with the number of rows; the rule is that of notices."""
        found: Counter[str] = Counter()
        for text, n in self.counts.items():
            found.update(dict.fromkeys(looks_like(text), n))
        return {kind: n for kind, n in sorted(found.items()) if n >= max(3, 0.02 * self.n)}

    def says(self, share: float, what: str) -> str:
        """A share in words."""
        return f"{round(share * self.n)} of {self.n} cells {what}"

    @property
    def variety(self) -> str:
        return f"{len(self.counts)} different texts"

    def goes_with(self, other: Column) -> bool:
        """Whether each spelling goes with one of another column, both ways, and there are several."""
        pairs = set(zip(self.cells, other.cells, strict=True))
        n = len(self.counts)
        return 1 < n == len(other.counts) == len({one for one, _ in pairs if one}) == len(pairs - {("", "")}) < self.n

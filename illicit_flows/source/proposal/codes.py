"""Every spelling that the project knows for a code, and the nearest of them.

Belongs here: the closed lists' own words, the lookups of all sources and the common spellings of `words.yml`, as one
table for each list. Does not belong here: which lookup a column gets (`areas`, `columns`). A code is said of a spelling
only if it is known; a likely one is suggested and never applied.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from babel import Locale

from illicit_flows.source.proposal.cells import Column
from illicit_flows.source.proposal.words import SPELLINGS, bare, folded
from schemas.contracts import LANGUAGES, Language
from schemas.registry import CODES_OF_TARGET, CodeList, Registry

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


class Codes:
    """Known spellings by closed list, accents and capitals aside; what a source in the sample's language says counts
    more."""

    def __init__(self, registry: Registry, language: Language) -> None:
        self.registry, self.language = registry, language
        self._known: dict[str, dict[str, Counter[str]]] = {}

    def list_of(self, target: str) -> CodeList:
        return self.registry.codes[CODES_OF_TARGET[target]]

    def code(self, target: str, spelling: str) -> str | None:
        """The code of a spelling that stands in a lookup, a label or the list itself."""
        best = self._spellings(target).get(_key(spelling), Counter()).most_common(2)
        clear = len(best) == 1 or (len(best) > 1 and best[0][1] > best[1][1])
        return best[0][0] if clear else None

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
        spellings = self._spellings(target)
        words = _key(spelling)
        near = difflib.get_close_matches(words, list(spellings), n=1, cutoff=0.72) if len(words) > 3 else []
        if not near:  # one that is said with other words around it
            inside = [known for known in spellings if len(known) > 4 and f" {known} " in f" {words} "]
            near = sorted(inside, key=lambda known: (-len(known), known))[:1]
        if not near and len(words) > 4:  # one that is the beginning of a longer name
            longer = [known for known in spellings if known.startswith(f"{words} ")]
            near = sorted(longer, key=lambda known: (len(known), known))[:1]
        if not near:
            return Suggestion(spelling, n_rows)
        codes = spellings[near[0]]
        likeness = round(difflib.SequenceMatcher(None, words, near[0]).ratio(), 2)
        return Suggestion(spelling, n_rows, max(sorted(codes), key=lambda code: codes[code]), near[0], likeness)

    def coverage(self, target: str, column: Column) -> float:
        """Share of a column's rows whose spelling is known."""
        if len(column.counts) > 3000:
            return 0.0
        return column.share(text for text in column.counts if self.code(target, text) is not None)

    def _spellings(self, target: str) -> dict[str, Counter[str]]:
        """Spelling to the codes that it has somewhere, with their weight."""
        kind = CODES_OF_TARGET[target]
        if kind not in self._known:
            known: defaultdict[str, Counter[str]] = defaultdict(Counter)
            for spelling, code, weight in (*self._of_the_list(kind), *self._of_lookups(kind)):
                if code != "unmapped" and _key(spelling):
                    known[_key(spelling)][code] += weight
            self._known[kind] = dict(known)
        return self._known[kind]

    def _of_the_list(self, kind: str) -> Iterator[tuple[str, str, int]]:
        codes = self.registry.codes[kind]
        for row in codes.rows:
            code = row[codes.key]
            yield code, code, 4
            yield code.replace("_", " "), code, 2
            for language in LANGUAGES:
                label = row.get(f"label_{language}", "")
                yield from ((part, code, 2) for part in sorted({label, label.split(" (")[0]}))
                if kind == "areas":
                    yield str(Locale(language).territories.get(row["iso2"], "")), code, 2
            if kind == "areas":
                yield row["area_name"], code, 2
        yield from ((spelling, code, 1) for spelling, code in SPELLINGS.get(kind, {}).items())

    def _of_lookups(self, kind: str) -> Iterator[tuple[str, str, int]]:
        """Lookups into a closed list, each once, in the language of the source that uses it."""
        found: dict[str, Language] = {}
        for source in self.registry.sources.values():
            for column in source.all_columns.values():
                for lookup, target in ((column.lookup, str(column.to)), (column.unit_lookup, "unit")):
                    ours = lookup and not lookup.startswith("@") and column.also_with is None
                    if ours and lookup and CODES_OF_TARGET.get(target) == kind:
                        found[lookup] = source.language
        if kind == "areas":
            found |= {f"areas.{one}": one for one in LANGUAGES if f"areas.{one}" in self.registry.lookups}
        for lookup, language in found.items():
            weight = 3 if language == self.language else 1
            yield from ((row.value, row.code, weight) for row in self.registry.lookups[lookup])


def _key(spelling: str) -> str:
    return " ".join(re.findall(r"[^\W_]+|[%$€£]", folded(spelling)))

"""Every spelling that the house knows for a code, and the nearest of them to a spelling that it does not know.

Belongs here: the closed lists' own words and the lookups of all sources as one table for each list, and the likeness of
spellings. Shared by the run report and the `flows source` commands. Does not belong here: giving a code to a value of a
report, which only the exact spelling of a lookup does (`staging`). What is found here is offered to whoever maintains
the lookup, and never applied.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from babel import Locale
from rapidfuzz import fuzz, process

from schemas.contracts import KEYED_TARGETS, LANGUAGES, Language, SourceContract
from schemas.registry import CODES_OF_TARGET, NO_AREA, SUGGESTED, CodeList, Registry

LEAST_LETTERS = 4
"""Shorter spellings are like too many others."""
LEAST_LIKENESS = 0.72
"""Below it a likeness is chance. One wrong letter in four still passes."""
AT_MOST = 3
"""Codes that are offered for one spelling."""


@dataclass(frozen=True)
class Near:
    """A code that a spelling may have, the known spelling that it is like, and how much (0 to 1)."""

    code: str
    like: str
    score: float


@dataclass
class Known:
    """A spelling as it was first read, and the codes that it has somewhere, with their weight."""

    spelling: str
    codes: Counter[str]

    @property
    def code(self) -> str:
        """The weightiest code; of several alike the first by name."""
        return min(self.codes, key=lambda code: (-self.codes[code], code))


class Spellings:
    """Known spellings by closed list, with accents, capitals and marks put aside.

    What a source in `language` says weighs more. `common` adds spellings by closed list.
    """

    def __init__(
        self, registry: Registry, language: Language, common: Mapping[str, Mapping[str, str]] | None = None
    ) -> None:
        self.registry, self.language, self.common = registry, language, common or {}
        self._known: dict[str, dict[str, Known]] = {}
        self._names: dict[str, list[str]] = {}
        self._places: dict[str, defaultdict[str, list[int]]] = {}

    def list_of(self, target: str) -> CodeList:
        return self.registry.codes[CODES_OF_TARGET[target]]

    def code(self, target: str, spelling: str) -> str | None:
        """The code of a spelling that stands in a lookup, a label or the list itself; none where they disagree."""
        known = self._of(target).get(comparable(spelling))
        best = known.codes.most_common(2) if known else []
        clear = len(best) == 1 or (len(best) > 1 and best[0][1] > best[1][1])
        return best[0][0] if clear else None

    def nearest(self, target: str, spelling: str, at_most: int = AT_MOST) -> list[Near]:
        """The codes whose spellings are most like one, best first.

        Likeness is rapidfuzz's normalised Indel similarity, of the words as written or in order of the alphabet. Where
        one spelling holds all words of the other, less of what misses counts: half, or a third if it begins with them.
        """
        words = comparable(spelling)
        if len(words) < LEAST_LETTERS:
            return []
        known, names = self._of(target), self._names_of(target)
        likeness = np.maximum(*(_likeness(words, names, scorer) for scorer in (fuzz.ratio, fuzz.token_sort_ratio)))
        found: dict[str, Near] = {}
        near_enough = set(np.flatnonzero(likeness >= LEAST_LIKENESS).tolist())
        for place in sorted(near_enough.union(*(self._with(target, word) for word in words.split()))):
            name, like = names[place], float(likeness[place])
            score = round(1 - (1 - like) * _missing(words, name), 2)
            if score >= LEAST_LIKENESS:
                near = Near(known[name].code, known[name].spelling, score)
                found[near.code] = min(near, found.get(near.code, near), key=_order)
        return sorted(found.values(), key=_order)[:at_most]

    def _of(self, target: str) -> dict[str, Known]:
        kind = CODES_OF_TARGET[target]
        if kind not in self._known:
            known: dict[str, Known] = {}
            for spelling, code, weight in (*self._of_lookups(kind), *self._of_the_list(kind)):
                if code != "unmapped" and (name := comparable(spelling)):
                    known.setdefault(name, Known(spelling, Counter())).codes[code] += weight
            self._known[kind] = known
        return self._known[kind]

    def _names_of(self, target: str) -> list[str]:
        """All known spellings as they are compared."""
        return self._names.setdefault(CODES_OF_TARGET[target], list(self._of(target)))

    def _with(self, target: str, word: str) -> list[int]:
        """Places among the names of those that have a word."""
        kind = CODES_OF_TARGET[target]
        if kind not in self._places:
            places: defaultdict[str, list[int]] = defaultdict(list)
            for place, name in enumerate(self._names_of(target)):
                for one in set(name.split()):
                    places[one].append(place)
            self._places[kind] = places
        return self._places[kind].get(word, [])

    def _of_the_list(self, kind: str) -> Iterator[tuple[str, str, int]]:
        codes = self.registry.codes[kind]
        for row in codes.rows:
            code = row[codes.key]
            if kind == "areas" and row["area_type"] in NO_AREA:
                continue
            for language in LANGUAGES:
                label = row.get(f"label_{language}", "")
                yield from ((part, code, 2) for part in sorted({label, label.split(" (")[0]}, reverse=True))
                if kind == "areas":
                    yield str(Locale(language).territories.get(row["iso2"], "")), code, 2
            if kind == "areas":
                yield row["area_name"], code, 2
            yield code, code, 4
            yield code.replace("_", " "), code, 2
        yield from ((spelling, code, 1) for spelling, code in self.common.get(kind, {}).items())

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


def offers(registry: Registry, unmapped: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """For each value without a code (`source_id`, `column`, `value`, `n_rows`), the codes that it may have.

    Each offer has the `row` that would give the code, as a line of `schemas/lookups/<lookup>.csv`. It begins with a
    mark: a lookup with it is refused, so that nothing counts before a person has taken the mark away. Columns without
    a lookup of their own get no offer: coordinates, codes of registers, and all that is personal or kept as a key.
    """
    spellings: dict[Language, Spellings] = {}
    found = []
    for row in unmapped:
        source = registry.sources[row["source_id"]]
        into = _lookup(source, row["column"])
        if into is None:
            continue
        target, lookup = into
        near_by = spellings.setdefault(source.language, Spellings(registry, source.language))
        split = source.all_columns[row["column"]].split
        pieces = [piece.strip() for piece in row["value"].split(split)] if split else [row["value"]]
        found += [
            dict(row) | {"value": piece, "lookup": lookup} | vars(near) | {"row": _row(piece, near.code)}
            for piece in dict.fromkeys(pieces)
            for near in near_by.nearest(target, piece)
        ]
    return found


def comparable(spelling: str) -> str:
    """A spelling without accents, capitals and marks, its words parted by one space."""
    return " ".join(re.findall(r"[^\W_]+|[%$€£]", without_accents(spelling)))


def without_accents(text: str) -> str:
    """Small letters without accents; marks stay."""
    letters = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in letters if not unicodedata.combining(letter)).casefold()


def _lookup(source: SourceContract, name: str) -> tuple[str, str] | None:
    """The target and the lookup file that a column's values are looked up in, if a person maintains one."""
    column = source.all_columns[name]
    with_unit = column.to == "quantity_with_unit"
    target, lookup = ("unit", column.unit_lookup) if with_unit else (str(column.to), column.lookup)
    hidden = column.personal or column.to in KEYED_TARGETS or target not in CODES_OF_TARGET
    return None if hidden or lookup is None or lookup.startswith("@") else (target, lookup)


def _row(value: str, code: str) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="").writerow([f"{SUGGESTED}{value}", code])
    return stream.getvalue()


def _likeness(words: str, names: list[str], scorer: Any) -> np.ndarray[Any, np.dtype[np.float32]]:
    """How much one text is like each of some names, 0 to 1."""
    return np.asarray(process.cdist([words], names, scorer=scorer, dtype=np.float32)[0] / 100, dtype=np.float32)


def _missing(one: str, other: str) -> float:
    """How much of what two texts do not share counts: all of it, less where one has all words of the other.

    A few letters are no word to go by.
    """
    shorter, longer = (one, other) if len(one) < len(other) else (other, one)
    if len(shorter) <= LEAST_LETTERS or shorter.split(" ", 1)[0] not in longer:
        return 1.0
    if longer.startswith(f"{shorter} "):
        return 1 / 3
    return 0.5 if set(shorter.split()) <= set(longer.split()) else 1.0


def _order(near: Near) -> tuple[float, str, str]:
    return -near.score, near.code, near.like

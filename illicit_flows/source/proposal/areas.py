"""Columns that name countries and areas.

Belongs here: whether cells are codes or names of areas, several in one cell, and the lookup that reads them. Does not
belong here: the role that an area plays (`roles`), or single spellings (`codes`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from illicit_flows.source.proposal.cells import Column
from illicit_flows.source.proposal.codes import Codes
from illicit_flows.source.proposal.words import bare
from schemas.contracts import LEG_TARGETS
from schemas.registry import CODES_OF_TARGET

AREA_TARGETS = frozenset({"reporter", "vessel_flag", *LEG_TARGETS})
SEPARATORS = (";", "/", ",", "|", " - ", "-", ">", "+", " y ", " et ", " e ", " and ")


class BuiltIn(NamedTuple):
    """A lookup that needs no file, what speaks for it, and the mark between several codes in one cell, if any."""

    lookup: str
    evidence: str
    split: str = ""


def built_in(column: Column, codes: Codes, target: str) -> BuiltIn | None:
    """The lookup without a file that reads a column of codes."""
    whole = _built_in(column, codes, target)
    if whole is None and target in LEG_TARGETS:
        for mark in (";", ",", "|"):
            if any(mark in text for text in column.counts):
                parts = column.cells.str.split(mark).explode(empty_as_null=True).drop_nulls().str.strip_chars()
                if found := _built_in(Column(column.name, parts.alias(column.name)), codes, target):
                    return found._replace(split=mark)
    return whole


def _built_in(column: Column, codes: Codes, target: str) -> BuiltIn | None:
    if CODES_OF_TARGET[target] != "areas":
        same = column.share(column.counts.keys() & codes.list_of(target).codes)
        enough = same == 1 or (target == "currency" and same >= 0.9)
        return BuiltIn("@code", column.says(same, "are codes of the list")) if enough else None
    known = {lookup: {row.value for row in codes.registry.lookups[lookup]} for lookup in ("@iso2", "@iso3", "@locode")}
    for lookup, letters in (("@iso2", "two"), ("@iso3", "three")):
        share = column.share(text for text in column.counts if text.upper() in known[lookup])
        if share >= 0.9:
            return BuiltIn(lookup, column.says(share, f"are {letters} letters of ISO 3166-1"))
    ports = column.share(
        text for text in column.counts
        if re.fullmatch("[A-Z]{2}[A-Z0-9]{3}", text) and text[:2] in known["@locode"]
    )  # fmt: skip
    if ports >= 0.9 and codes.coverage(target, column) < 0.3:
        return BuiltIn("@locode", column.says(ports, "look like UN/LOCODEs"))
    return None


def split_by(column: Column, codes: Codes) -> tuple[str, str] | None:
    """The mark between several areas in one cell, where splitting makes unknown cells known ones, and the evidence."""
    unknown = [text for text in column.counts if codes.code("origin", text) is None]
    rows: Counter[str] = Counter()
    for mark in SEPARATORS:
        for text in unknown:
            parts = [part for part in text.split(mark) if part.strip()]
            if mark in text and all(codes.code("origin", part) is not None for part in parts):
                rows[mark] += column.counts[text]
    if not rows:
        return None
    ((mark, n),) = rows.most_common(1)
    return mark, f"{n} cells name several areas, all of them known"


def split_counts(counts: Mapping[str, int], mark: str) -> Counter[str]:
    """The parts of cells at a mark, each with its number of rows."""
    parts: Counter[str] = Counter()
    for text, n in counts.items():
        for part in text.split(mark):
            parts[part.strip()] += n
    del parts[""]
    return parts


def area_share(column: Column, codes: Codes) -> float:
    """Share of cells that name areas, by name or code, several in one cell included."""
    if len(column.counts) > 1500 or column.numeric > 0.5:
        return 0.0
    if found := built_in(column, codes, "origin"):
        return 0.9 if found.lookup == "@locode" else 1.0
    split = split_by(column, codes)
    return column.share(
        text for text in column.counts
        if (len(text) > 2 and codes.code("origin", text)) or (split and split[0] in text)
    )  # fmt: skip


def shared_lookup(counts: Mapping[str, int], codes: Codes) -> str | None:
    """A lookup of names of areas that is there already and has every spelling."""
    for language in (codes.language, "en", "es", "fr", "pt"):
        rows = codes.registry.lookups.get(f"areas.{language}", ())
        if counts and set(counts) <= {row.value for row in rows}:
            return f"areas.{language}"
    return None


def named_area(texts: Iterable[str], codes: Codes) -> tuple[str, str] | None:
    """The one area that some texts name, and the words that name it."""
    found: dict[str, str] = {}
    for text in texts:
        words = bare(text).split()
        for length in (4, 3, 2, 1):
            for at in range(len(words) - length + 1):
                phrase = " ".join(words[at : at + length])
                code = codes.code("reporter", phrase) if len(phrase) > 3 else None
                if code is not None:
                    found.setdefault(code, phrase)
    return next(iter(found.items())) if len(found) == 1 else None

"""Warns where a column that is kept as text looks as if it held personal data.

Belongs here: the patterns and the counting; a notice says which column and what it looks like, never a value. Does not
belong here: taking anything away, which is the contract's to say (`door`). The patterns are for text in English,
Spanish, French and Portuguese; they are a second pair of eyes, not a proof that nothing personal is there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from schemas.contracts import ID_TARGETS, ColumnMap, SourceContract

LEAST_SHARE = 0.02
LEAST_ROWS = 3
"""A column is named from three rows and 2 % of its filled cells on: one odd cell is no personal column."""
FREE_TEXT_TARGETS = frozenset({"place_text", "admin1", "record_id", "incident_number", "inn", "place_code"})
"""Targets whose text is kept as it is, and not only as a code."""

PLACES_AFTER = re.compile(r"^(de|del|do|da|dos|das|d'|du|des|la|el|le|los|las|san|santa|santo|saint|sao|st)$")
HONORIFICS = re.compile(
    r"\b(?:mr|mrs|ms|miss|messrs|sr|sra|srta|señor|señora|don|doña|monsieur|madame|mme|mlle|senhor|senhora|dona)\b\.?\s+\w",
    re.IGNORECASE,
)
EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
PHONE = re.compile(
    r"(?:\+|\b00)\d{1,3}[\s.-]?(?:\(?\d{1,4}\)?[\s.-]?){2,5}\d{2,4}\b|\(\d{2,4}\)\s?\d{3,5}[\s.-]\d{3,4}\b"
)
DOCUMENT = re.compile(
    r"\b\d{3}\.\d{3}\.\d{3}-\d{2}\b"  # Brazil's CPF
    r"|\b\d{1,2}\.\d{3}\.\d{3}-[\dkK]\b"  # Chile's RUT
    r"|\b(?:passport|pasaporte|passeport|passaporte|c[eé]dula|dni|cpf|nif|cni|id card|carte d'identit[eé])\b"
    r"\D{0,15}\d{4,}",
    re.IGNORECASE,
)
PLATE = re.compile(
    r"^(?:[A-Z]{3}[\s-]?\d[A-Z0-9]\d{2}|[A-Z]{2}[\s-]?\d{3}[\s-]?[A-Z]{2}|[A-Z]{3}[\s-]\d{3,4}|\d{4}[\s-]?[A-Z]{3})$"
)
"""Plates of Brazil and Mercosur, France and West Africa, the Andes, Spain: a cell that is nothing else."""


@dataclass(frozen=True)
class Notice:
    """A column that looks as if it held personal data."""

    column: str
    looks_like: str
    """name, phone, document, plate or email."""
    n_rows: int


def notices_of(
    source: SourceContract, headers: Mapping[str, Sequence[str]], records: pl.DataFrame
) -> tuple[Notice, ...]:
    """The columns of a delivery, of those that are kept as text, that look personal. `records`: part, cells."""
    found = []
    for name in source.kept_columns:
        if not _kept_as_text(source.all_columns[name]):
            continue
        cells = pl.concat(
            [
                records.filter(pl.col("part") == part).select(
                    pl.col("cells").list.get(list(header).index(name), null_on_oob=True).alias("cell")
                )
                for part, header in headers.items()
                if name in header
            ]
            or [pl.DataFrame(schema={"cell": pl.String})]
        ).to_series()
        told = _notices(name, cells)
        found += [notice for notice in told if notice.looks_like != "plate" or not _is_id(source.all_columns[name])]
    return tuple(found)


def _is_id(column: ColumnMap) -> bool:
    """Whether its texts are running numbers, which often look like a plate."""
    return column.to in ID_TARGETS


def _kept_as_text(column: ColumnMap) -> bool:
    """Also a dropped column of which some other key of the contract keeps the text."""
    return column.to is None or column.to in FREE_TEXT_TARGETS


def _notices(name: str, cells: pl.Series) -> list[Notice]:
    counted = cells.filter(cells.str.strip_chars() != "").value_counts()
    filled = int(counted["count"].sum()) if counted.height else 0
    of_kind: dict[str, int] = {}
    for text, count in counted.iter_rows():
        for kind in looks_like(text):
            of_kind[kind] = of_kind.get(kind, 0) + count
    least = max(LEAST_ROWS, LEAST_SHARE * filled)
    return [Notice(name, kind, count) for kind, count in sorted(of_kind.items()) if count >= least]


def looks_like(text: str) -> Iterable[str]:
    """Which kinds of personal data a text looks like."""
    text = text.strip()
    if EMAIL.search(text):
        yield "email"
    if PHONE.search(text):
        yield "phone"
    if DOCUMENT.search(text):
        yield "document"
    if PLATE.match(text):
        yield "plate"
    if _looks_like_a_name(text):
        yield "name"


def _looks_like_a_name(text: str) -> bool:
    """An honorific, or two to four words of which the first is a given name and none belongs to a place's name."""
    if HONORIFICS.search(text):
        return True
    parts = re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)?", text)
    if not 2 <= len(parts) <= 4 or any(character.isdigit() for character in text):
        return False
    words = [_bare(part) for part in parts]
    given = [word in NAMES for word in words]
    return given[0] and not PLACES_AFTER.match(words[1]) and (any(given[1:]) or len(words) == 2) and "," not in text


def _bare(word: str) -> str:
    return word.lower().translate(ACCENTS)


ACCENTS = str.maketrans("áàâãäéèêëíìîïóòôõöúùûüçñ", "aaaaaeeeeiiiiooooouuuucn")
NAMES = frozenset(Path(__file__).with_name("given_names.txt").read_text(encoding="utf-8").split())
"""Frequent given names in the four languages' countries, without accents; a list of words, of nobody in particular."""

"""What every reader gives: parts of a file with a header and records of text; and what it raises instead.

Belongs here: the shapes that all formats share, the cleaning of names, and the limits that hold whatever the format.
Does not belong here: anything that only one format needs.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

LONGEST_CELL = 1024 * 1024
"""Characters. A spreadsheet holds 32,767 in a cell; what is longer is a lost quotation mark or an attack."""
LONGEST_LINE = 4 * 1024 * 1024
"""Characters of a line of text. Read at one go, so it bounds the memory that a file without line ends can take."""
LONGEST_RECORD = 4 * 1024 * 1024
"""Characters of a record that goes over many lines, for the same reason."""
MOST_COLUMNS = 16_384
"""As many as a spreadsheet has."""
LONGEST_NAME = 500
"""Characters of a column's name. A longer one is data that stands where the header was agreed."""
MOST_PARTS = 1_000
"""Sheets, or members of an archive."""
SHOWN = 80
"""Characters of a sender's word that a message repeats."""

UNSEEN = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")
"""Characters that show nothing or turn the direction of writing: two names that look alike must be one."""
CONTROLS = re.compile(r"\s*[\x00-\x1f\x7f-\x9f]+\s*")
SURROGATES = re.compile("[\ud800-\udfff]")


class Unreadable(Exception):
    """The file cannot be read to its end; carries the rule and the parameters of its message, never a value."""

    def __init__(self, rule_id: str, **params: str | int) -> None:
        super().__init__(rule_id)
        self.rule_id = rule_id
        self.params = {name: str(value) for name, value in params.items()}


@dataclass(frozen=True)
class Part:
    """A sheet, an archive's member or the whole file. Its records are walked once, before the next part is."""

    name: str
    """Empty where the file has but one part; a sheet, a JSON path, an archive's member, or member/sheet."""
    header: tuple[str, ...]
    """Names of the columns as `name_of` gives them; a column without a name is an empty one."""
    records: Iterator[tuple[list[str], str | None]]
    """The cells of each record as text, and the rule that the record itself broke."""


def name_of(text: str) -> str:
    """A column's (sheet's, member's) name: NFC, trimmed, on one line, without characters that show nothing."""
    seen = CONTROLS.sub(" ", UNSEEN.sub("", whole_text(text)))
    return unicodedata.normalize("NFC", seen).strip()


def header_of(cells: Sequence[str], *, numbered: bool = False) -> tuple[str, ...]:
    """The names of a header; with `numbered` the second `País` becomes `País (2)`. Raises `Unreadable`."""
    if len(cells) > MOST_COLUMNS:
        raise Unreadable("too_many_columns", columns=len(cells), maximum=MOST_COLUMNS)
    names = [name_of(cell) for cell in cells]
    for number, name in enumerate(names, start=1):
        if len(name) > LONGEST_NAME:
            raise Unreadable("header_too_long", number=number, maximum=LONGEST_NAME)
    if not numbered:
        return tuple(names)
    met: dict[str, int] = {}
    for place, name in enumerate(names):
        met[name] = met.get(name, 0) + 1
        if name and met[name] > 1:
            names[place] = f"{name} ({met[name]})"
    return tuple(names)


def whole_text(text: str) -> str:
    """Text that can be written as UTF-8: half of a surrogate pair is replaced by the mark for an unknown character."""
    return text if text.isascii() else SURROGATES.sub("\ufffd", text)


def shown(text: str) -> str:
    """A sender's word as a message may repeat it: on one line, printable, cut."""
    plain = "".join(letter if letter.isprintable() else "?" for letter in name_of(text[: 4 * SHOWN]))
    return plain if len(plain) <= SHOWN else plain[: SHOWN - 1] + "…"


class TypedNumber(str):
    """Text of a cell that is a number in the file, not a text that looks like one: its decimal mark is a point."""

    __slots__ = ()


def plain_number(number: float) -> str:
    """A number as people write it: whole ones without point, none with an exponent."""
    text = repr(number)
    if text.endswith(".0"):
        return TypedNumber(text[:-2])
    return TypedNumber(format(Decimal(text), "f") if "e" in text else text)

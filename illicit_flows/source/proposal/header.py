"""Which row of a sheet or text is the header.

Belongs here: judging raw rows by what is filled and what is a figure. Does not belong here: reading them (`delimited`,
`workbook`), or what a name means (`roles`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

DEEPEST_HEADER = 40
"""Rows among which a header is looked for."""
TYPED = re.compile(r"[^\w]*[+-]?[0-9][0-9 .,:/'\-T%Z+]*")
"""A number, or a date made of numbers."""
YEAR = re.compile(r"(19|20)[0-9]{2}")

Row = Sequence[str]


def header_at(rows: Sequence[Row]) -> int | None:
    """Which of some rows is the header: the first with as many names as the data has cells, none of them a figure."""
    widths = Counter(_width(row) for row in rows[:500] if len(_filled(row)) > 1)
    if not widths:
        return None
    usual = max(widths, key=lambda width: (widths[width], width))
    for number, (row, below) in enumerate(pairwise(rows[: DEEPEST_HEADER + 1])):
        filled = _filled(row)
        names = [cell for cell in filled if not TYPED.fullmatch(cell) or YEAR.fullmatch(cell)]
        if len(filled) < 2 or len(names) < 0.8 * len(filled):
            continue
        several = len(set(filled)) > 0.4 * len(filled) and not all(YEAR.fullmatch(cell) for cell in filled)
        halves = is_half(row, below) and len(_filled(below)) < _width(below) and _width(below) >= 0.8 * usual
        if several and (len(filled) >= 0.6 * usual or halves):
            return number
    return None


def is_half(row: Row, below: Row) -> bool:
    """Whether a row and the one below are one header: names alone, the gaps of each filled by the other."""
    width = max(_width(row), _width(below))
    first, second = ([*line, *[""] * width][:width] for line in (row, below))
    filled = all(one.strip() or other.strip() for one, other in zip(first, second, strict=True))
    return filled and not all(cell.strip() for cell in first) and not _has_figures(below)


def is_group_row(row: Row) -> bool:
    """Whether a row above the header holds several texts and no figure: names of groups of columns, no title."""
    return len(set(_filled(row))) > 1 and _width(row) > 2 and not _has_figures(row)


def why_header(rows: Sequence[Row], at: int) -> str:
    below = sum(_width(row) <= _width(rows[at]) for row in rows[at + 1 :])
    titles = f", after {at} title rows" if at else ""
    return f"the first row of {len(_filled(rows[at]))} names and no figures{titles}; {below} rows as wide stand below"


def titles_above(rows: Sequence[Row], at: int) -> list[str]:
    return [cell for row in rows[:at] for cell in row if cell.strip()]


def repeats(names: Sequence[str]) -> str:
    """What the contract says of names that stand twice."""
    return "numbered" if any(n > 1 for name, n in Counter(names).items() if name) else "refused"


def _width(row: Row) -> int:
    return max((place for place, cell in enumerate(row, start=1) if cell.strip()), default=0)


def _filled(row: Row) -> list[str]:
    return [cell.strip() for cell in row if cell.strip()]


def _has_figures(row: Row) -> bool:
    return any(TYPED.fullmatch(cell) for cell in _filled(row))

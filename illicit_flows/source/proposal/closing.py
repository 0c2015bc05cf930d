"""Rows at the end of a table that are no records: totals, and notes.

Belongs here: finding them, so that no column is judged by them, and declaring them. Does not belong here: what is above
the header (`header`).
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import polars as pl

from illicit_flows.source.proposal.found import Draft, Guess
from illicit_flows.source.proposal.words import CELLS, WORDS, bare, folded

LAST_ROWS = 12
"""Rows among which closing ones are looked for."""


def closing_rows(table: pl.DataFrame) -> tuple[list[int], list[int]]:
    """Numbers of rows that are totals, and of those that hold a note and nothing else."""
    totals, notes = [], []
    for number in range(max(0, table.height - LAST_ROWS), table.height):
        cells = [str(cell) for cell in table.row(number)]
        filled = [cell for cell in cells if cell]
        if not filled:
            continue
        first = folded(filled[0]).rstrip(" :.")
        says_total = first in CELLS["total"] or first.startswith(("total ", "total:", "gran total"))
        alone = len(filled) == 1 and cells[0] and len(cells) > 3
        if says_total and (len(filled) < len(cells) or number == table.height - 1):
            totals.append(number)
        elif alone and (bare(filled[0]).startswith(tuple(WORDS["note_begins"])) or len(filled[0]) > 60):
            notes.append(number)
    return totals, notes


def declare(draft: Draft) -> None:
    """Say of each closing text that it is no record; the sum of one total is compared."""
    table = draft.sample.table
    for kind, rows in (("total", draft.total_rows), ("note", draft.note_rows)):
        cells = Counter(next((name, cell) for name, cell in table.row(row, named=True).items() if cell) for row in rows)
        compared = _compared(draft, rows[0]) if kind == "total" and len(rows) == 1 else None
        for number, ((name, text), n) in enumerate(cells.items(), start=1):
            if draft.choices[name].keys.get("personal"):
                says = f"{n} rows at the end look like a {kind}, but their text stands in a personal column"
                draft.to_do.append(says)
                continue
            entry: dict[str, Any] = {
                "id": f"{kind}_row" + (f"_{number}" if number > 1 else ""), "column": name, "equals": text,
                "reason": WORDS["closing"][kind],
            }  # fmt: skip
            if draft.sample.shape.form.type != "xlsx":  # each sheet of a workbook may close in the same way
                entry["expect"] = {"at_most": n}
            why = f"{n} rows at the end hold it"
            if compared:
                entry["compare_sum"] = {"column": compared}
                why += f"; the sum of {compared} is compared"
            draft.declared.append((entry, Guess("declared", entry["id"], why, sure=kind == "total")))


def _compared(draft: Draft, row: int) -> str | None:
    """The column of which a total row states the sum."""
    choice = draft.column_of("quantity", "kg", "hectares")
    if choice is None or "numbers" in choice.keys or not re.search("[0-9]", draft.sample.table[choice.name][row]):
        return None
    return choice.name

"""The contract as YAML, each guess a comment above its key.

Belongs here: the order of the keys and the comments. Does not belong here: guessing. What nobody could know stands as
`TO DO`, and a missing target as a column that no file has, so that `flows source check` names it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from illicit_flows.source.proposal.constants import families
from illicit_flows.source.proposal.found import Choice, Draft, Guess
from schemas.contracts import DATE_TARGETS, FileFormat

STAND_INS = {"reporter": "ABW", "commodity": "cocaine", "unit": "kilogram", "currency": "USD"}
"""What stands in for a target that nobody has filled yet when the invented sample is counted; any code would do."""
LEAST_ROWS, ROOM = 100_000, 50
"""Upper bound of rows: room for fifty times the sample, and for no less than this."""
SHOWN = 40
"""Spellings without a code that the comments of a column list."""


def contract_text(draft: Draft, publisher: str | None, file: Path) -> str:
    shape, height = draft.sample.shape, draft.sample.table.height
    ending = file.suffix.lower() or f".{shape.form.type}"
    numbers = draft.numbers
    assert numbers is not None
    example = f"1{numbers.form.thousands}234{numbers.form.decimal}5"
    lines = [
        f"# Proposed by `flows source new` from a sample of {height} rows. A line with `guess` says what",
        "# it rests on: read it, change what is wrong, take the comment away. `TO DO` is what the sample cannot tell.",
        *(f"# TO DO: {item}" for item in draft.to_do),
        f"source: {draft.source}",
        "version: 1",
        *_said([draft.kind_guess]),
        f"kind: {draft.kind}",
        *([] if publisher else ["# TO DO: the publisher's name"]),
        f"publisher: {_flow({'name': publisher or 'TO DO', 'inbox': draft.source})}",
        "# TO DO: what the file is, in a few words",
        f"title: {_flow(f'TO DO: the table that {publisher or draft.source} sends')}",
        f"language: {draft.language}",
        "# TO DO: under which licence it may be used, and how it is cited",
        "licence: TO DO",
        f"citation: {_flow(publisher or 'TO DO')}",
        "# TO DO: how far the lines may travel (CLEAR, GREEN, AMBER, AMBER+STRICT or RED); AMBER until then",
        "tlp: AMBER",
        "# TO DO: how often it comes (yearly, monthly or irregular)",
        "cadence: irregular",
        f"# guess (not sure): files, because the sample ends in {ending}: all such files of the folder",
        f'files: "*{ending}"',
        *_said([*shape.guesses[1:], shape.guesses[0]]),
        f"format: {_flow(_format_keys(shape.form))}",
        f"# guess: rows, because the sample has {height}",
        f"rows: {_flow({'min': 1, 'max': max(LEAST_ROWS, ROOM * height)})}",
        *_said([Guess("numbers", example, numbers.evidence, numbers.sure)]),
        f"numbers: {_flow(numbers.form.model_dump(exclude_defaults=True))}",
        *_dates(draft),
        *_restates(draft),
        "# TO DO: who reports (seizing_authority, national_focal_point or international_organisation)",
        "reporter_role: " + ("seizing_authority" if draft.kind == "seizures" else "national_focal_point"),
        f"privacy: {_flow(_privacy(draft))}",
        "",
        *_constants(draft),
        "columns:",
        *(line for choice in draft.choices.values() for line in _column(choice)),
        *(line for target, name in draft.missing.items() for line in _missing(target, name)),
        *_lines(draft),
        *_declared(draft),
        "",
        *_scope(draft),
    ]
    return "\n".join(lines) + "\n"


def _said(guesses: Iterable[Guess], indent: str = "") -> Iterator[str]:
    for guess in guesses:
        doubt = "" if guess.sure else " (not sure)"
        yield _one_line(f"{indent}# guess{doubt}: {guess.key} {guess.value}, because {guess.evidence}")


def _one_line(text: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in text)


def _flow(value: Any) -> str:
    """A value on one line of YAML."""
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=10**9)
    return text.removesuffix("\n").removesuffix("\n...").removesuffix("\n")


def _format_keys(form: FileFormat) -> dict[str, Any]:
    return {"type": form.type, **form.model_dump(exclude_defaults=True)}


def _dates(draft: Draft) -> list[str]:
    first = draft.dated.first if draft.dated else date(2000, 1, 1)
    says = f"the sample's dates run from {first} to {draft.dated.last}" if draft.dated else "nothing says more"
    return [
        f"# guess (not sure): dates, because {says}; a date outside quarantines its row",
        f"dates: {{earliest: {date(min(2000, first.year), 1, 1)}, latest: 2040-12-31}}",
    ]


def _restates(draft: Draft) -> Iterator[str]:
    if draft.kind in ("totals", "cultivation"):
        yield "# guess (not sure): restates, because totals that are sent again replace the older ones"
        yield "restates: snapshot"
    else:
        yield "# TO DO: nothing, record, period or snapshot: what of earlier files a new file replaces"
        yield "restates: nothing"
    if draft.vintage:
        column, form = draft.vintage
        says = f"the header {_one_line(column)} says when the row was changed"
        yield f"# guess (not sure): vintage, because {says}"
        yield f"vintage: {_flow({'column': column, 'date_format': form})}"


def _privacy(draft: Draft) -> str:
    personal = [choice.name for choice in draft.choices.values() if choice.keys.get("personal")]
    if not personal:
        return "No column looks as if it held personal data. TO DO: confirm it"
    return f"Emptied at the door: {', '.join(personal)}. TO DO: confirm that no other column holds personal data"


def _constants(draft: Draft) -> Iterator[str]:
    yield "constants:" if draft.constants else "constants: {}"
    for target, guess in draft.constants.items():
        yield from (*_said([guess], "  "), f"  {target}: {_flow(guess.value)}")


def _column(choice: Choice) -> Iterator[str]:
    yield from _said(choice.guesses, "  ")
    yield from (f"  # TO DO: {_one_line(item)}" for item in choice.to_do)
    if n := len(choice.suggestions):
        yield f"  # TO DO: {n} spelling(s) without a code: add what you know to schemas/lookups/{choice.lookup}.csv"
        for item in choice.suggestions[:SHOWN]:
            perhaps = f", perhaps {item.code}: like {item.like!r}, {item.score:.2f}" if item.code else ""
            yield _one_line(f"  #   {item.spelling} ({item.n_rows} rows){perhaps}")
        if n > SHOWN:
            yield f"  #   and {n - SHOWN} more"
    yield f"  {_flow(choice.name)}: {_flow(choice.keys)}"


def _missing(target: str, name: str) -> Iterator[str]:
    keys = {"to": target}
    if target in STAND_INS or target in {"stage", "stage_state"}:
        keys["lookup"] = "@code"
    elif target in DATE_TARGETS:
        keys["date_format"] = "%Y-%m-%d"
    where = f"put `{target}: CODE` under constants" if target in STAND_INS else "name the column that says it"
    yield f"  # TO DO: no column says the {target} and every row needs one: {where}, and take this line away. No file"
    yield "  # has a column of this name, so `flows source check` names it until then."
    yield f"  {_flow(name)}: {_flow(keys)}"


def _lines(draft: Draft) -> Iterator[str]:
    if draft.lines:
        yield from ("# several columns of one row, each a line of its own", "lines:")
    for line in draft.lines:
        entry: dict[str, Any] = {"columns": {line.column: {"to": draft.amount}}, "constants": line.constants}
        if draft.kind != "seizures":
            entry["absent"] = [""]
        if line.constants.get("unit") == "unspecified":
            yield f"  # TO DO: the unit of {_one_line(line.column)}"
        yield f"  # guess: {_one_line(line.column)}, because {_one_line(line.evidence)}"
        yield f"  - {_flow(entry)}"


def _declared(draft: Draft) -> Iterator[str]:
    if draft.declared:
        yield from ("", "declared:")
    for entry, guess in draft.declared:
        yield from (*_said([guess], "  "), f"  - {_flow(entry)}")


def _scope(draft: Draft) -> Iterator[str]:
    yield "# TO DO: what the source covers; outside it the answer is `not_covered`, and nothing is ever zero"
    yield "scope:"
    if found := families(draft):
        yield "  # guess (not sure): commodity_families, because these are the ones in the sample"
        yield f"  commodity_families: {_flow(found)}"
    yield f"  territory: {'world' if draft.column_of('reporter') else 'national'}"
    yield "  completeness: partial"

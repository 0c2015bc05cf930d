"""Columns that nothing speaks for, and what the sample leaves open.

Belongs here: dropping what fills no target, with a hint; questions to whoever finishes the contract. Does not belong
here: personal columns (`privacy`).
"""

from __future__ import annotations

from illicit_flows.source.proposal.areas import area_share
from illicit_flows.source.proposal.cells import Column
from illicit_flows.source.proposal.found import Draft
from illicit_flows.source.proposal.privacy import looks
from illicit_flows.source.proposal.words import SEIZURES, strength

ROLELESS = "it names countries, but no role: map it `to` origin, departure, transit, destination or reporter"


def drop_the_rest(draft: Draft) -> None:
    """Columns that fill no target; one of them may say as of when a row was stated."""
    alike = {name: found.forms[0] for name, found in draft.dates.items() if len(found.forms) == 1}
    draft.vintage = next(((name, form) for name, form in alike.items() if strength(name, "vintage") >= 0.6), None)
    mapped = [draft.columns[name] for name, choice in draft.choices.items() if choice.target]
    for name, column in draft.left.items():
        twin = next((other.name for other in mapped if column.goes_with(other)), None)
        if twin is not None:
            each = f"each of its {len(column.counts)} spellings goes with one of {twin}"
            draft.drop(name, f"repeats {twin}", each)
        elif kinds := column.looks_personal:
            reason = f"looks personal ({', '.join(kinds)})"
            draft.drop(name, reason, f"cells look like {looks(column)}", personal=True, sure=False)
        elif name in draft.dates:
            draft.drop(name, "another date", draft.dates[name].evidence, sure=False)
        else:
            why = f"{column.variety} in {column.n} filled cells"
            choice = draft.drop(name, "nobody has said yet what it is for", why, sure=False)
            choice.to_do.append(_hint(draft, column))


def _hint(draft: Draft, column: Column) -> str:
    if area_share(column, draft.codes) >= 0.8:
        return ROLELESS
    hint = "map it `to` a target, or keep it dropped and say why"
    clearest = max(SEIZURES, key=lambda target: strength(column.name, target))
    if strength(column.name, clearest) >= 0.8:
        hint += f"; its header says {clearest}, and its cells do not"
    return hint


def ask(draft: Draft) -> None:
    """Questions that the sample raises and does not answer."""
    found = draft.to_do
    reporter = draft.column_of("reporter")
    roleless = any(ROLELESS in choice.to_do for choice in draft.choices.values())
    if reporter and roleless and len(draft.columns[reporter.name].counts) > 1:
        reporter.to_do.append("several columns name countries: is this one the country that reports?")
    if any(strength(name, "fiscal") >= 0.6 for name in draft.columns):
        found.append("a header speaks of fiscal years: if so, set fiscal_year_from_month on the column of the year")
    if any(column.like(r"(FY ?)?(19|20)?[0-9]{2}[/-][0-9]{2}") for column in draft.columns.values()):
        found.append("some cells look like fiscal years (2021/22): see fiscal_year_from_month in the guide")
    if draft.numbers and not draft.numbers.sure:
        found.append(f"check the marks of numbers: {draft.numbers.evidence}")
    for choice in (draft.column_of("seized"), draft.column_of("commodity")):
        column = draft.columns[choice.name] if choice else None
        if column and column.n_empty > 0.2 * draft.n_rows and column.cells[0] != "":
            hint = "if each repeats the one above, set fill_down: true"
            found.append(f"{column.n_empty} cells of {column.name} are empty: {hint}")
    if draft.kind == "seizures" and draft.column_of("record_id"):
        found.append("if a later file sends the same record again to change it, set restates: record")

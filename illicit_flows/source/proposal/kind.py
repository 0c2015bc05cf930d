"""What a row of the file is: a seizure, a total, a stage of a case, an area of crops; or several of them side by side.

Belongs here: the columns of dates, which tell the kinds apart; the kind; lines. Does not belong here: what single
columns are (`roles`).
"""

from __future__ import annotations

import re

from illicit_flows.source.proposal.cells import Column
from illicit_flows.source.proposal.dates import dates_of
from illicit_flows.source.proposal.found import Draft, Guess, Line
from illicit_flows.source.proposal.header import YEAR
from illicit_flows.source.proposal.words import WORDS, folded, strength
from schemas.contracts import EXCEL_SERIAL, LEG_TARGETS, Kind


def read_dates(draft: Draft) -> None:
    """Which columns hold dates: not those of figures that could be anything else."""
    for name, column in draft.left.items():
        found = dates_of(column, draft.language, draft.weekday) if column is not draft.weekday else None
        if found is None or set(found.forms) == {"%Y"}:
            continue
        said = max(strength(name, "seized"), strength(name, "vintage"))
        if (said < 0.35 and found.forms == (EXCEL_SERIAL,)) or (not said and set(found.forms) <= {"%Y%m%d", "%Y"}):
            continue
        draft.dates[name] = found


def settle_kind(draft: Draft) -> None:
    draft.kind, why, sure = _kind(draft)
    draft.kind_guess = Guess("kind", draft.kind, why, sure)
    draft.lines = _lines(draft)


def _kind(draft: Draft) -> tuple[Kind, str, bool]:
    """The kind, what speaks for it, and whether that is sure."""
    columns = draft.left

    def says(hint: str) -> bool:
        return any(strength(name, hint) >= 0.6 for name in columns)

    commodity = any(draft.codes.coverage("commodity", column) >= 0.3 for column in columns.values())
    if says("stage") and not commodity:
        return "outcomes", "a column names the stage of a case, and none a commodity", False
    years = [name for name, column in columns.items() if _is_year(name) and column.numeric > 0.7]
    year = any(column.is_year and strength(name, "year") for name, column in columns.items())
    if not draft.dates and not any(says(leg) for leg in LEG_TARGETS):
        hectares = says("hectares") or "hect" in folded(" ".join(draft.sample.shape.titles))
        if hectares and (years or year):
            return "cultivation", "it counts hectares by year", False
        if year or len(years) > 1:
            return "totals", "its rows have a year and no day, and no route", False
    why = "its rows have a date and a commodity" if draft.dates else "nothing speaks for another kind"
    return "seizures", why, bool(draft.dates)


def _lines(draft: Draft) -> list[Line]:
    """Columns side by side whose names are years, or commodities with their unit."""
    numeric = {name: column for name, column in draft.left.items() if name not in draft.dates and column.numeric > 0.7}
    if draft.kind == "seizures":
        lines = [line for column in numeric.values() if (line := _commodity_line(draft, column))]
    elif draft.kind == "outcomes":
        return []
    else:
        lines = [Line(name, {"year": name.strip()}, "its header is a year") for name in numeric if _is_year(name)]
    return lines if len(lines) > 1 else []


def _commodity_line(draft: Draft, column: Column) -> Line | None:
    """A quantity whose header names the commodity: `Cocaine (lbs)`, `Cash (USD)`."""
    inside = re.search(r"[(\[]([^)\]]+)[)\]]", column.name)
    word = inside.group(1).strip() if inside else ""
    in_currency = word.upper() in draft.registry.codes["currencies"].codes
    money = in_currency and any(said in folded(column.name) for said in WORDS["cash"])
    if in_currency and not money:  # what goods are worth is no money that was seized
        return None
    code = "cash_currency" if money else draft.codes.code("commodity", re.sub(r"[(\[].*", "", column.name).strip())
    if code is None or strength(column.name, "quantity") >= 0.6:
        return None
    constants = {"commodity": code}
    if money:
        constants |= {"unit": "currency_unit", "currency": word.upper()}
    elif unit := draft.codes.unit(word):
        constants["unit"] = unit
    in_unit = f", in {constants['unit']}" if "unit" in constants else ""
    return Line(column.name, constants, f"its header names {code}{in_unit}")


def _is_year(name: str) -> bool:
    return YEAR.fullmatch(name.strip()) is not None

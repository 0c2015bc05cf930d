"""What the contract says of a column that fills a target.

Belongs here: the keys beside `to`: forms, lookups with the codes of known spellings, spellings of "not known", marks of
numbers. Does not belong here: which target it fills (`roles`).
"""

from __future__ import annotations

from collections.abc import Mapping

from illicit_flows.source.proposal.areas import AREA_TARGETS, built_in, shared_lookup, split_by, split_counts
from illicit_flows.source.proposal.cells import Column
from illicit_flows.source.proposal.codes import Suggestion
from illicit_flows.source.proposal.coordinates import is_dms, marks_of_degrees
from illicit_flows.source.proposal.dates import years_of
from illicit_flows.source.proposal.day_or_month import all_weekdays, holds_months
from illicit_flows.source.proposal.found import Choice, Draft, Guess
from illicit_flows.source.proposal.numbers import Marks, marks_of, numbers_of, quantities_with_unit
from illicit_flows.source.proposal.privacy import PERSONS
from illicit_flows.source.proposal.words import bare, strength
from schemas.contracts import COORDINATE_TARGETS, DATE_TARGETS, LEG_TARGETS, LOOKUP_TARGETS

CATEGORIES = ("transport_mode", "concealment", "facility", "direction", "agency", "seal_state", "bill_of_lading",
              "calibre_class", "source_reliability", "info_accuracy")  # fmt: skip
FIGURES = frozenset({"quantity", "kg", "hectares", "proceeds", *PERSONS})
NEEDED = frozenset({"commodity", "unit", "reporter", "currency"})
"""Targets of which "other" is no answer."""
SAID_FOR_NOTHING = {"unit": "unspecified", "currency": "XXX", "stage_state": "unknown", "instrument": "unknown"}
"""Codes of "not known" where a target needs one."""


def write_column(draft: Draft, column: Column, target: str, evidence: str, *, sure: bool) -> None:
    choice = Choice(column.name, {"to": target}, [Guess("to", target, evidence, sure)])
    draft.choices[column.name] = choice
    if target in DATE_TARGETS:
        _write_date(draft, choice)
    elif target == "quantity_with_unit":
        units = quantities_with_unit(column)[1]
        del units[""]
        choice.keys["unit_lookup"] = _code(draft, choice, "unit", _lookup_name(draft, column.name), units)
        choice.keys["not_known_code"] = SAID_FOR_NOTHING["unit"]
    elif target == "weekday":
        choice.keys["lookup"] = name = _lookup_name(draft, column.name)
        draft.lookups[name] = {text: str(number) for text, number in sorted(all_weekdays(column).items())}
    elif target in LOOKUP_TARGETS:
        _write_lookup(draft, choice, column, target)
    elif target in COORDINATE_TARGETS and is_dms(column):
        choice.keys["coordinates"] = "dms"
    if target in LEG_TARGETS:
        choice.keys["role_word"] = column.name
    _write_not_known(draft, choice, column, target)


def _write_date(draft: Draft, choice: Choice) -> None:
    found = draft.dates[choice.name]
    choice.keys["date_format"] = found.forms[0] if len(found.forms) == 1 else list(found.forms)
    if any("%B" in form for form in found.forms) and found.languages != (draft.language,):
        choice.keys["month_names"] = list(found.languages)
    choice.guesses = [Guess("date_format", " | ".join(found.forms), found.evidence, found.sure)]
    if found.undecided:
        choice.to_do.append(
            "say whether day or month comes first: no cell decides it. Ask the publisher, then set date_format"
        )
    elif not found.sure and "contradict" in found.evidence:
        choice.to_do.append("some dates fit only the other order of day and month: those rows are quarantined")
    if found.unread:
        choice.to_do.append(f"{found.unread} cells are no such date and their rows will be quarantined: look at them")


def write_year_and_month(draft: Draft) -> None:
    """A date that stands in two columns, or a year alone."""
    target = {"seizures": "seized", "totals": "period"}.get(draft.kind)
    if target is None or target in draft.filled or (draft.kind == "totals" and draft.lines):
        return
    free = draft.left | {choice.name: draft.columns[choice.name] for choice in [draft.column_of("year")] if choice}
    year = next((c for name, c in free.items() if c.is_year and strength(name, "year")), None)
    months = (c for name, c in draft.left.items() if strength(name, "month") and holds_months(c, draft.language))
    month = next(months, None)
    if year is None or (month is None and draft.kind == "totals"):
        return
    if month is None:
        form, keys, why = "%Y", {"to": target}, "no column has a day or a month"
    else:
        form, keys = "%Y|%m" if month.numeric > 0.9 else "%Y|%B", {"to": target, "also_with": year.name}
        why = f"no column has a day; {year.name} and {month.name} make a month"
        draft.drop(year.name, f"read together with {month.name}", "it is a year")
    name = (month or year).name
    draft.choices[name] = Choice(name, keys | {"date_format": form}, [Guess("to", target, why, sure=False)])
    draft.dates[name] = years_of(year, form)


# --- lookups ------------------------------------------------------------------------------------------------


def _write_lookup(draft: Draft, choice: Choice, column: Column, target: str) -> None:
    """A built-in lookup, one that is there already, or a new one."""
    if found := built_in(column, draft.codes, target):
        choice.keys |= {"lookup": found.lookup} | ({"split": found.split} if found.split else {})
        parted = f", parted at {found.split!r}" if found.split else ""
        choice.guesses.append(Guess("lookup", found.lookup, found.evidence + parted))
        return
    counts: Mapping[str, int] = column.counts
    if target in LEG_TARGETS and (split := split_by(column, draft.codes)):
        choice.keys["split"] = split[0]
        choice.guesses.append(Guess("split", *split, sure=False))
        counts = split_counts(counts, split[0])
    if target in AREA_TARGETS and (shared := shared_lookup(counts, draft.codes)):
        choice.keys["lookup"] = shared
        choice.guesses.append(Guess("lookup", shared, f"it has all {len(counts)} spellings"))
        return
    new = f"{draft.source}.countries" if target in AREA_TARGETS else _lookup_name(draft, column.name)
    choice.keys["lookup"] = _code(draft, choice, target, new, counts)


def _code(draft: Draft, choice: Choice, target: str, lookup: str, counts: Mapping[str, int]) -> str:
    """Write the codes of spellings that are known; list the others with what they may be."""
    known = {text: code for text in sorted(counts) if (code := draft.codes.code(target, text)) is not None}
    draft.lookups[lookup] = rows = draft.lookups.get(lookup, {}) | known
    no_answer = set() if target in NEEDED else set(draft.columns[choice.name].others)
    unknown = [text for text in counts if text not in known.keys() | no_answer]
    n = sum(counts[text] for text in counts if text in rows)
    evidence = f"{len(counts) - len(unknown)} of {len(counts)} spellings are known ({n} of {sum(counts.values())} rows)"
    choice.guesses.append(Guess("lookup", lookup, evidence, sure=not unknown))
    choice.suggestions = [
        draft.codes.suggest(target, text, counts[text]) if len(unknown) <= 200 else Suggestion(text, counts[text])
        for text in sorted(unknown, key=lambda text: (-counts[text], text))
    ]
    return lookup


def _lookup_name(draft: Draft, column: str) -> str:
    return f"{draft.source}.{bare(column).replace(' ', '_')[:40] or 'column'}"


def _write_not_known(draft: Draft, choice: Choice, column: Column, target: str) -> None:
    """Spellings of "not known"; a unit needs a code for them, and a commodity or reporter cannot do without."""
    if target in {"seized", "stage_date", "weekday", "case_id"}:
        return
    nothing = draft.n_rows - column.n
    if target in {"commodity", "reporter", "stage"}:
        if nothing:
            choice.to_do.append(f"{nothing} rows have no {target} and will be quarantined")
        return
    spellings = set(column.not_known)
    if target in {*LEG_TARGETS, *CATEGORIES}:
        spellings |= {text for text in column.others if draft.codes.code(target, text) is None}
    if target not in SAID_FOR_NOTHING:
        choice.keys["not_known"] = sorted(spellings | {""})
    elif nothing:
        choice.keys |= {"not_known": sorted(spellings), "not_known_code": SAID_FOR_NOTHING[target]}
    if words := sorted(spellings - {""}):
        says = f"{column.cells.is_in(words).sum()} cells say so"
        choice.guesses.append(Guess("not_known", ", ".join(words), says, sure=False))


# --- marks of numbers ---------------------------------------------------------------------------------------


def write_numbers(draft: Draft) -> None:
    """Marks of the file: those of the quantities. A column that differs gets its own."""
    found: dict[str, Marks] = {}
    for name, choice in draft.choices.items():
        if choice.target in FIGURES:
            found[name] = marks_of(draft.columns[name].counts)
        elif choice.target == "quantity_with_unit":
            found[name] = marks_of(quantities_with_unit(draft.columns[name])[0])
    found |= {line.column: marks_of(draft.columns[line.column].counts) for line in draft.lines}
    draft.numbers = whole = numbers_of(sum(found.values(), Marks()), draft.language)
    for name, choice in draft.choices.items():
        form = whole.form
        if name in found:
            own = numbers_of(found[name], draft.language)
            if own.told and own.sure and not whole.sure and own.form != whole.form:
                form = own.form
                choice.guesses.append(Guess("numbers", form.decimal, own.evidence))
        elif choice.target in COORDINATE_TARGETS and "coordinates" not in choice.keys:
            form = marks_of_degrees(draft.columns[name])
        if form != whole.form:
            choice.keys["numbers"] = form.model_dump(exclude_defaults=True)

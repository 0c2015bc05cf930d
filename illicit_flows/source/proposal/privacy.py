"""Columns that are not kept: they hold nothing, or a person.

Belongs here: what a header or the look of cells says of persons, in favour of dropping. Does not belong here: columns
that nobody has a use for (`leftovers`).
"""

from __future__ import annotations

from illicit_flows.source.proposal.areas import area_share
from illicit_flows.source.proposal.cells import Column
from illicit_flows.source.proposal.found import Draft
from illicit_flows.source.proposal.words import PERSONAL, SEIZURES, strength, strength_of
from pipelines.deliveries.notices import FREE_TEXT_TARGETS

PERSONS = ("persons_f", "persons_m", "persons_x", "persons_unknown")


def drop_empty_and_personal(draft: Draft) -> None:
    for name, column in draft.columns.items():
        if column.n == 0:
            n = f"{column.cells.len()} of {draft.n_rows} cells say nothing"
            draft.drop(name, "no cell of the sample holds anything", n)
        elif (reason := personal_reason(draft, column)) is not None:
            draft.drop(name, reason, "its header says so", personal=True)
        elif strength(name, "free_text") >= 0.6 or column.is_prose:
            why = f"{column.variety} in {column.n} filled cells"
            draft.drop(name, "free text may hold personal data", why, personal=True, sure=False)


def personal_reason(draft: Draft, column: Column) -> str | None:
    """What a header says of persons, if it says that more clearly than anything else."""
    counts_persons = column.numeric == 1 and any(strength(column.name, who) == 1 for who in PERSONS)
    if counts_persons or strength(column.name, "name_of_a_thing") == 1:
        return None
    things = max(strength(column.name, target) for target in SEIZURES)
    for reason, words in PERSONAL.items():
        # French `nombre` is a number
        ours = [word for word in words if draft.language != "fr" or not word.startswith("nombre")]
        said = strength_of(column.name, ours)
        if said == 0 or said < things:
            continue
        place = reason == "leads to an owner" and area_share(column, draft.codes) >= 0.8
        thing = reason == "name of a person" and said == things and not column.looks_personal
        if not place and not thing:
            return reason
    return None


def look_at_kept_texts(draft: Draft) -> None:
    """Drop a text that mostly looks personal, and warn of one that does in part."""
    for choice in list(draft.choices.values()):
        column = draft.columns[choice.name]
        if choice.target not in FREE_TEXT_TARGETS or not column.looks_personal:
            continue
        said = "cells look like " + looks(column)
        if max(column.looks_personal.values()) > 0.5 * column.n and choice.target in {"place_text", "inn"}:
            draft.drop(column.name, "looks personal", said, personal=True, sure=False)
        else:
            choice.to_do.append(f"{said}: drop the column with `personal: true` if that is so")


def looks(column: Column) -> str:
    return ", ".join(f"a {kind} in {n} rows" for kind, n in column.looks_personal.items())

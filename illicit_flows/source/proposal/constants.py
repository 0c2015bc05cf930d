"""What the file does not say in a column, but in a header, a title or a name: the unit, the reporter, the crop.

Belongs here: constants of the contract, each marked as not sure. Does not belong here: what no text of the sample says,
which stays open.
"""

from __future__ import annotations

import re

from illicit_flows.source.proposal.areas import named_area
from illicit_flows.source.proposal.found import Draft, Guess
from illicit_flows.source.proposal.words import WORDS, bare


def fill_constants(draft: Draft) -> None:
    _unit(draft)
    texts = [*draft.named_in, *draft.sample.shape.titles]
    if "reporter" not in draft.filled and (named := named_area(texts, draft.codes)):
        _constant(draft, "reporter", named[0], f"the publisher, the file's name or a title says {named[1]}")
    if draft.kind == "cultivation" and "commodity" not in draft.filled:
        words = bare(" ".join([*texts, *draft.sample.parts]))
        crop = next((word for word in WORDS["crops"] if re.search(rf"\b{word}", words)), None)
        if crop:
            _constant(draft, "commodity", WORDS["crops"][crop], f"a title or name says {crop}")


def _constant(draft: Draft, target: str, code: str, evidence: str) -> None:
    draft.constants[target] = Guess(target, code, evidence, sure=False)


def _unit(draft: Draft) -> None:
    """The unit that the header of the quantity or a title names. Kilograms of a total are a target of their own."""
    amount = draft.column_of("quantity")
    if "unit" not in draft.filled and amount and (unit := draft.codes.unit_in(amount.name)):
        if draft.kind == "totals" and unit == "kilogram":
            amount.keys["to"] = "kg"
            return
        _constant(draft, "unit", unit, f"the header of {amount.name} says so")
    elif not draft.filled & {"unit", "quantity_with_unit"} and draft.kind in ("seizures", "totals"):
        units = {unit for title in draft.sample.shape.titles if (unit := draft.codes.unit_in(title))}
        if len(units) == 1:
            _constant(draft, "unit", units.pop(), "a title above the table says so")
    if draft.kind == "seizures" and "unit" not in draft.constants and draft.column_of("unit") is None:
        for line in draft.lines:
            line.constants.setdefault("unit", "unspecified")


def families(draft: Draft) -> list[str]:
    """Families of the commodities that the sample names."""
    groups = {row["code"]: row["commodity_group"] for row in draft.registry.codes["commodities"].rows}
    of_group = {row["code"]: row["family"] for row in draft.registry.codes["commodity_groups"].rows}
    codes = {line.constants["commodity"] for line in draft.lines if "commodity" in line.constants}
    if "commodity" in draft.constants:
        codes.add(draft.constants["commodity"].value)
    if choice := draft.column_of("commodity"):
        codes |= set(draft.lookups.get(str(choice.lookup), {}).values()) or set(draft.columns[choice.name].counts)
    return sorted({of_group[groups[code]] for code in codes if code in groups})

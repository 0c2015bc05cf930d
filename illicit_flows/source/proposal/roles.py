"""Which column fills which target.

Belongs here: what a header and the cells together say for a target, and giving each target the column that the most
speaks for. Does not belong here: how the column is then written down (`columns`). A score is the header's strength
(0 to 1, see `words`) and what the cells add to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from illicit_flows.source.proposal.areas import area_share, built_in
from illicit_flows.source.proposal.cells import Column
from illicit_flows.source.proposal.columns import CATEGORIES, write_column, write_year_and_month
from illicit_flows.source.proposal.coordinates import degrees_share, is_dms, position_share
from illicit_flows.source.proposal.day_or_month import weekday_numbers
from illicit_flows.source.proposal.found import Draft
from illicit_flows.source.proposal.numbers import quantities_with_unit
from illicit_flows.source.proposal.privacy import PERSONS
from illicit_flows.source.proposal.words import OUTCOMES, SEIZURES, bare, strength
from schemas.contracts import LEG_TARGETS, LOOKUP_TARGETS

MOST_SPELLINGS = 400
"""A column with more spellings than this, most of them unknown, is no category."""
FEW_SPELLINGS = 60
"""Up to so many, a column whose header names a category is one, though none of its spellings be known."""
EXCLUDES: Mapping[str, set[str]] = {
    "quantity_with_unit": {"quantity", "unit"}, "quantity": {"quantity_with_unit"}, "unit": {"quantity_with_unit"},
    "position": {"lat", "lon"},
}  # fmt: skip

NEVER_SURE: Mapping[str, str] = {
    "reporter": "does {column!r} name the country that reports, and not one on the route?",
    "record_id": "does {column!r} name a record in all files alike? If it begins again in each, drop it. A case number "
    "needs `keyed: true`",
    "incident_number": "does {column!r} name an interception in all files alike? A case number needs `keyed: true`",
}
"""What a file alone cannot tell of a target, as a question to the one who knows the publisher."""

Said = Mapping[str, float]
"""How well a header says each target."""


@dataclass(frozen=True)
class Candidate:
    """A column that may fill a target, and how much speaks for it."""

    column: Column
    target: str
    header: float
    content: float
    evidence: str

    @property
    def score(self) -> float:
        return self.header + self.content


def assign(draft: Draft) -> None:
    """Give each target the column that the most speaks for, and each column one target."""
    candidates = [candidate for column in draft.left.values() for candidate in _candidates(draft, column)]
    for candidate in sorted(candidates, key=lambda found: -found.score):
        taken = draft.filled
        free = candidate.column.name not in draft.choices and candidate.target not in taken
        if free and not taken & EXCLUDES.get(candidate.target, set()):
            says = "its header says so, and " if candidate.header >= 0.6 else ""
            evidence = says + candidate.evidence
            sure = candidate.score >= 1.5 and candidate.target not in NEVER_SURE
            write_column(draft, candidate.column, candidate.target, evidence, sure=sure)
            if candidate.target in NEVER_SURE:
                draft.to_do.append(NEVER_SURE[candidate.target].format(column=candidate.column.name))
    write_year_and_month(draft)


def _candidates(draft: Draft, column: Column) -> Iterator[Candidate]:
    if draft.kind == "outcomes":
        yield from _outcomes(draft, column, {target: strength(column.name, target) for target in OUTCOMES})
        return
    said = {target: strength(column.name, target) for target in SEIZURES}
    areas = area_share(column, draft.codes)
    if draft.kind == "seizures":
        yield from _dates(draft, column, said)
        yield from _areas(draft, column, said, areas)
        yield from _categories(draft, column, said)
        yield from _places(draft, column, said)
        yield from _ids(draft, column, said)
    elif draft.kind == "cultivation" and said["admin1"] and column.numeric < 0.5:
        yield Candidate(column, "admin1", said["admin1"], 0.5, column.variety)
    if areas >= 0.6 and said["reporter"]:
        yield Candidate(column, "reporter", said["reporter"], areas, column.says(areas, "name a country or area"))
    yield from _commodities_and_units(draft, column, said)
    yield from _amounts(draft, column, said)


def _dates(draft: Draft, column: Column, said: Said) -> Iterator[Candidate]:
    found = draft.dates.get(column.name)
    another = max(strength(column.name, "vintage"), strength(column.name, "other_date"))
    if found and (another <= said["seized"] or another < 0.5):
        yield Candidate(column, "seized", said["seized"], found.share, found.evidence)
    if column is draft.weekday:
        share = column.share(weekday_numbers(column))
        yield Candidate(column, "weekday", 1, 1, column.says(share, "are names of weekdays"))


def _areas(draft: Draft, column: Column, said: Said, areas: float) -> Iterator[Candidate]:
    for leg in LEG_TARGETS:
        if said[leg] and areas >= 0.4:
            clear = 0.2 if said[leg] >= 0.6 else 0.0
            says = column.says(areas, "that say something name a country or area")
            yield Candidate(column, leg, said[leg] + clear, areas, says)
    if said["vessel_flag"] and (areas >= 0.5 or built_in(column, draft.codes, "vessel_flag")):
        yield Candidate(column, "vessel_flag", said["vessel_flag"], 1, "its cells are areas")


def _categories(draft: Draft, column: Column, said: Said) -> Iterator[Candidate]:
    if column.numeric > 0.5 or column.name in draft.dates or len(column.counts) > MOST_SPELLINGS:
        return
    for target in CATEGORIES:
        known = draft.codes.coverage(target, column)
        by_header = said[target] >= 0.6 and (known >= 0.1 or len(column.counts) <= FEW_SPELLINGS)
        by_both = said[target] and known >= 0.4
        if by_header or by_both or (known >= 0.9 and len(column.counts) > 1):
            yield Candidate(column, target, said[target], 1.1 * known, column.says(known, "are known spellings"))
    money = column.share(column.counts.keys() & draft.registry.codes["currencies"].codes)
    if money >= 0.9 and (said["currency"] or len(column.counts) < 6) and said["reporter"] < 0.6:
        yield Candidate(column, "currency", said["currency"], money, column.says(money, "are codes of ISO 4217"))


def _places(draft: Draft, column: Column, said: Said) -> Iterator[Candidate]:
    for target, limit in (("lat", 90), ("lon", 180)):
        if said[target] and (degrees_share(column, limit) >= 0.9 or is_dms(column)):
            yield Candidate(column, target, said[target], 1, f"its cells are degrees within {limit}")
    for written in ("dms", "decimal"):
        if said["position"] or written == "dms":
            share = position_share(column, written, draft.language)
            if share >= 0.8:
                says = column.says(share, "hold a latitude and a longitude")
                yield Candidate(column, "position", said["position"], 1 + share, says)
    if column.numeric > 0.5 or column.name in draft.dates:
        return
    codes = column.like("[A-Z]{3}|[A-Z]{5}")
    if codes >= 0.8 and said["place_code"]:
        says = column.says(codes, "are codes of three or five letters")
        yield Candidate(column, "place_code", said["place_code"], 1.2, says)
    for target, least, content in (("admin1", 0.3, 0.3), ("place_text", 0.3, 0.3), ("inn", 0.6, 0.5)):
        if said[target] >= least:
            yield Candidate(column, target, said[target], content, column.variety)


def _ids(draft: Draft, column: Column, said: Said) -> Iterator[Candidate]:
    if column.name in draft.dates or column.has_fractions or column.like(r"[\s\S]*[0-9][\s\S]*") < 0.9:
        return
    n = len(column.counts)
    if column.counts.keys() == {str(number) for number in range(1, n + 1)}:
        return  # a running number of the file begins again in the next one
    by_header = said["record_id"]
    first = column.name == draft.sample.header[0] and column.numeric < 0.5
    if n == column.n == draft.n_rows and n > 1 and (by_header or first):
        yield Candidate(column, "record_id", by_header, 1, f"its {column.n} cells are all different")
    elif by_header and n > 0.3 * column.n:
        yield Candidate(column, "incident_number", by_header, 0.4, f"{n} numbers stand on {column.n} rows")


def _commodities_and_units(draft: Draft, column: Column, said: Said) -> Iterator[Candidate]:
    if column.numeric >= 0.5:
        return
    known = draft.codes.coverage("commodity", column)
    if (said["commodity"] or known >= 0.5) and column.name not in draft.dates:
        says = column.says(known, "are known commodities")
        yield Candidate(column, "commodity", said["commodity"], 1.2 * known, says)
    units = draft.codes.coverage("unit", column)
    named = {draft.codes.code("unit", text) for text in column.counts} - {"unspecified", "mark", None}
    if (said["unit"] and units >= 0.2) or (units >= 0.5 and named):
        yield Candidate(column, "unit", said["unit"], units, column.says(units, "are known units"))


def _amounts(draft: Draft, column: Column, said: Said) -> Iterator[Candidate]:
    if column.is_year and said["quantity"] < 0.6:
        if draft.kind != "seizures" and strength(column.name, "year"):
            yield Candidate(column, "year", 1, 1, f"{column.n} cells are years")
        return
    if column.name in draft.dates or max(said["lat"], said["lon"], said["record_id"]) >= 0.6:
        return
    says = column.says(column.numeric, "are numbers")
    if draft.kind == "totals" and strength(column.name, "n_events") == 1 and column.numeric >= 0.8:
        yield Candidate(column, "n_events", 1, 1, says)
        return
    header = max(said["quantity"], 0.7 if draft.codes.unit_in(column.name) else 0.0)
    if draft.kind == "cultivation":
        header = strength(column.name, "hectares")
    if column.numeric >= 0.8:
        net = 0.05 if re.search(r"\b(net|neto|liquido)\b", bare(column.name)) else 0.0
        content = 0.6 * column.numeric + (0.1 if column.has_fractions else 0.0) + net
        yield Candidate(column, draft.amount, header, content, says)
    elif draft.kind == "seizures" and (n := quantities_with_unit(column)[0].total()):
        says = f"{n} of {column.n} cells are a number with a unit behind it"
        yield Candidate(column, "quantity_with_unit", max(header, 0.3), 1.2 * (n / column.n), says)


def _outcomes(draft: Draft, column: Column, said: Said) -> Iterator[Candidate]:
    if (found := draft.dates.get(column.name)) is not None:
        yield Candidate(column, "stage_date", said["stage_date"], found.share, found.evidence)
        return
    for target, header in said.items():
        if not header or target == "stage_date":
            continue
        if target in (*PERSONS, "proceeds"):
            if column.numeric >= 0.8:
                yield Candidate(column, target, header, column.numeric, column.says(column.numeric, "are numbers"))
        elif target in LOOKUP_TARGETS:
            by_area = target == "reporter"
            known = area_share(column, draft.codes) if by_area else draft.codes.coverage(target, column)
            if known >= 0.2:
                yield Candidate(column, target, header, known, column.says(known, "are known spellings"))
        elif column.numeric < 1 or target == "case_id":
            yield Candidate(column, target, header, 0.5, f"{column.variety} in {column.n} cells")

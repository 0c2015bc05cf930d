"""Totals: annual figures by country and drug, an American border agency's months, hectares of coca.

Belongs here: what publishers say of sums. Does not belong here: a report of one seizure.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from pipelines.world import places, words
from pipelines.world.draws import a_few, log_normal
from pipelines.world.parameters import Parameters

ANNUAL_COLUMNS = ["Region", "country", "ISO Code", "Drug Group", "Drug", "Year", "KG Equivalent"]
WDR_COLUMNS = [
    "Region", "SubRegion", "Country", "DrugGroup", "DrugSubGroup", "DrugName", "Reference year", "Kilograms", "msCode",
]  # fmt: skip
WDR_SUBREGIONS = {  # where the workbook does not spell as IDS does
    "West & Central Europe": "Western and Central Europe", "Southeast Europe": "South-Eastern Europe",
    "East Europe": "Eastern Europe", "Oceania": "Australia and New Zealand",
    "Central Asia and Transcaucasian countries": "Central Asia and Transcaucasia",
    "Near and Middle East /South-West Asia": "Near and Middle East/ South-West Asia",
}  # fmt: skip
CBP_COLUMNS = [
    "FY", "Month (abbv)", "Component", "Region", "Land Filter", "Area of Responsibility", "Drug Type", "Count of Event",
    "Sum Qty (lbs)",
]  # fmt: skip
OFO, PATROL = "Office of Field Operations", "U.S. Border Patrol"
CBP_AREAS = [  # component, region, land filter, area
    (OFO, "Coastal/Interior", "Other", "MIAMI FIELD OFFICE"),
    (OFO, "Coastal/Interior", "Other", "NEW YORK FIELD OFFICE"),
    (OFO, "Southwest Border", "Land Only", "SAN DIEGO FIELD OFFICE"),
    (OFO, "Southwest Border", "Land Only", "LAREDO FIELD OFFICE"),
    (OFO, "Northern Border", "Land Only", "DETROIT FIELD OFFICE"),
    (PATROL, "Southwest Border", "Land Only", "TUCSON SECTOR"), (PATROL, "Coastal/Interior", "Other", "RAMEY SECTOR"),
]  # fmt: skip
MONTHS = ["OCT", "NOV", "DEC", "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP"]
CROP_COLUMNS = ["Departamento", "CODDEPTO"]
CODDEPTO = {
    "Antioquia": "05", "Bolívar": "13", "Caquetá": "18", "Cauca": "19", "Chocó": "27", "Córdoba": "23",
    "Guaviare": "95", "Meta": "50", "Nariño": "52", "Norte de Santander": "54", "Putumayo": "86",
    "Valle del Cauca": "76",
}  # fmt: skip


def annual(p: Parameters, rng: np.random.Generator, sums: pl.DataFrame) -> pl.DataFrame:
    """Kilograms by country, drug and year: never below the true seizures; a few figures under two names.

    `sums` has `year`, `seizing_country`, `commodity` and `milligrams`.
    """
    keys = ["year", "country", "Drug Group", "Drug", "Region", "ISO Code"]
    totals = _named(sums, words.ANNUAL_DRUGS, ("Drug Group", "Drug")).group_by(keys).agg(pl.col("milligrams").sum())
    totals = totals.sort(keys)
    more = np.rint(rng.random(len(totals)) * p.number("annual_excess") * 1000).astype(np.int64)  # in thousandths
    # Rounded up to a gram, so that a total is never below the seizures behind it.
    grams = (pl.col("milligrams") * (1000 + pl.Series(more)) + 999_999) // 1_000_000
    totals = totals.with_columns(_thousandths(grams).alias("KG Equivalent"))
    could_be_twice = np.flatnonzero(totals["Drug"].is_in(list(words.SECOND_NAME)).to_numpy())
    again = totals[a_few(rng, could_be_twice, p.number("annual_twice"), 3)]
    again = again.with_columns(pl.col("Drug").replace(words.SECOND_NAME))
    return pl.concat([totals, again]).sort(keys).rename({"year": "Year"}).select(ANNUAL_COLUMNS)


def workbook(p: Parameters, rng: np.random.Generator, sums: pl.DataFrame) -> pl.DataFrame:
    """The same kind of totals in the World Drug Report's words, some of them a little higher than before."""
    keys = ["Region", "SubRegion", "country", "DrugGroup", "DrugSubGroup", "DrugName", "year", "ISO Code"]
    totals = _named(sums, words.WDR_DRUGS, ("DrugGroup", "DrugSubGroup", "DrugName"))
    totals = totals.group_by(keys).agg(pl.col("milligrams").sum()).sort(keys, descending=[False] * 6 + [True, False])
    revised = np.where(rng.random(len(totals)) < p.number("wdr_revised"), 1.03, 1.0)
    kilograms = np.ceil(totals["milligrams"].to_numpy() / 1_000 * revised) / 1000
    named = totals.rename({"country": "Country", "year": "Reference year", "ISO Code": "msCode"})
    return named.with_columns(Kilograms=pl.Series(kilograms)).select(WDR_COLUMNS)


def border_agency(p: Parameters, rng: np.random.Generator) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Two vintages of an American agency's months: the later one restates some of what both have."""
    first, second = ({int(year) for year in p.row(f"cbp.{name}_fiscal_years")} for name in ("first", "second"))
    mean, growth, pounds = p.numbers("cbp.events"), p.numbers("cbp.growth"), p.sizes("cbp.pounds")
    early: list[tuple[object, ...]] = []
    late: list[tuple[object, ...]] = []
    begin = min(first | second)
    for year in sorted(first | second):
        for month in sorted(MONTHS):
            for area in CBP_AREAS:
                for drug in sorted(mean):
                    events = int(rng.poisson(mean[drug] * growth.get(drug, 1.0) ** (year - begin)))
                    weight = round(float(log_normal(rng, *pounds[drug], max(events, 1)).sum()), 9)
                    anew, more = rng.random() < p.number("cbp.restated"), int(rng.integers(0, 2))
                    factor = float(rng.uniform(0.9, 1.15))
                    if not events:
                        continue
                    if year in first:
                        early.append((year, month, *area, drug, events, weight))
                    if year in second:
                        changed = (events + more, round(weight * factor, 9)) if anew else (events, weight)
                        late.append((year, month, *area, drug, *changed))
    return (pl.DataFrame(early, CBP_COLUMNS, orient="row"), pl.DataFrame(late, CBP_COLUMNS, orient="row"))


def crops(p: Parameters, rng: np.random.Generator) -> pl.DataFrame:
    """Hectares of coca by department and year, and a last row with their sum."""
    years = [int(year) for year in p.row("crops.years")]
    by_department = p.numbers("crops.hectares")
    rows = []
    for department, hectares in sorted(by_department.items()):
        noise = log_normal(rng, 1.0, p.number("crops.spread"), len(years))
        grown = [round(float(hectares * p.number("crops.growth") ** i * noise[i]), 1) for i in range(len(years))]
        rows.append((department, CODDEPTO.get(department, ""), *grown))
    total = ("Total", "", *(round(sum(row[2 + i] for row in rows), 1) for i in range(len(years))))  # type: ignore[misc]
    return pl.DataFrame([*rows, total], [*CROP_COLUMNS, *map(str, years)], orient="row")


def _named(sums: pl.DataFrame, drugs: Mapping[str, tuple[str, ...]], columns: tuple[str, ...]) -> pl.DataFrame:
    """Sums of what has a name there, with the publisher's words for country and drug."""
    part = {row[0]: row[1] for row in places.table(places.REPORTERS)}
    known = sums.filter(pl.col("commodity").is_in(list(drugs)) & pl.col("seizing_country").is_in(list(part)))
    reporter, drug = pl.col("seizing_country"), pl.col("commodity")
    subregion = {iso3: WDR_SUBREGIONS.get(text, text) for iso3, text in part.items()}
    return known.with_columns(
        reporter.alias("ISO Code"),
        reporter.replace_strict({iso3: places.CONTINENTS[text] for iso3, text in part.items()}).alias("Region"),
        reporter.replace_strict(subregion).alias("SubRegion"),
        reporter.replace_strict({iso3: places.annual_name(iso3) for iso3 in part}).alias("country"),
        *(drug.replace_strict({k: v[i] for k, v in drugs.items()}).alias(name) for i, name in enumerate(columns)),
    )


def _thousandths(value: pl.Expr) -> pl.Expr:
    """Print whole thousandths exactly, without trailing zeros."""
    tail = (value % 1000).cast(pl.String).str.zfill(3).str.strip_chars_end("0")
    ending = pl.when(tail == "").then(pl.lit("")).otherwise(pl.concat_str(pl.lit("."), tail))
    return pl.concat_str((value // 1000).cast(pl.String), ending)

"""Units that sit where routes pass: an airport unit, maritime operations, container control, an island's customs.

Belongs here: what these invented publishers say of each event. Does not belong here: the files' bytes (`formats`).
Persons' columns hold the word that stands for what was taken out, or an invented name of a thing.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl
from babel.dates import format_date

from pipelines.world import words
from pipelines.world.draws import Flags, Numbers, chance, unless
from pipelines.world.flows import Plan
from pipelines.world.network import alpha2, network
from pipelines.world.parameters import Parameters
from pipelines.world.places import common_name
from pipelines.world.reporting.common import (
    TOLD,
    Delivery,
    at_spot,
    country,
    delivery,
    hide,
    number_text,
    of,
    plain,
    upto,
)

AIRPORT_COLUMNS = [
    "N°", "Date de saisie", "Nature", "Quantité", "Provenance", "Transit", "Destination", "Dissimulation", "Vol",
    "Nom du passager", "Nationalité", "Observations",
]  # fmt: skip
MARITIME_COLUMNS = [
    "Op. no / N° op.", "Date (UTC)", "Vessel type / Type de navire", "Flag / Pavillon", "Vessel name / Nom du navire",
    "Position", "Drug / Stupéfiant", "Quantity (kg) / Quantité (kg)", "From / De", "To / Vers",
    "Seizing state / État saisissant", "Sea area / Zone", "Agency / Service",
]  # fmt: skip
CONTAINER_COLUMNS = [
    "case_no", "date", "country", "port", "kind", "net_kg", "hs_chapter", "loading", "transhipment", "discharge",
    "seal", "bill_of_lading", "concealment",
]  # fmt: skip
CARIBBEAN_AMOUNTS = ["Cocaine (lbs)", "Marijuana (lbs)", "Firearms (no.)", "Ammunition (rounds)", "Cash (USD)"]
FRENCH_DRUGS = {
    "Cocaine HCL": "cocaïne", "Cannabis herb": "cannabis", "Heroin": "héroïne", "Methamphetamine": "méthamphétamine",
    "Tramadol": "tramadol", "Khat": "khat", "Cannabis resin": "résine de cannabis",
}  # fmt: skip
ENGLISH_DRUGS = {
    "Cocaine HCL": "cocaine", "Cannabis herb": "cannabis herb", "Heroin": "heroin", "Tramadol": "tramadol",
    "Methamphetamine": "methamphetamine", "Cannabis resin": "cannabis resin",
}  # fmt: skip
IN_FRENCH = {
    "sailing yacht": "voilier", "fishing vessel": "bateau de pêche", "go-fast": "go-fast", "cargo": "cargo",
    "semi-submersible": "semi-submersible", "container ship": "porte-conteneurs", "high seas": "haute mer",
    "territorial waters": "eaux territoriales", "navy": "marine nationale", "coast guard": "garde-côtes",
    "customs": "douane", "joint": "joint", "unknown": "inconnu",
}  # fmt: skip
CONVEYANCE = {
    "Private sea": "vessel", "Commercial air": "passenger", "Mail": "courier", "Commercial sea": "container",
    "Private air": "aircraft",
}  # fmt: skip
HS_CHAPTERS = ["08", "09", "03", "44", "72", "84", "94"]
POUND = 0.45359237  # kilograms: exact, by definition
OVULE = 0.012  # kilograms of a body-packed ovule; invented


def airport(
    p: Parameters, rng: np.random.Generator, events: pl.DataFrame, chunk: int, plans: Mapping[int, Plan]
) -> list[Delivery]:
    """The airport unit of Dakar: a sheet a year, the quantity and its unit in one cell."""
    silent = p.number("airport.silent_route")
    said = hide(rng, plain(of(events, "airport_unit")), departure=silent, transit=silent, destination=silent)
    n = len(said)
    said = said.with_columns(
        record_id=numbered(said, chunk, "{}/{}"), hid_origin=pl.lit(True), hid_mode=pl.lit(False),
    )  # fmt: skip
    as_text = rng.random(n) < p.number("airport.date_as_text")
    short = rng.random(n) < 0.5
    texts = [
        format_date(day, "d MMM y" if brief else "d MMMM y", locale="fr") if text else None
        for day, text, brief in zip(said["date"], as_text, short, strict=True)
    ]
    said = said.with_columns(
        pl.col("record_id").alias("N°"),
        pl.coalesce(pl.Series(texts, dtype=pl.String), pl.col("date").dt.to_string("%Y-%m-%d")).alias("Date de saisie"),
        pl.col("commodity").replace_strict(FRENCH_DRUGS).alias("Nature"),
        pl.Series(_french_quantities(p, rng, said), dtype=pl.String).alias("Quantité"),
        unless(pl.col("hid_departure"), country("departure", "fr")).alias("Provenance"),
        unless(pl.col("hid_transit"), _transits(said, plans)).alias("Transit"),
        unless(pl.col("hid_destination"), country("destination", "fr")).alias("Destination"),
        upto(rng, p.mix("airport.hiding"), n).alias("Dissimulation"),
        pl.Series([f"XX {number}" for number in rng.integers(100, 999, n)], dtype=pl.String).alias("Vol"),
        pl.lit("retiré").alias("Nom du passager"),
        upto(rng, p.mix("airport.nationalities"), n).alias("Nationalité"),
        pl.lit("données simulées").alias("Observations"),
    )
    return [
        delivery("airport_unit", "simulated-saisies-aeroport-dss.xlsx", rows, AIRPORT_COLUMNS, f"Saisies {year}")
        for (year,), rows in said.group_by("year", maintain_order=True)
    ]


def maritime(p: Parameters, rng: np.random.Generator, events: pl.DataFrame, chunk: int) -> list[Delivery]:
    """A list of operations at sea, in whichever of two languages the clerk speaks."""
    silent = p.number("maritime.silent_route")
    said = hide(rng, plain(of(events, "maritime_operations")), departure=silent, destination=silent)
    n = len(said)
    french = rng.random(n) < p.number("maritime.french")

    def word(texts: pl.Series) -> pl.Series:
        return texts.zip_with(~pl.Series(french), texts.replace_strict(IN_FRENCH, default=texts))

    def named(column: str, hidden: str | None = None) -> pl.Expr:
        names = pl.when(pl.Series(french)).then(country(column, "fr")).otherwise(country(column, "en"))
        nobody = word(pl.Series(["unknown"] * n, dtype=pl.String))
        return names if hidden is None else pl.when(hidden).then(nobody).otherwise(names)

    commercial = said["mode"] == "Commercial sea"
    vessel = upto(rng, p.mix("maritime.vessels"), n).zip_with(~commercial, pl.Series(["container ship"] * n))
    unknown = chance(rng, n, p.number("maritime.flag_unknown"))
    no_flag = pl.Series(["?", ""])[rng.integers(0, 2, n)]
    sea = pl.Series(["territorial waters", "high seas"])[(rng.random(n) < p.number("maritime.high_seas")).astype(int)]
    drug = pl.col("commodity")
    said = said.with_columns(
        record_id=numbered(said, chunk, "OP-{}-{}"), hid_origin=pl.lit(True),
        hid_transit=pl.col("transit").is_not_null(),
    ).with_columns(
        pl.col("record_id").alias(MARITIME_COLUMNS[0]),
        pl.col("date").dt.to_string("%d/%m/%Y").alias(MARITIME_COLUMNS[1]),
        word(vessel).alias(MARITIME_COLUMNS[2]),
        upto(rng, p.mix("maritime.flags"), n).zip_with(~unknown, no_flag).alias(MARITIME_COLUMNS[3]),
        pl.Series([f"Exemple {number}" for number in rng.integers(1, 999, n)], dtype=pl.String)
        .alias(MARITIME_COLUMNS[4]),
        pl.Series(_positions(p, rng, said, french), dtype=pl.String).alias(MARITIME_COLUMNS[5]),
        pl.when(pl.Series(french)).then(drug.replace_strict(FRENCH_DRUGS)).otherwise(drug.replace_strict(ENGLISH_DRUGS))
        .alias(MARITIME_COLUMNS[6]),
        pl.Series(number_text(_kg(said), 3, ",", " "), dtype=pl.String).alias(MARITIME_COLUMNS[7]),
        named("departure", "hid_departure").alias(MARITIME_COLUMNS[8]),
        named("destination", "hid_destination").alias(MARITIME_COLUMNS[9]),
        named("seizing_country").alias(MARITIME_COLUMNS[10]),
        word(sea).alias(MARITIME_COLUMNS[11]),
        word(upto(rng, p.mix("maritime.services"), n)).alias(MARITIME_COLUMNS[12]),
    )  # fmt: skip
    return [delivery("maritime_operations", "simulated-maritime-operations.csv", said, MARITIME_COLUMNS)]


def containers(
    p: Parameters, rng: np.random.Generator, events: pl.DataFrame, chunk: int, plans: Mapping[int, Plan]
) -> list[Delivery]:
    """The container unit: ports by UN/LOCODE, all transhipments, a file a year."""
    said = hide(rng, plain(of(events, "container_control")), destination=p.number("container.silent_discharge"))
    n = len(said)
    stops = [[stop.place.removeprefix("LOCODE:") for stop in plans[route].stops] for route in said["route_id"]]
    transits = [codes[1:-1] for codes in stops]
    alpha = {iso3: alpha2(iso3) for iso3 in said["seizing_country"].unique()}
    said = said.with_columns(
        record_id=numbered(said, chunk, "CCU-{}-{}"), hid_origin=pl.lit(True),
    ).with_columns(
        case_no="record_id",
        date=pl.col("date").dt.to_string("%Y-%m-%d"),
        country=pl.col("seizing_country").replace_strict(alpha, return_dtype=pl.String),
        port=pl.col("place_id").str.strip_prefix("LOCODE:"),
        kind=pl.col("commodity").replace_strict(ENGLISH_DRUGS),
        net_kg=pl.Series(np.round(_kg(said), 3)),
        hs_chapter=pl.Series(HS_CHAPTERS)[rng.integers(0, len(HS_CHAPTERS), n)],
        loading=pl.Series([codes[0] for codes in stops], dtype=pl.String),
        transhipment=pl.Series(transits, dtype=pl.List(pl.String)),
        discharge=unless(pl.col("hid_destination"), pl.Series([codes[-1] for codes in stops], dtype=pl.String)),
        seal=upto(rng, p.mix("container.seals"), n),
        bill_of_lading=upto(rng, p.mix("container.bills"), n),
        concealment=upto(rng, p.mix("container.concealments"), n),
    )  # fmt: skip
    return [
        delivery("container_control", f"simulated-containers-{year}.json", rows, CONTAINER_COLUMNS, "report.seizures")
        for (year,), rows in said.group_by("year", maintain_order=True)
    ]


def caribbean(p: Parameters, rng: np.random.Generator, events: pl.DataFrame, chunk: int) -> list[Delivery]:
    """Customs of an island: one row an interception, with what was found side by side."""
    silent = p.number("caribbean.silent_route")
    found = plain(of(events, "caribbean_customs")).with_columns(
        line_no=pl.col("commodity").replace_strict(words.CARIBBEAN_LINES).cast(pl.Int16)
    )
    first = found.filter(pl.col("event_id") == pl.col("incident_id"))
    n = len(first)
    first = hide(rng, first, departure=silent, destination=silent).with_columns(
        record_id=numbered(first, chunk, "C{}-{}"), row=pl.int_range(pl.len()),
        Office=at_spot(p.mix("caribbean.offices"), first),
    )  # fmt: skip
    shared = ["incident_id", "row", "record_id", "hid_departure", "hid_destination"]
    lines = found.drop("record_id", "hid_departure", "hid_destination").join(
        first.select(shared), on="incident_id", validate="m:1", maintain_order="left"
    )
    lines = lines.with_columns(hid_origin=pl.lit(True), hid_mode=pl.lit(False))
    amounts: list[list[str]] = [["", "0"][int(blank)].split("|") * n for blank in rng.integers(0, 2, 5)]
    for row, line_no, milligrams, number in lines.select("row", "line_no", "milligrams", "number").iter_rows():
        value = number if milligrams is None else milligrams / 1_000_000 / POUND
        amounts[line_no - 1][row] = number_text(np.array([value]), 2 if milligrams is None else 3, ".", ",")[0]
    rows = first.select(
        pl.col("record_id").alias("Ref"),
        pl.Series([format_date(day, "MMM d, y", locale="en") for day in first["date"]], dtype=pl.String).alias("Date"),
        "Office",
        pl.col("mode").replace_strict(CONVEYANCE).alias("Conveyance"),
        unless(pl.col("hid_departure"), country("departure", "en")).alias("Country From"),
        unless(pl.col("hid_destination"), country("destination", "en")).alias("Country To"),
        *(pl.Series(name, cells, dtype=pl.String) for name, cells in zip(CARIBBEAN_AMOUNTS, amounts, strict=True)),
        *(pl.lit("removed").alias(name) for name in ("Officer", "Consignee")),
        pl.lit("simulated").alias("Remarks"),
    )
    told = lines.sort("row", "line_no").select(*(pl.col(name).cast(kind) for name, kind in TOLD.items()), "row")
    return [Delivery("caribbean_customs", "simulated-customs-interceptions.txt", "", rows, told)]


def numbered(said: pl.DataFrame, chunk: int, pattern: str) -> pl.Series:
    """Record numbers by year and running number, unlike those of any other stretch: `2023/017`."""
    rank = said.select(pl.int_range(1, pl.len() + 1).over("year")).to_series() + 1000 * chunk
    texts = [pattern.format(year, f"{number:03d}") for year, number in zip(said["year"], rank, strict=True)]
    return pl.Series(texts, dtype=pl.String)


def _french_quantities(p: Parameters, rng: np.random.Generator, said: pl.DataFrame) -> list[str]:
    """`2,35 kg`, `694 147,53 g` (with a narrow space, or a plain one), `12 ovules`, `300 comprimés`."""
    n = len(said)
    in_ovules, in_grams = rng.random(n) < p.number("airport.ovules"), rng.random(n) < p.number("airport.grams")
    narrow = rng.random(n) < 0.6
    texts = []
    for at, (kg, tablets, drug) in enumerate(zip(_kg(said), said["tablets"], said["commodity"], strict=True)):
        packed = drug in ("Cocaine HCL", "Heroin") and kg < p.number("airport.ovules_most") and in_ovules[at]
        value, unit, digits = (
            (float(tablets), "comprimés", 0) if tablets is not None
            else (max(round(kg / OVULE), 1), "ovules", 0) if packed
            else (kg * 1_000_000, "mg", 0) if kg < 0.001
            else (kg * 1000, "g", 2) if in_grams[at] or kg < 0.1
            else (kg, "kg", 3)
        )  # fmt: skip
        number = number_text(np.array([value]), digits, ",", "\u202f" if narrow[at] else " ")[0]
        texts.append(f"{number} {unit}")
    return texts


def _transits(said: pl.DataFrame, plans: Mapping[int, Plan]) -> pl.Series:
    """The transit countries in French, several joined with `; `."""
    texts = {
        route: "; ".join(common_name(stop.country, "fr") for stop in plans[route].stops if stop.role == "transit")
        for route in said["route_id"].unique()
    }
    return pl.Series([texts[route] or None for route in said["route_id"]], dtype=pl.String)


def _positions(p: Parameters, rng: np.random.Generator, said: pl.DataFrame, french: Flags) -> list[str]:
    """Degrees and minutes some way off the seizing country's ports; French sheets write O for west."""
    ports = network().places.filter(kind="seaport").group_by("country", maintain_order=True).first()
    where = {row["country"]: (row["lat"], row["lon"]) for row in ports.iter_rows(named=True)}
    seconds = rng.random(len(said)) < p.number("maritime.position_seconds")
    texts = []
    for at, iso3 in enumerate(said["seizing_country"]):
        lat, lon = where[iso3]
        lat, lon = lat + rng.uniform(-4, 4), lon - rng.uniform(0.5, 12)
        west = "O" if french[at] else "W"
        texts.append(f"{_angle(lat, 2, seconds[at])}{'N' if lat >= 0 else 'S'} "
                     f"{_angle(lon, 3, seconds[at])}{'E' if lon >= 0 else west}")  # fmt: skip
    return texts


def _angle(degrees: float, width: int, seconds: bool) -> str:
    whole = round(abs(degrees) * 3600)
    text = f"{whole // 3600:0{width}d}°{whole // 60 % 60:02d}'"
    return text + (f'{whole % 60:02d}"' if seconds else "")


def _kg(said: pl.DataFrame) -> Numbers:
    return said["milligrams"].fill_null(0).to_numpy() / 1_000_000

"""Who sees a seizure and says what about it: omissions, conventions, slips, double reports.

Belongs here: the step from what happened to the words of each publisher, as frames of text beside the
truth about each row. Does not belong here: how a file is laid out (`formats`), what happened (`truth`).
"""

from functools import partial

import numpy as np
import polars as pl

from pipelines.world import parameters as given
from pipelines.world import places, words
from pipelines.world.draws import a_few, draw, draw_words, draw_words_by, shares
from pipelines.world.parameters import Parameters

_LAST = ("event_id", "is_duplicate")  # ends every sort, so that the order of a file is never left open


def sent_to(p: Parameters, rng: np.random.Generator, events: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Events by publisher; every event goes to one at least, a few of Colombia's and Brazil's to two."""
    u = pl.Series(rng.random(len(events)))
    also = pl.Series(rng.random(len(events)))
    cannabis = pl.col("commodity_group") == "cannabis"
    police = (
        (pl.col("seizing_country") == "COL")
        & pl.col("year").is_in(p.police_years)
        & pl.col("commodity").is_in(list(words.POLICE_DRUGS))
        & (cannabis | (u >= p.other_agencies))
    )
    brazil = (pl.col("seizing_country") == "BRA") & pl.col("commodity").is_in(list(words.BRAZIL_DRUGS))
    twice = ~cannabis & ((police & (also < p.police_in_ids)) | (brazil & (also < p.brazil_in_ids)))
    return {
        "unodc_ids": events.filter(~(police | brazil) | twice),
        "brazil_pf": events.filter(brazil),
        "colombia_policia": events.filter(police),
    }


def ids_reports(p: Parameters, rng: np.random.Generator, events: pl.DataFrame) -> pl.DataFrame:
    """IDS rows: what each reporter states of each event, in the words of the UNODC form, in file order."""
    said = _stated_route(p, rng, events)
    said = _stated_amount(p, rng, said)
    said = _stated_place(p, rng, said)
    reporters = places.table(places.REPORTERS)
    subregion = {row[0]: row[1] for row in reporters}
    name = {iso3: places.ids_name(iso3) for iso3 in sorted(_countries(events))}
    n = len(said)
    blank = {name: shares(mix) for name, mix in words.NOT_KNOWN.items()}
    reporter = pl.col("seizing_country")
    hydrochloride = (pl.col("commodity") == "Cocaine HCL") & (reporter != "COL")
    vague = hydrochloride & _chance(rng, n, p.vague_cocaine)
    month_only = (reporter == "NZL") & _chance(rng, n, p.new_zealand_month_only)
    stated_date = pl.when(month_only).then(pl.col("date").dt.month_start()).otherwise("date")
    routing = pl.col("seized_at").replace_strict(words.ROUTING)
    domestic, across = p.unstated_mode
    by_mode = partial(_by_mode, rng, said)
    said = said.with_columns(
        REGION=reporter.replace_strict({iso3: places.CONTINENTS[part] for iso3, part in subregion.items()}),
        SUBREGION=reporter.replace_strict(subregion),
        COUNTRY=reporter.replace_strict(name),
        DRUG_NAME=pl.when(vague).then(pl.lit("Cocaine")).otherwise("commodity"),
        HIDING_PLACE=_unless(_chance(rng, n, p.unstated_hiding), by_mode(words.HIDING)),
        INSTALLATION=_unless(_chance(rng, n, p.unstated_installation), by_mode(words.INSTALLATION)),
        ROUTING=_unless(_chance(rng, n, p.unstated_routing), routing),
        hid_mode=pl.Series(rng.random(n)) < pl.when("cross_border").then(across).otherwise(domestic),
        month_only=month_only,
        SEIZURE_DATE=stated_date.dt.to_string("%Y-%m-%d"),
    ).with_columns(
        TRANSPORT=pl.when("hid_mode").then(draw_words(rng, blank["mode"], n)).otherwise("mode"),
        PRODUCING_COUNTRY=pl.when("hid_producing").then(draw_words(rng, blank["far"], n))
        .otherwise(pl.col("producing_said").replace_strict(name)),
        DEPARTURE_COUNTRY=pl.when("hid_departure").then(draw_words(rng, blank["departure"], n))
        .otherwise(pl.col("departure_said").replace_strict(name)),
        DESTINATION_COUNTRY=pl.when("hid_destination").then(draw_words(rng, blank["far"], n))
        .otherwise(pl.col("destination").replace_strict(name)),
    )  # fmt: skip
    said = _twice(rng, said, p.duplicate_ids)
    order = ["year", "REGION", "SUBREGION", "COUNTRY", "DRUG_NAME", "SEIZURE_DATE", *_LAST]
    return said.sort(order).select(*words.IDS_COLUMNS, *words.TRUTH_COLUMNS)


def police_reports(p: Parameters, rng: np.random.Generator, events: pl.DataFrame) -> pl.DataFrame:
    """Rows of the Policía Nacional de Colombia, whole grams, in file order."""
    n = len(events)
    towns = places.table(places.COLOMBIA_TOWNS)
    town = draw(rng, [float(row[3]) for row in towns], n)
    zero = np.zeros(n, dtype=bool)
    zero[a_few(rng, np.arange(n), p.zero_amount, 1)] = True
    said = _plain(events).with_columns(
        pl.Series(zero).alias("zero_amount"),
        pl.col("date").dt.to_string("%m/%d/%Y 12:00:00 AM").alias("FECHA"),
        pl.Series([row[0] for row in towns])[town].alias("DEPARTAMENTO"),
        pl.Series([row[1] for row in towns])[town].alias("MUNICIPIO"),
        pl.col("date").dt.weekday().replace_strict(dict(enumerate(words.DAYS, 1))).alias("DIA"),
        pl.col("commodity").replace_strict(words.POLICE_DRUGS).alias("CLASE DE ESTUPEFACIENTE"),
        _by_mode(rng, events, words.POLICE_SITES).alias("CLASE DE SITIO"),
        draw_words(rng, shares("URBANA 75, RURAL 25"), n).alias("ZONA"),
        pl.lit("GRAMO").alias("UNIDAD DE MEDIDA"),
        pl.Series([row[2] for row in towns])[town].alias("CÓDIGO DANE"),
        pl.when(pl.Series(zero)).then(0).otherwise(pl.col("milligrams") // 1000).alias("CANTIDAD"),
    )
    said = _twice(rng, said, p.duplicate_police)
    order = ["year", "CLASE DE ESTUPEFACIENTE", "DEPARTAMENTO", "MUNICIPIO", "date", *_LAST]
    return said.sort(order).select(*words.POLICE_COLUMNS, *words.TRUTH_COLUMNS)


def brazil_reports(p: Parameters, rng: np.random.Generator, events: pl.DataFrame) -> pl.DataFrame:
    """Rows of the Polícia Federal at airports and ports, grams or tablets, in file order."""
    n = len(events)
    sites = places.table(places.BRAZIL_SITES)
    weight = np.array([float(row[7]) for row in sites])
    site = np.empty(n, dtype=np.int64)
    at_port = (events["mode"] == "Commercial sea").to_numpy()
    for here, facility in ((at_port, "porto"), (~at_port, "aeroporto")):
        candidates = np.flatnonzero([row[4] == facility for row in sites])
        site[here] = candidates[draw(rng, weight[candidates], int(here.sum()))]
    named = ("UF", "UNIDADE", "UNIDADE_PADRAO_AEROPORTUARIO", "CIDADE_APREENSAO", "ORIGEM", "lat", "lon")
    no_amount = _chance(rng, n, p.empty_quantity_brazil)
    grams, in_grams = _decimal(pl.col("milligrams"), 3, ",", whole=""), pl.col("tablets").is_null()
    said = _plain(events).with_columns(
        no_amount.alias("no_amount"),
        *(pl.Series([row[i] for row in sites])[site].alias(column) for i, column in enumerate(named)),
        DATA=pl.col("date").dt.to_string("%m/%d/%Y"),
        DROGA=pl.col("commodity").replace_strict(words.BRAZIL_DRUGS),
        QUANTIDADE=_unless(no_amount, pl.coalesce(pl.col("tablets").cast(pl.String), grams)),
        UNIDADE_MEDIDA=pl.when(in_grams).then(pl.lit("gramas")).otherwise(pl.lit("comprimidos")),
    )
    said = _twice(rng, said, p.duplicate_brazil)
    order = ["UF", "UNIDADE_PADRAO_AEROPORTUARIO", "date", *_LAST]
    return said.sort(order).select(*words.BRAZIL_COLUMNS, *words.TRUTH_COLUMNS)


def annual_totals(p: Parameters, rng: np.random.Generator, events: pl.DataFrame) -> pl.DataFrame:
    """Kilograms by country, drug and year: never below the true seizures; a few figures under two names."""
    region = {row[0]: places.CONTINENTS[row[1]] for row in places.table(places.REPORTERS)}
    name = {iso3: places.annual_name(iso3) for iso3 in region}
    drug = pl.col("commodity")
    keys = ["year", "country", "Drug Group", "Drug", "Region", "ISO Code"]
    totals = (
        events.with_columns(
            pl.col("seizing_country").alias("ISO Code"),
            pl.col("seizing_country").replace_strict(region).alias("Region"),
            pl.col("seizing_country").replace_strict(name).alias("country"),
            drug.replace_strict({k: v[0] for k, v in words.ANNUAL_DRUGS.items()}).alias("Drug Group"),
            drug.replace_strict({k: v[1] for k, v in words.ANNUAL_DRUGS.items()}).alias("Drug"),
        )
        .group_by(keys)
        .agg(pl.col("milligrams").sum())
        .sort(keys)
    )
    more = np.rint(rng.random(len(totals)) * p.annual_excess * 1000).astype(np.int64)  # in thousandths
    # Rounded up, so that a total is never below the seizures behind it.
    grams = (pl.col("milligrams") * (1000 + pl.Series(more)) + 999_999) // 1_000_000
    totals = totals.with_columns(_decimal(grams, 3, ".", whole="").alias("KG Equivalent"))
    could_be_twice = np.flatnonzero(totals["Drug"].is_in(list(words.SECOND_NAME)).to_numpy())
    again = totals[a_few(rng, could_be_twice, p.annual_twice, 3)]
    again = again.with_columns(pl.col("Drug").replace(words.SECOND_NAME))
    columns = ["Region", "country", "ISO Code", "Drug Group", "Drug", "Year", "KG Equivalent"]
    return pl.concat([totals, again]).sort(keys).rename({"year": "Year"}).select(columns)


def _stated_route(p: Parameters, rng: np.random.Generator, events: pl.DataFrame) -> pl.DataFrame:
    """Which countries the reporter writes, in which column, and which it leaves out."""
    n = len(events)
    reporter = pl.col("seizing_country")
    stated, other = given.STATED, given.STATED["*"]
    after_transit = (pl.col("seized_at") == "destination") & pl.col("transit").is_not_null()
    differ = pl.col("cross_border") & (pl.col("origin") != pl.col("departure"))
    convention = (reporter == "NZL") & _chance(rng, n, p.new_zealand_departure_as_producing)
    noise = (
        pl.when(convention & differ).then(pl.lit("departure_as_producing"))
        .when(after_transit & _chance(rng, n, p.transit_as_departure)).then(pl.lit("transit_as_departure"))
        .when(differ & _chance(rng, n, p.swapped)).then(pl.lit("swapped"))
    )  # fmt: skip
    said = _plain(events).with_columns(label_noise=noise).with_columns(
        producing_said=pl.when(pl.col("label_noise").is_in(["departure_as_producing", "swapped"]))
        .then("departure").otherwise("origin"),
        departure_said=pl.when(pl.col("label_noise") == "swapped").then("origin")
        .when(pl.col("label_noise") == "transit_as_departure").then("transit").otherwise("departure"),
        **{
            f"hid_{column}": pl.Series(rng.random(n))
            >= reporter.replace_strict({iso3: rates[i] for iso3, rates in stated.items()}, default=other[i])
            for i, column in enumerate(("departure", "destination", "producing"))
        },
    )  # fmt: skip
    # A wrong label is noise only where it can be read.
    unread = (
        pl.when(pl.col("label_noise") == "swapped").then(pl.col("hid_departure") & pl.col("hid_producing"))
        .when(pl.col("label_noise") == "transit_as_departure").then("hid_departure")
        .otherwise("hid_producing")
    )  # fmt: skip
    return said.with_columns(label_noise=_unless(unread, pl.col("label_noise")))


def _stated_amount(p: Parameters, rng: np.random.Generator, said: pl.DataFrame) -> pl.DataFrame:
    """Amount and unit: kilograms in Colombia, tablets, litres, else grams or kilograms as the clerk likes."""
    n = len(said)
    heavy = pl.col("milligrams") >= 1_000_000
    in_kg = (pl.col("seizing_country") == "COL") | (heavy & _chance(rng, n, p.heavy_in_kilograms))
    said = said.with_columns(
        DRUG_UNIT=pl.when(pl.col("tablets").is_not_null()).then(pl.lit("Tablet"))
        .when(pl.col("commodity") == "GHB").then(pl.lit("Litre"))
        .when(in_kg).then(pl.lit("Kilogram")).otherwise(pl.lit("Gram")),
    )  # fmt: skip
    weighed = np.flatnonzero(said["DRUG_UNIT"].is_in(["Kilogram", "Gram"]).to_numpy())
    slip, zero = np.zeros(n, dtype=bool), np.zeros(n, dtype=bool)
    slip[a_few(rng, weighed, p.unit_slip, 2)] = True
    zero[a_few(rng, np.flatnonzero(~slip), p.zero_amount, 2)] = True
    amount = (
        pl.when(pl.Series(zero)).then(pl.lit("0.0"))
        .when(pl.col("DRUG_UNIT") == "Tablet").then(pl.format("{}.0", "tablets"))
        .when(pl.col("DRUG_UNIT") == "Gram").then(_decimal(pl.col("milligrams"), 3, ".", whole=".0"))
        .otherwise(_decimal(pl.col("milligrams"), 6, ".", whole=".0"))
    )  # fmt: skip
    slipped = pl.col("DRUG_UNIT").replace({"Gram": "Kilogram", "Kilogram": "Gram"})
    return said.with_columns(AMOUNT=amount, unit_slip=pl.Series(slip), zero_amount=pl.Series(zero)).with_columns(
        DRUG_UNIT=pl.when("unit_slip").then(slipped).otherwise("DRUG_UNIT")
    )


def _stated_place(p: Parameters, rng: np.random.Generator, said: pl.DataFrame) -> pl.DataFrame:
    """Town and division in the reporter's spelling, some in capitals or with a blank, one over two lines."""
    n = len(said)
    reporters = places.table(places.REPORTERS)
    towns = [(row[0], *town.split("/")) for row in reporters for town in row[3].split(";")]
    start = {row[0]: [town[0] for town in towns].index(row[0]) for row in reporters}
    count = {iso3: sum(town[0] == iso3 for town in towns) for iso3 in start}
    country = said["seizing_country"]
    first, many = (country.replace_strict(by, return_dtype=pl.Int64).to_numpy() for by in (start, count))
    town_row = first + np.floor(rng.random(n) * many).astype(np.int64)
    place = pl.Series([town[1] for town in towns])[town_row]
    admin = pl.Series([town[2] for town in towns])[town_row]
    upper, edge = _chance(rng, n, p.upper_case_place), _chance(rng, n, p.edge_space)
    stated = ~_chance(rng, n, p.unstated_place)
    broken = np.zeros(n, dtype=bool)
    broken[a_few(rng, np.flatnonzero((stated & ~edge).to_numpy()), 0.0, 1)] = True
    text = (
        pl.when(pl.Series(broken)).then(pl.format("{} \n{}", place, admin))
        .when(edge).then(pl.format("{} ", pl.when(upper).then(place.str.to_uppercase()).otherwise(place)))
        .when(upper).then(place.str.to_uppercase()).otherwise(place)
    )  # fmt: skip
    return said.with_columns(
        PLACE=_unless(~stated, text),
        ADMINISTRATIVE_DIVISION=_unless(_chance(rng, n, p.unstated_admin), pl.lit(admin)),
        edge_space=stated & edge,
        line_break=pl.Series(broken),
    )


def _plain(events: pl.DataFrame) -> pl.DataFrame:
    """Events as a publisher without any route columns and without faults would report them."""
    flags = [pl.lit(flag.startswith("hid_")).alias(flag) for flag in words.FLAGS]
    return events.with_columns(*flags, pl.lit(None, dtype=pl.String).alias("label_noise"))


def _twice(rng: np.random.Generator, said: pl.DataFrame, share: float) -> pl.DataFrame:
    """Add exact copies of a few rows; the row with the line break is never one of them."""
    copied = said[a_few(rng, np.flatnonzero(~said["line_break"].to_numpy()), share, 2)]
    return pl.concat([said, copied.with_columns(is_duplicate=pl.lit(True))])


def _by_mode(rng: np.random.Generator, said: pl.DataFrame, mixes: dict[str, str]) -> pl.Series:
    return draw_words_by(rng, said["mode"], {mode: shares(mix) for mode, mix in mixes.items()})


def _chance(rng: np.random.Generator, n: int, share: float) -> pl.Series:
    return pl.Series(rng.random(n) < share, dtype=pl.Boolean)


def _unless(hidden: pl.Series | pl.Expr, value: pl.Series | pl.Expr) -> pl.Expr:
    return pl.when(~hidden).then(value)


def _countries(events: pl.DataFrame) -> set[str]:
    columns = ("seizing_country", "origin", "departure", "transit", "destination")
    return {str(iso3) for column in columns for iso3 in events[column].drop_nulls().unique()}


def _decimal(value: pl.Expr, digits: int, mark: str, *, whole: str) -> pl.Expr:
    """Print whole 10^-digits units exactly, without trailing zeros; `whole` ends one without decimals."""
    unit = 10**digits
    tail = (value % unit).cast(pl.String).str.zfill(digits).str.strip_chars_end("0")
    ending = pl.when(tail == "").then(pl.lit(whole)).otherwise(pl.concat_str(pl.lit(mark), tail))
    return pl.concat_str((value // unit).cast(pl.String), ending)

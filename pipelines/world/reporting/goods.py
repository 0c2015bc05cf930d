"""Things that are no drugs: cash at an airport, environmental crime, wildlife trade.

Belongs here: what these publishers say of each event. Does not belong here: the files' bytes (`formats`).
"""

from __future__ import annotations

import numpy as np
import polars as pl
from babel.dates import format_date

from pipelines.world.draws import chance, unless
from pipelines.world.network import alpha2, network
from pipelines.world.parameters import Parameters
from pipelines.world.reporting.common import Delivery, country, delivery, hide, number_text, of, plain, upto
from pipelines.world.reporting.units import numbered

CASH_COLUMNS = ["numero", "data", "aeroporto", "valor", "moeda", "de", "para", "sentido", "ocultacao", "declarante"]
CASH_DIRECTION = {"departure": "saída", "transit": "trânsito", "destination": "entrada"}
EURO_RATES = {"EUR": 1.0, "USD": 1.08, "BRL": 5.4, "XOF": 655.957, "CVE": 110.265}
"""A round rate of each currency; those of XOF and CVE are their fixed parities."""
ENVIRONMENT_COLUMNS = [
    "Nº do auto", "Data da apreensão", "Produto", "Quantidade", "Unidade", "UF", "Município", "Latitude", "Longitude",
    "Origem", "Destino", "Autuado",
]  # fmt: skip
ENVIRONMENT = {  # product as published, member of the archive
    "timber_logs": ("madeira em tora", "madeira.csv"), "timber_sawn": ("madeira serrada", "madeira.csv"),
    "charcoal": ("carvão vegetal", "madeira.csv"), "gold": ("ouro", "ouro.csv"),
    "gold_bar": ("ouro em barra", "ouro.csv"),
    "ore_unspecified": ("minério", "ouro.csv"), "mercury_elemental": ("mercúrio", "ouro.csv"),
    "plastic_waste": ("resíduos plásticos", "residuos.csv"), "e_waste": ("resíduos eletrônicos", "residuos.csv"),
    "hazardous_waste": ("resíduos perigosos", "residuos.csv"),
}  # fmt: skip
STATES = {  # UF, town, position of the town
    "Pará": ("PA", "Altamira", -3.2, -52.21), "Amazonas": ("AM", "Humaitá", -7.51, -63.02),
    "Rondônia": ("RO", "Porto Velho", -8.76, -63.9), "Roraima": ("RR", "Boa Vista", 2.82, -60.67),
    "Mato Grosso": ("MT", "Colniza", -9.46, -59.23), "Amapá": ("AP", "Oiapoque", 3.84, -51.84),
}  # fmt: skip
CITES_COLUMNS = [
    "id", "year", "appendix", "taxon", "class", "ord", "family", "genus", "term", "quantity", "unit", "importer",
    "exporter", "origin", "purpose", "source", "reporter_type", "import_permit_randomid", "export_permit_randomid",
    "origin_permit_randomid",
]  # fmt: skip
CITES_TERMS = {
    "pangolin_scales": ("scales", "kg"), "pangolin_skin": ("skins", ""), "pangolin_body": ("bodies", ""),
    "pangolin_live": ("live", ""), "pangolin_medicine": ("medicine", ""),
    "pangolin_leather": ("leather products (small)", ""),
}  # fmt: skip
ASIAN = ["LAO", "VNM", "IDN"]


def cash(p: Parameters, rng: np.random.Generator, events: pl.DataFrame, chunk: int) -> list[Delivery]:
    """Cash that was not declared at Cabo Verde's airports; the truth's amount is in euros."""
    said = plain(of(events, "cash_declarations"))
    n = len(said)
    currency = upto(rng, p.mix("cash.currencies"), n)
    euros = said["number"].fill_null(0).to_numpy().astype(np.float64)
    rate = currency.replace_strict(EURO_RATES, return_dtype=pl.Float64).to_numpy()
    valor = [text.replace(".", ",") for text in (f"{value:.2f}" for value in np.rint(euros * rate / 5) * 5)]
    alpha = {iso3: alpha2(iso3) for iso3 in {*network().airports}}
    said = said.with_columns(
        record_id=numbered(said, chunk, "CV-{}-{}"), hid_origin=pl.lit(True),
        hid_transit=pl.col("transit").is_not_null(), hid_mode=pl.lit(True),
    ).with_columns(
        numero="record_id",
        data=pl.col("date").dt.to_string("%Y-%m-%d"),
        aeroporto=pl.col("place_id").str.strip_prefix("IATA:"),
        valor=pl.Series(valor, dtype=pl.String),
        moeda=currency,
        de=pl.col("departure").replace_strict(alpha),
        para=pl.col("destination").replace_strict(alpha),
        sentido=pl.col("seized_at").replace_strict(CASH_DIRECTION),
        ocultacao=upto(rng, p.mix("cash.hidden"), n),
        declarante=pl.lit("removido"),
    )  # fmt: skip
    return [delivery("cash_declarations", "simulated-cash-declarations.ndjson", said, CASH_COLUMNS)]


def environment(p: Parameters, rng: np.random.Generator, events: pl.DataFrame, chunk: int) -> list[Delivery]:
    """Brazil's environmental offences: timber, gold and waste, each in its member of an archive."""
    silent = p.number("environment.silent_route")
    said = hide(rng, plain(of(events, "environmental_crime")), departure=silent, destination=silent)
    n = len(said)
    state = upto(rng, p.mix("environment.states"), n)
    month_first = rng.random(n) < p.number("environment.month_first")
    dates = [
        format_date(day.replace(day=1) if first else day, "d 'de' MMMM 'de' y", locale="pt")
        for day, first in zip(said["date"], month_first, strict=True)
    ]
    amounts = [
        _weight(product, number, milligrams)
        for product, number, milligrams in said.select("commodity", "number", "milligrams").iter_rows()
    ]
    near = rng.uniform(-0.2, 0.2, (2, n))
    position = [
        [f"{STATES[name][axis + 2] + near[axis][at]:.5f}".replace(".", ",") for at, name in enumerate(state)]
        for axis in (0, 1)
    ]
    said = said.with_columns(
        record_id=numbered(said, chunk, "AI-{}/{}"), hid_origin=pl.lit(True),
        hid_mode=pl.lit(True), month_only=pl.Series(month_first),
    ).with_columns(
        pl.col("record_id").alias("Nº do auto"),
        pl.Series(dates, dtype=pl.String).alias("Data da apreensão"),
        pl.col("commodity").replace_strict({k: v[0] for k, v in ENVIRONMENT.items()}).alias("Produto"),
        pl.Series([text for text, _ in amounts], dtype=pl.String).alias("Quantidade"),
        pl.Series([unit for _, unit in amounts], dtype=pl.String).alias("Unidade"),
        state.replace_strict({k: v[0] for k, v in STATES.items()}).alias("UF"),
        state.replace_strict({k: v[1] for k, v in STATES.items()}).alias("Município"),
        pl.Series(position[0], dtype=pl.String).alias("Latitude"),
        pl.Series(position[1], dtype=pl.String).alias("Longitude"),
        unless(pl.col("hid_departure"), country("departure", "pt")).alias("Origem"),
        unless(pl.col("hid_destination"), country("destination", "pt")).alias("Destino"),
        pl.lit("removido").alias("Autuado"),
        member=pl.col("commodity").replace_strict({k: v[1] for k, v in ENVIRONMENT.items()}),
    )  # fmt: skip
    return [
        delivery("environmental_crime", "simulated-ambiental-autos.zip", rows, ENVIRONMENT_COLUMNS, str(member))
        for (member,), rows in said.group_by("member", maintain_order=True)
    ]


def cites(p: Parameters, rng: np.random.Generator, events: pl.DataFrame, chunk: int) -> list[Delivery]:
    """CITES trade: confiscations among lawful trade, which is reported but no seizure; the year is all the date."""
    said = plain(of(events, "cites_trade"))
    n = len(said)
    lawful = said.sample(fraction=p.number("cites.trade"), with_replacement=True, seed=int(rng.integers(2**32)))
    source = upto(rng, p.mix("cites.sources"), len(lawful))
    moved = said.filter(pl.Series(rng.random(n) < p.number("cites.exporter_reported")))
    both = pl.concat([
        said.with_columns(source=pl.lit("I"), reporter_type=pl.lit("I"), is_event=pl.lit(True)),
        lawful.with_columns(source=source, reporter_type=pl.lit("I"), is_event=pl.lit(False)),
        moved.with_columns(source=pl.lit("I"), reporter_type=pl.lit("E"), is_event=pl.lit(False)),
    ], how="diagonal_relaxed")  # fmt: skip
    both = both[rng.permutation(len(both))].sort("year", maintain_order=True)
    asian = pl.col("departure").is_in(ASIAN)
    lawful_rows = ~pl.col("is_event")
    factor = rng.integers(1, 6, len(both))
    weighed = (both["milligrams"].fill_null(0).to_numpy() / 1_000_000).round(2)
    pieces = both["number"].fill_null(0).to_numpy()
    quantity = np.where(both["number"].is_null(), weighed, pieces) * np.where(both["is_event"], 1, factor)
    alpha = {iso3: alpha2(iso3) for iso3 in {*network().airports, *network().ports}}
    blank = pl.lit("")
    unknown = chance(rng, len(both), 0.1)
    both = both.with_columns(
        id=pl.int_range(len(both)) + 900_000_001 + chunk * 100_000,
        appendix=pl.lit("I"), taxon=pl.when(asian).then(pl.lit("Manis javanica")).otherwise(pl.lit("Manis tricuspis")),
        **{"class": pl.lit("Mammalia")}, ord=pl.lit("Pholidota"), family=pl.lit("Manidae"), genus=pl.lit("Manis"),
        term=pl.col("commodity").replace_strict({k: v[0] for k, v in CITES_TERMS.items()}),
        quantity=pl.Series(number_text(np.maximum(quantity, 0.01), 2), dtype=pl.String),
        unit=pl.col("commodity").replace_strict({k: v[1] for k, v in CITES_TERMS.items()}),
        importer=pl.col("seizing_country").replace_strict(alpha), exporter=pl.col("departure").replace_strict(alpha),
        origin=pl.when(unknown).then(pl.lit("XX")).otherwise(blank),
        purpose=pl.when(lawful_rows).then(pl.lit("T")).otherwise(blank),
        import_permit_randomid=blank, export_permit_randomid=blank, origin_permit_randomid=blank,
        month_only=pl.lit(True), hid_origin=pl.lit(True), hid_destination=pl.lit(False), hid_mode=pl.lit(True),
        hid_transit=pl.col("transit").is_not_null(),
        record_id=(pl.int_range(len(both)) + 900_000_001 + chunk * 100_000).cast(pl.String),
    )  # fmt: skip
    whole = delivery("cites_trade", "simulated-cites-manidae.csv", both, CITES_COLUMNS)
    return [Delivery(whole.publisher, whole.file_name, "", whole.rows, whole.told.filter(both["is_event"]))]


def _weight(product: str, number: int | None, milligrams: int | None) -> tuple[str, str]:
    """A quantity with its unit: cubic metres of timber, grams of gold, tonnes of what is heavy."""
    if number is not None:
        return number_text(np.array([float(number)]), 2, ",", ".")[0], "m³"
    kg = (milligrams or 0) / 1_000_000
    value, unit = (
        (kg * 1000, "g") if kg < 1 else (kg / 1000, "t") if kg >= 5000 and product != "charcoal" else (kg, "kg")
    )
    return number_text(np.array([value]), 3, ",", ".")[0], unit

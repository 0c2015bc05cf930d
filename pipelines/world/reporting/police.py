"""The national police forces of Colombia and Brazil: street by street, airport by airport.

Belongs here: what these two say of each event. Does not belong here: the files' bytes (`formats`).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.world import places, words
from pipelines.world.draws import a_few, chance, codes, divided, draw_words, draw_words_by, unless
from pipelines.world.parameters import Parameters
from pipelines.world.reporting.common import Delivery, copied, delivery, of, plain, second_telling, spotted, told_again


def colombia(
    p: Parameters, rng: np.random.Generator, events: pl.DataFrame, chunk: int, localities: int
) -> list[Delivery]:
    """Policía Nacional de Colombia: whole grams, one file a year, in file order."""
    own = plain(of(events, "colombia_policia"))
    again, exact = told_again(p, rng, own, "colombia_policia")
    said = pl.concat([own, again], how="diagonal_relaxed")
    n = len(said)
    towns = places.table(places.COLOMBIA_TOWNS)
    town = spotted([float(row[3]) for row in towns], said["spot"].to_numpy())
    zero = np.zeros(n, dtype=bool)
    zero[a_few(rng, np.arange(n), p.number("police_zero"), 1 if chunk == 0 else 0)] = True
    department, place, dane = (pl.Series([row[i] for row in towns])[town] for i in range(3))
    if localities > len(towns):
        many = -(-localities // len(towns))
        place = (
            place
            + pl.Series([f" COMUNA {i + 1}" for i in range(many)])[
                np.floor(said["nook"].to_numpy() * many).astype(np.int64)
            ]
        )
    said = said.with_columns(
        pl.Series(zero).alias("zero_amount"),
        pl.col("date").dt.to_string("%m/%d/%Y 12:00:00 AM").alias("FECHA"),
        department.alias("DEPARTAMENTO"),
        place.alias("MUNICIPIO"),
        pl.col("date").dt.weekday().replace_strict(dict(enumerate(words.DAYS, 1))).alias("DIA"),
        pl.col("commodity").replace_strict(words.POLICE_DRUGS).alias("CLASE DE ESTUPEFACIENTE"),
        draw_words_by(rng, said["mode"], p.mixes("police_sites")).alias("CLASE DE SITIO"),
        draw_words(rng, p.mix("police_zone"), n).alias("ZONA"),
        pl.lit("GRAMO").alias("UNIDAD DE MEDIDA"),
        dane.alias("CÓDIGO DANE"),
        pl.when(pl.Series(zero)).then(0).otherwise(pl.col("milligrams") // 1000).alias("CANTIDAD"),
        *(pl.lit(True).alias(f"hid_{role}") for role in ("origin", "departure", "transit", "destination", "mode")),
    )
    take = np.arange(n)
    take[: len(own)] = np.searchsorted(own["event_id"].to_numpy(), own["like"].to_numpy())
    said = copied(said[take].with_columns(said["event_id"]), exact)
    order = ["year", "CLASE DE ESTUPEFACIENTE", "DEPARTAMENTO", "MUNICIPIO", "event_id", "relation"]
    return [
        delivery("colombia_policia", f"simulated-incautacion-{year}.csv", of_year, words.POLICE_COLUMNS)
        for (year,), of_year in sorted(
            said.sort(order).group_by("year", maintain_order=True), key=lambda group: group[0]
        )
    ]


def api(p: Parameters, csv: list[Delivery]) -> list[Delivery]:
    """The first rows of each year's file once more, as the publisher's interface gives them."""
    most = p.whole("api_rows")
    return [
        Delivery(
            one.publisher, one.file_name.replace(".csv", "-api.json"), "", one.rows.head(most),
            one.told.head(most).with_columns(relation=pl.lit("mirror")),
        )
        for one in csv
    ]  # fmt: skip


def brazil(p: Parameters, rng: np.random.Generator, events: pl.DataFrame, containers: pl.DataFrame) -> list[Delivery]:
    """Polícia Federal at airports and ports: grams or tablets, one file, in file order."""
    own = plain(of(events, "brazil_pf"))
    again, exact = told_again(p, rng, own, "brazil_pf")
    drugs = containers.filter(pl.col("commodity").is_in(list(words.BRAZIL_DRUGS)))
    taken = drugs.filter(pl.Series(rng.random(len(drugs))) < p.number("brazil_containers"))
    others = second_telling(p, rng, taken, "other_agency")
    said = pl.concat([own, others, again], how="diagonal_relaxed")
    n = len(said)
    sites = places.table(places.BRAZIL_SITES)
    weight = np.array([float(row[7]) for row in sites])
    site = np.empty(n, dtype=np.int64)
    at_port = (said["mode"] == "Commercial sea").to_numpy()
    for here, facility in ((at_port, "porto"), (~at_port, "aeroporto")):
        candidates = np.flatnonzero([row[4] == facility for row in sites])
        site[here] = candidates[spotted(weight[candidates].tolist(), said["spot"].to_numpy()[here])]
    known = codes(said["place_id"].str.strip_prefix("LOCODE:"), [row[2] for row in sites])
    boxed = (said["relation"] == "other_agency").to_numpy() & (known >= 0)
    site[boxed] = known[boxed]  # a container stands in the port that the container unit names
    named = ("UF", "UNIDADE", "UNIDADE_PADRAO_AEROPORTUARIO", "CIDADE_APREENSAO", "ORIGEM", "lat", "lon")
    no_amount = chance(rng, n, p.number("empty_quantity_brazil"))
    in_grams = pl.col("tablets").is_null()
    amount = pl.when(in_grams).then(_grams(said)).otherwise(pl.col("tablets").cast(pl.String))
    said = said.with_columns(
        no_amount.alias("no_amount"),
        *(pl.Series([row[i] for row in sites])[site].alias(column) for i, column in enumerate(named)),
        *(pl.lit(True).alias(f"hid_{role}") for role in ("origin", "departure", "transit", "destination", "mode")),
        DATA=pl.col("date").dt.to_string("%m/%d/%Y"),
        DROGA=pl.col("commodity").replace_strict(words.BRAZIL_DRUGS),
        QUANTIDADE=unless(no_amount, amount),
        UNIDADE_MEDIDA=pl.when(in_grams).then(pl.lit("gramas")).otherwise(pl.lit("comprimidos")),
    )
    said = copied(said, exact)
    order = ["UF", "UNIDADE_PADRAO_AEROPORTUARIO", "event_id", "relation"]
    return [delivery("brazil_pf", "simulated-pf-portos-aeroportos.csv", said.sort(order), words.BRAZIL_COLUMNS)]


def _grams(said: pl.DataFrame) -> pl.Series:
    """Grams with a decimal comma and no trailing zeros."""
    text = divided(said["milligrams"], 1000).cast(pl.String).str.strip_suffix(".0")
    return text.str.replace(".", ",", literal=True)

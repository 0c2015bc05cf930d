"""Places: free text, division, code and country become a place with its precision, and doubt is kept.

All rows are invented; the traps are those of real reports: accents, generic words, several names in one text, a
division before or behind, names that many places share, places that no gazetteer holds, codes, seas, coordinates.
"""

from __future__ import annotations

import hashlib
import math
import shutil
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import polars as pl
import pytest
import samples

from pipelines.conformed.make import make_lines
from pipelines.conformed.places.candidates import make_places
from pipelines.store import Home, connect, frame
from schemas.registry import Registry


class Trap(NamedTuple):
    """What a report says, and the answer: a place, or the level at which a careful reader stops."""

    country: str
    place: str
    division: str = ""
    installation: str = ""
    answer: str = ""
    lat: float | None = None
    lon: float | None = None


TRAPS = [
    # spellings
    Trap("Colombia", "BOGOTA, D.C.", "BOGOTA D.C.", "", "city", 4.61, -74.08),
    Trap("Colombia", "medellín", "ANTIOQUIA", "", "city", 6.25, -75.56),
    Trap("Colombia", "Cartagena De Indias", "Bolívar", "", "city", 10.40, -75.50),
    Trap("Spain", "Prat de Llobregat (El)", "", "", "city", 41.33, 2.09),
    Trap("Spain", "ALGECIRAS", "Cádiz", "", "city", 36.13, -5.45),
    Trap("Germany", "Muenchen", "", "", "city", 48.14, 11.58),
    Trap("Russian Federation", "г. Екатеринбург", "Свердловская область", "", "city", 56.85, 60.61),
    Trap("Russian Federation", "г. Тверь", "", "", "city", 56.86, 35.90),
    Trap("Senegal", "Ville de Thiès", "", "", "city", 14.79, -16.93),
    Trap("Brazil", "Município de Foz do Iguaçu", "PR", "", "city", -25.55, -54.59),
    Trap("Ghana", "Kumassi", "", "", "city", 6.69, -1.62),
    Trap("Pakistan", "Peshawarr", "", "", "city", 34.01, 71.58),
    # several names in one text
    Trap("Ghana", "Kumasi - Ashanti", "", "", "city", 6.69, -1.62),
    Trap("Colombia", "Comuna 3, Cali", "", "", "city", 3.44, -76.52),
    Trap("Colombia", "Puerto de Cartagena, Bolívar", "", "Port", "city", 10.40, -75.50),
    Trap("Russian Federation", "Sverdlovsk Region, Nizhny Tagil city", "", "", "city", 57.92, 59.97),
    Trap("Romania", "Jud. Timis / Timisoara", "", "", "city", 45.75, 21.23),
    Trap("Austria", "Linz/Oberösterreich", "", "", "city", 48.31, 14.29),
    Trap("Ecuador", "INGRESO A LATACUNGA KM 4", "COTOPAXI", "", "city", -0.93, -78.61),
    Trap("Ecuador", "CDLA. INVENTADA MZ. 12", "D.M. GUAYAQUIL", "", "city", -2.20, -79.89),
    # airports and seaports
    Trap("Spain", "BARAJAS AIRPORT", "", "Airport", "city", 40.47, -3.56),
    Trap("Colombia", "Aeropuerto El Dorado Bogotá", "", "Airport", "city", 4.70, -74.15),
    Trap("Portugal", "Lisboa", "", "Airport", "city", 38.77, -9.13),
    Trap("France", "Charles de Gaulle", "", "Airport", "city", 49.01, 2.55),
    Trap("Bulgaria", "Sofia Airport", "", "Airport", "city", 42.70, 23.41),
    Trap("Belgium", "Port of Antwerp", "", "Port", "city", 51.25, 4.40),
    # one name, several places: the division decides, and without it nobody does
    Trap("Colombia", "Argelia", "Antioquia", "", "city", 5.73, -75.14),
    Trap("Colombia", "ARGELIA", "CAUCA", "", "city", 2.26, -77.25),
    Trap("Colombia", "Argelia", "", "", "country"),
    Trap("Colombia", "San Luis", "", "", "country"),
    # no gazetteer holds it
    Trap("Colombia", "Vereda Inventadísima", "Putumayo", "", "ADM1:CO-PUT"),
    Trap("Russian Federation", "д. Придуманная", "Астраханская область", "", "ADM1:RU-AST"),
    Trap("Ecuador", "BARRIO QUE NO EXISTE", "LOJA", "", "ADM1:EC-L"),
    Trap("Zambia", "Inventedville", "", "", "country"),
    # a division, a country, a sea
    Trap("Afghanistan", "Helmand", "", "", "ADM1:AF-HEL"),
    Trap("Iran (Islamic Republic of)", "Sistan and Baluchestan Province", "", "", "ADM1:IR-11"),
    Trap("Spain", "Spain", "", "", "country"),
    Trap("Colombia", "AGUAS INTERNACIONALES", "", "", "SEA:XHS"),
    Trap("Senegal", "High seas off Cape Verde", "", "", "SEA:XHS"),
    Trap("Kenya", "", "", "International Waters", "SEA:XHS"),
    Trap("Colombia", "AMSTERDAM", "PAISES BAJOS", "", "city", 52.37, 4.89),
]
BRAZIL = {
    "code": {"UNIDADE_PADRAO_AEROPORTUARIO": "GRU", "CIDADE_APREENSAO": "coded"},
    "at home": {"CIDADE_APREENSAO": "SANTOS", "UNIDADE_PADRAO_AEROPORTUARIO": "", "lat": "-23,95", "lon": "-46,33"},
    "other_country": {"CIDADE_APREENSAO": "abroad", "lat": "4,60", "lon": "-74,08"},
    "at_sea": {"CIDADE_APREENSAO": "afloat", "lat": "-25,0", "lon": "-35,0"},
    "far_from_stated_place": {
        "CIDADE_APREENSAO": "MANAUS", "UF": "AM", "UNIDADE_PADRAO_AEROPORTUARIO": "", "lat": "-23,95", "lon": "-46,33"
    },
}  # fmt: skip


def rows_of(traps: list[Trap]) -> list[dict[str, str]]:
    return [
        {
            "COUNTRY": trap.country,
            "PLACE": trap.place,
            "ADMINISTRATIVE_DIVISION": trap.division,
            "INSTALLATION": trap.installation,
            "AMOUNT": str(1000 + TRAPS.index(trap)),
        }
        for trap in traps
    ]


def delivered(home: Home, registry: Registry, traps: list[Trap]) -> Home:
    samples.stage(
        home,
        registry,
        {
            "unodc_ids/ids_2014.csv": samples.ids(*rows_of(traps)),
            "brazil_pf/newer.csv": samples.brazil(*BRAZIL.values()),
            "colombia_policia/a.csv": samples.colombia(
                {"DEPARTAMENTO": "", "MUNICIPIO": "BARBOSA", "CÓDIGO DANE": "68077000"},
                {"DEPARTAMENTO": "", "MUNICIPIO": "BARBOSA", "CÓDIGO DANE": "5079000"},
            ),
        },
    )
    make_places(home, registry)
    make_lines(home, registry)
    return home


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory, registry: Registry) -> Home:
    home = Home.at(tmp_path_factory.mktemp("gazetteer")).make()
    samples.reference(home, registry)
    return home


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, reference: Home, registry: Registry) -> Home:
    home = Home.at(tmp_path_factory.mktemp("places")).make()
    shutil.copytree(reference.tables, home.tables, dirs_exist_ok=True)
    return delivered(home, registry, TRAPS)


@pytest.fixture(scope="module")
def lines(world: Home, registry: Registry) -> pl.DataFrame:
    return samples.table(world, registry, "conformed.lines")


@pytest.fixture(scope="module")
def candidates(world: Home, registry: Registry) -> pl.DataFrame:
    return samples.table(world, registry, "conformed.place_candidates")


def of_trap(lines: pl.DataFrame, trap: Trap) -> dict[str, object]:
    amount = Decimal(1000 + TRAPS.index(trap))
    (found,) = lines.filter((pl.col("source_id") == "unodc_ids") & (pl.col("quantity_reported") == amount)).to_dicts()
    return found


def kilometres(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    a, b, c, d = (math.radians(angle) for angle in (lat, lon, other_lat, other_lon))
    return (
        2
        * 6371
        * math.asin(math.sqrt(math.sin((c - a) / 2) ** 2 + math.cos(a) * math.cos(c) * math.sin((d - b) / 2) ** 2))
    )


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: f"{trap.country}, {trap.place}, {trap.division}")
def test_a_place_is_found_where_a_careful_reader_finds_it(lines: pl.DataFrame, trap: Trap) -> None:
    found = of_trap(lines, trap)
    if trap.answer == "city":
        assert found["place_precision"] in {"city", "point"}
        assert kilometres(found["lat"], found["lon"], trap.lat, trap.lon) <= 25
        assert found["place_score"] >= Decimal("0.5")
    elif trap.answer == "country":
        assert (found["place_precision"], found["lat"]) == ("country", None)
    else:
        assert (found["place_id"], found["lat"]) == (trap.answer, None)


def test_every_question_has_candidates_whose_probabilities_add_up_to_one(candidates: pl.DataFrame) -> None:
    sums = candidates.group_by("place_key").agg(pl.col("place_probability").sum(), pl.col("place_rank").max(), pl.len())
    assert sums["place_probability"].unique().to_list() == [Decimal(1)]
    assert sums["place_rank"].equals(sums["len"].cast(pl.Int64))
    named = candidates.filter(pl.col("place_method") != "rest")
    assert named["place_probability"].min() >= Decimal("0.02")
    falling = named.sort("place_key", "place_rank").group_by("place_key", maintain_order=True)
    assert all(group["place_probability"].is_sorted(descending=True) for _, group in falling)


def test_ambiguity_is_kept_as_candidates_and_nothing_is_chosen_below_one_half(
    lines: pl.DataFrame, candidates: pl.DataFrame
) -> None:
    open_one = of_trap(lines, Trap("Colombia", "Argelia", "", "", "country"))
    offered = candidates.filter((pl.col("place_key") == open_one["place_key"]) & pl.col("place_id").is_not_null())
    assert offered.height == open_one["n_place_candidates"] >= 2
    assert offered["place_text"].unique().to_list() == ["Argelia"]
    assert offered["place_probability_near"].max() < Decimal("0.5")
    chosen = lines.filter(pl.col("place_precision").is_in(["city", "point"]))
    assert chosen["place_score"].min() >= Decimal("0.5")


@pytest.mark.parametrize("conflict", [name for name in BRAZIL if name not in {"code", "at home"}])
def test_coordinates_that_contradict_what_is_stated_are_flagged_and_kept(lines: pl.DataFrame, conflict: str) -> None:
    (found,) = lines.filter(pl.col("place_text") == BRAZIL[conflict]["CIDADE_APREENSAO"]).to_dicts()
    assert (found["place_conflict"], found["place_precision"], found["place_method"]) == (
        conflict,
        "point",
        "coordinates",
    )
    assert found["lat"] == float(BRAZIL[conflict]["lat"].replace(",", "."))


def test_coordinates_in_the_stated_country_and_near_the_stated_place_contradict_nothing(lines: pl.DataFrame) -> None:
    (found,) = lines.filter(pl.col("place_text") == "SANTOS").to_dicts()
    assert (found["place_conflict"], found["place_precision"]) == ("none", "point")
    (coded,) = lines.filter(pl.col("place_text") == "coded").to_dicts()
    assert (coded["place_id"], coded["place_method"], coded["place_conflict"]) == ("IATA:GRU", "code", "none")


def test_a_place_named_in_another_country_is_found_there_and_flagged(lines: pl.DataFrame) -> None:
    abroad = of_trap(lines, Trap("Colombia", "AMSTERDAM", "PAISES BAJOS", "", "city", 52.37, 4.89))
    assert (abroad["reporter"], abroad["place_conflict"]) == ("COL", "other_country")


def test_the_register_code_of_a_division_tells_places_of_one_name_apart(lines: pl.DataFrame) -> None:
    found = lines.filter(pl.col("place_text") == "BARBOSA").sort("place_code")
    assert found["place_code"].to_list() == ["DANE:05079000", "DANE:68077000"]
    assert found["place_precision"].to_list() == ["city", "city"]
    assert found["lat"].to_list() == pytest.approx([6.44, 5.93], abs=0.2)


def test_the_order_of_rows_changes_no_place_and_no_byte(
    reference: Home, world: Home, registry: Registry, tmp_path: Path, lines: pl.DataFrame
) -> None:
    home = Home.at(tmp_path / "shuffled").make()
    shutil.copytree(reference.tables, home.tables, dirs_exist_ok=True)
    mixed = sorted(TRAPS, key=lambda trap: hashlib.sha256(repr(trap).encode()).digest())
    again = samples.table(delivered(home, registry, mixed), registry, "conformed.lines")
    for name in ("place_questions", "place_candidates"):
        table = registry.tables[f"conformed.{name}"]
        assert home.table_file(table).read_bytes() == world.table_file(table).read_bytes()
    placed = ["quantity_reported", "place_key", "place_id", "lat", "lon", "place_score", "place_conflict"]
    ours, theirs = (table.filter(source_id="unodc_ids").select(placed).sort(placed) for table in (lines, again))
    assert ours.equals(theirs)


def test_the_gazetteer_holds_places_of_all_kinds_and_names_of_all_places(reference: Home, registry: Registry) -> None:
    con = connect(reference, registry, ["reference.places", "reference.place_names"])
    kinds = dict(frame(con, "SELECT place_kind, count(*) FROM reference.places GROUP BY ALL").iter_rows())
    assert kinds.keys() == registry.codes["place_kinds"].codes
    assert kinds["city"] > 230_000
    assert kinds["airport"] > 7_500
    unnamed = frame(con, "FROM reference.places ANTI JOIN reference.place_names USING (place_id)")
    assert unnamed.is_empty()
    codes = frame(
        con, "SELECT name_key FROM reference.place_names WHERE regexp_full_match(name_key, '(dane|ibge) [0-9]{2}')"
    )
    assert codes["name_key"].str.head(4).value_counts(sort=True).rows() == [("dane", 33), ("ibge", 27)]

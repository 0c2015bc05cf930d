"""Lines are coded, weighed and placed; equivalents stay apart; only an official total makes a quantity impossible."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
import samples

from pipelines.conformed import make
from pipelines.store import Home, StoreError
from schemas.registry import Registry

KENYA_HEROIN_2014 = "10"  # kilograms, in two figures that add up: heroin 6 and illicit morphine 4

IDS: dict[str, dict[str, str]] = {
    "grams": {"DRUG_NAME": "Cocaine", "AMOUNT": "2500.5", "DRUG_UNIT": "Gram"},
    "kilograms": {"DRUG_NAME": "Cocaine", "AMOUNT": "3.25", "DRUG_UNIT": "Kilogram"},
    "tablets": {"DRUG_NAME": "Ecstasy", "AMOUNT": "1000", "DRUG_UNIT": "Tablet"},
    "thousands of tablets": {"DRUG_NAME": "Ecstasy", "AMOUNT": "2", "DRUG_UNIT": "Thousand of tablets"},
    "tablets without a factor": {"DRUG_NAME": "Heroin", "AMOUNT": "12", "DRUG_UNIT": "Tablet"},
    "litres of GBL": {"DRUG_NAME": "GBL", "AMOUNT": "10", "DRUG_UNIT": "Litre"},
    "litres of opium": {"DRUG_NAME": "Opium (liquid)", "AMOUNT": "10", "DRUG_UNIT": "Litre"},
    "no unit": {"DRUG_NAME": "Cocaine", "AMOUNT": "10", "DRUG_UNIT": "Unknown"},
    "leaf": {"DRUG_NAME": "Coca leaf", "AMOUNT": "100", "DRUG_UNIT": "Kilogram"},
    "opium": {"DRUG_NAME": "Opium", "AMOUNT": "100", "DRUG_UNIT": "Kilogram"},
    "zero": {"DRUG_NAME": "Coca leaf", "AMOUNT": "0.0"},
    "missing": {"DRUG_NAME": "Coca leaf", "AMOUNT": ""},
    "waters by routing": {"ROUTING": "International waters/unclaimed territory", "ADMINISTRATIVE_DIVISION": "Coast"},
    "waters by installation": {"INSTALLATION": "International Waters"},
    "at home": {"ROUTING": "National territory/domestic seizure", "ADMINISTRATIVE_DIVISION": "Coast"},
    "at the border": {"ROUTING": "Border - inbound", "TRANSPORT": "Mail"},
    "at an airport": {"INSTALLATION": "Airport", "ROUTING": "National territory/domestic seizure"},
    "cannabis": {"DRUG_NAME": "Cannabis herb", "DRUG_UNIT": "Kilogram"},
    "routed": {
        "PRODUCING_COUNTRY": "Afghanistan", "DEPARTURE_COUNTRY": "Pakistan", "DESTINATION_COUNTRY": "Kenya",
        "TRANSPORT": "Commercial sea",
    },
    "routed nowhere": {"DEPARTURE_COUNTRY": "Atlantis", "DESTINATION_COUNTRY": "Unknown"},
    "as large as the total": {"AMOUNT": "10.0", "DRUG_UNIT": "Kilogram"},
    "larger than the total by a tenth": {"AMOUNT": "11", "DRUG_UNIT": "Kilogram"},
    "larger than the total": {"AMOUNT": "11.001", "DRUG_UNIT": "Kilogram"},
    "twice the total": {"AMOUNT": "20", "DRUG_UNIT": "Kilogram"},
    "above twice the total": {"AMOUNT": "20.001", "DRUG_UNIT": "Kilogram"},
    "far above, in doses": {"AMOUNT": "1000", "DRUG_UNIT": "Thousand of doses"},
    "far above, of no comparable group": {"DRUG_NAME": "LSD", "AMOUNT": "500", "DRUG_UNIT": "Kilogram"},
    "far above, out of scope": {"DRUG_NAME": "Cannabis resin", "AMOUNT": "500", "DRUG_UNIT": "Kilogram"},
    "far above, of leaf": {"DRUG_NAME": "Coca leaf", "AMOUNT": "900000", "DRUG_UNIT": "Kilogram"},
    "tons where no total is": {"COUNTRY": "Togo", "AMOUNT": "6500", "DRUG_UNIT": "Kilogram"},
    "tons in a year without total": {"SEIZURE_DATE": "2013-05-05", "AMOUNT": "6500", "DRUG_UNIT": "Kilogram"},
    "tons where the total is zero": {"COUNTRY": "Ghana", "AMOUNT": "6500", "DRUG_UNIT": "Kilogram"},
    "known": {"AMOUNT": "77"},
}  # fmt: skip
BRAZIL = {
    "airport": {"UNIDADE_PADRAO_AEROPORTUARIO": "GRU"},
    "seaport": {"UNIDADE_PADRAO_AEROPORTUARIO": "BRSSZ", "ORIGEM": "porto"},
    "own point": {"UNIDADE_PADRAO_AEROPORTUARIO": "GRU", "lat": "-1,5", "lon": "-48,25"},
    "no such airport": {"UNIDADE_PADRAO_AEROPORTUARIO": "QQ1"},
    "no code": {"UNIDADE_PADRAO_AEROPORTUARIO": ""},
    "maconha": {"DROGA": "maconha"},
}
ANNUAL = [
    {"country": country, "Year": "2014", "Drug Group": group, "Drug": drug, "KG Equivalent": kilograms}
    for country, group, drug, kilograms in (
        ("Kenya", "Opioids", "Heroin", "6"),
        ("Kenya", "Opioids", "Illicit morphine", "4"),
        ("Kenya", "Hallucinogens", "LSD", "1"),
        ("Kenya", "Cannabis-type", "Hashish (resin)", "1"),
        ("Kenya", "Cocaine-type", "Cocaine salts", "129"),
        ("Kenya", "Cocaine-type", "Non-specified cocaine", "129"),
        ("Kenya", "Cocaine-type", "Coca leaf", "50"),
        ("Ghana", "Opioids", "Heroin", "0"),
        ("Ghana", "Opioids", "Illicit morphine", "0"),
    )
]


def named(rows: Mapping[str, Mapping[str, str]], column: str) -> list[dict[str, str]]:
    """Rows that carry their name as the place."""
    return [{**cells, column: name} for name, cells in rows.items()]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, registry: Registry) -> Home:
    """A home with all planted rows, conformed. Tests read it and write nothing into it."""
    home = Home.at(tmp_path_factory.mktemp("conformed")).make()
    samples.conform(
        home,
        registry,
        {
            "unodc_ids/ids_2014.csv": samples.ids(*named(IDS, "PLACE")),
            # a stray row of a year that this file does not restate, which was delivered before
            "unodc_ids/ids_2012.csv": samples.ids(
                {"PLACE": "news", "SEIZURE_DATE": "2015-02-02"}, {**IDS["known"], "PLACE": "known"}, least=2
            )
            + samples.ids(least=100).split(b"\n", 1)[1].replace(b"2014-05-05", b"2012-01-01"),
            "brazil_pf/older.csv": samples.brazil({"CIDADE_APREENSAO": "superseded"}, least=25),
            "brazil_pf/newer.csv": samples.brazil(*named(BRAZIL, "CIDADE_APREENSAO"), {"DATA": "01/31/2020"}),
            "colombia_policia/a.csv": samples.colombia(),
            "colombia_policia/a.json": samples.api(),
            "unodc_annual/older.csv": samples.annual({"country": "Togo", "Year": "2014"}, least=20),
            "unodc_annual/newer.csv": samples.annual(*ANNUAL, {"Year": "2016"}),
        },
    )
    return home


@pytest.fixture(scope="module")
def seizures(world: Home, registry: Registry) -> pl.DataFrame:
    return samples.table(world, registry, "conformed.seizures")


def one(seizures: pl.DataFrame, name: str) -> dict[str, object]:
    """The seizure at a planted place."""
    (found,) = seizures.filter(place_text=name).to_dicts()
    return found


def kg(seizures: pl.DataFrame, name: str) -> tuple[Decimal | None, ...]:
    found = one(seizures, name)
    return found["kg_low"], found["kg_mid"], found["kg_high"]


def decimals(*texts: str) -> tuple[Decimal, ...]:
    return tuple(map(Decimal, texts))


# --- weight -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected", "factor"),
    [
        ("grams", ("2.5005", "2.5005", "2.5005"), "bulk.all.gram"),
        ("kilograms", ("3.25", "3.25", "3.25"), "bulk.all.kilogram"),
        ("tablets", ("0.2", "0.27", "0.3"), "bulk.group.ecstasy.tablet"),
        ("thousands of tablets", ("0.4", "0.54", "0.6"), "bulk.group.ecstasy.thousand_tablets"),
        ("litres of GBL", ("11", "11.2", "11.4"), "bulk.commodity.gbl.litre"),
        ("litres of opium", ("8", "10", "12"), "bulk.all.litre"),
    ],
)
def test_a_quantity_is_weighed_by_the_most_specific_factor_of_its_unit(
    seizures: pl.DataFrame, name: str, expected: tuple[str, ...], factor: str
) -> None:
    assert kg(seizures, name) == decimals(*expected)
    assert one(seizures, name)["factor_id"] == factor


@pytest.mark.parametrize(
    ("name", "semantics"),
    [
        ("zero", "zero_stated"),
        ("missing", "not_stated"),
        ("no unit", "unit_not_known"),
        ("tablets without a factor", "count"),
    ],
)
def test_a_quantity_that_no_factor_weighs_has_no_kilograms_of_any_kind(
    seizures: pl.DataFrame, name: str, semantics: str
) -> None:
    found = one(seizures, name)
    assert found["amount_semantics"] == semantics
    absent = ["kg_low", "kg_mid", "kg_high", "kg_equiv_mid", "equiv_product", "factor_id", "equiv_factor_id"]
    assert [found[column] for column in absent] == [None] * 7
    assert found["size_class"] == "unknown"


def test_items_are_counted_and_weights_are_not(seizures: pl.DataFrame) -> None:
    counts = ("tablets", "thousands of tablets", "tablets without a factor", "grams", "zero")
    assert [one(seizures, name)["count_mid"] for name in counts] == [1000, 2000, 12, None, None]


def test_a_weight_has_its_size_class(seizures: pl.DataFrame) -> None:
    sizes = {"grams": "1kg_10kg", "tablets": "100g_1kg", "as large as the total": "10kg_100kg", "leaf": "100kg_1t"}
    assert {name: one(seizures, name)["size_class"] for name in sizes} == sizes
    assert one(seizures, "tons where no total is")["size_class"] == "ge_1t"


def test_kilograms_of_leaf_are_of_leaf_and_its_cocaine_stands_apart(seizures: pl.DataFrame) -> None:
    found = one(seizures, "leaf")
    assert kg(seizures, "leaf") == decimals("100", "100", "100")
    assert (found["commodity"], found["commodity_group"], found["in_group_kg"]) == ("coca_leaf", "cocaine", False)
    assert found["equiv_product"] == "cocaine_hcl"
    assert (found["kg_equiv_low"], found["kg_equiv_mid"], found["kg_equiv_high"]) == decimals(
        "0.15", "0.454546", "0.896"
    )
    assert one(seizures, "grams")["in_group_kg"] is True
    assert one(seizures, "grams")["equiv_product"] is None


def test_opium_counts_as_opium_and_its_heroin_stands_apart(seizures: pl.DataFrame) -> None:
    found = one(seizures, "opium")
    assert (found["kg_mid"], found["kg_equiv_mid"], found["equiv_product"]) == (Decimal(100), Decimal(10), "heroin")
    assert (found["commodity_group"], found["in_group_kg"]) == ("opium", True)


# --- place and route ----------------------------------------------------------------------------------------


def test_airport_and_seaport_codes_become_places_with_coordinates(seizures: pl.DataFrame) -> None:
    airport, seaport = one(seizures, "airport"), one(seizures, "seaport")
    assert (airport["place_id"], seaport["place_id"]) == ("IATA:GRU", "LOCODE:BRSSZ")
    assert (airport["lat"], airport["lon"]) == pytest.approx((-23.43, -46.47), abs=0.05)
    assert (seaport["lat"], seaport["lon"]) == pytest.approx((-23.95, -46.33), abs=0.2)
    assert airport["place_precision"] == seaport["place_precision"] == "point"
    assert (airport["facility"], seaport["facility"]) == ("airport", "seaport")


def test_the_publishers_own_coordinates_outrank_those_of_the_place(seizures: pl.DataFrame) -> None:
    found = one(seizures, "own point")
    assert (found["place_id"], found["lat"], found["lon"]) == ("IATA:GRU", -1.5, -48.25)


@pytest.mark.parametrize("name", ["no such airport", "no code"])
def test_a_code_that_no_register_holds_leaves_the_row_in_its_division(seizures: pl.DataFrame, name: str) -> None:
    found = one(seizures, name)
    assert (found["place_id"], found["lat"], found["place_precision"]) == ("ADM1:BR-SP", None, "admin1")


@pytest.mark.parametrize("name", ["waters by routing", "waters by installation"])
def test_a_seizure_on_the_high_seas_stands_under_its_authority_and_lies_in_no_country(
    world: Home, seizures: pl.DataFrame, registry: Registry, name: str
) -> None:
    found = one(seizures, name)
    assert (found["reporter"], found["seizing_area"], found["seizing_area_type"]) == ("KEN", "KEN", "high_seas")
    assert found["place_precision"] == "sea_area"
    legs = samples.table(world, registry, "conformed.legs").filter(seizure_id=found["seizure_id"])
    assert legs.select("role", "area", "area_type").rows() == [("seizure", "XHS", "high_seas")]
    assert one(seizures, "at home")["seizing_area_type"] == "country"


def test_a_seizure_is_of_the_border_by_its_site_alone_and_never_by_its_routing(seizures: pl.DataFrame) -> None:
    classes = {"at home": "unknown", "at the border": "unknown", "at an airport": "border", "grams": "unknown"}
    assert {name: one(seizures, name)["border_class"] for name in classes} == classes
    assert (one(seizures, "at the border")["transport_mode"], one(seizures, "routed")["mode_class"]) == ("post", "sea")


def test_legs_stand_in_the_order_of_the_route_with_the_reporters_own_words(
    world: Home, seizures: pl.DataFrame, registry: Registry
) -> None:
    legs = samples.table(world, registry, "conformed.legs")
    route = legs.filter(seizure_id=one(seizures, "routed")["seizure_id"]).sort("seq")
    assert route.select("seq", "role", "area", "role_reported", "seizure_opportunity").rows() == [
        (1, "origin", "AFG", "producing country", False),
        (2, "departure", "PAK", "departure country", True),
        (3, "seizure", "KEN", "place of seizure", True),
        (4, "destination", "KEN", "destination country", True),
    ]


def test_a_place_without_code_is_an_unmapped_leg_and_a_place_not_known_is_none(
    world: Home, seizures: pl.DataFrame, registry: Registry
) -> None:
    legs = samples.table(world, registry, "conformed.legs")
    route = legs.filter(seizure_id=one(seizures, "routed nowhere")["seizure_id"]).sort("seq")
    assert route.select("seq", "role", "area", "area_type").rows() == [
        (1, "departure", "unmapped", "unmapped"),
        (2, "seizure", "KEN", "country"),
    ]


# --- which rows stand ---------------------------------------------------------------------------------------


def test_every_staged_row_is_one_line_or_has_a_declared_reason(world: Home, registry: Registry) -> None:
    key = ["delivery_id", "part", "row_no", "line_no"]
    reports, lines, not_lines = (
        samples.table(world, registry, name).select(key)
        for name in ("staging.reports", "conformed.lines", "conformed.not_lines")
    )
    assert pl.concat([lines, not_lines]).sort(key).equals(reports.sort(key))


def test_a_row_that_was_delivered_before_is_already_known_and_an_older_snapshot_superseded(
    world: Home, seizures: pl.DataFrame, registry: Registry
) -> None:
    reasons = samples.table(world, registry, "conformed.not_lines").group_by("source_id", "reason").len()
    assert sorted(reasons.rows()) == [("brazil_pf", "superseded", 25), ("unodc_ids", "already_known", 1)]
    assert seizures.filter(place_text="known").height == 1
    assert seizures.filter(place_text="superseded").is_empty()
    superseded = samples.table(world, registry, "conformed.not_lines").filter(reason="superseded")
    assert superseded.select("known_from", "known_to").unique().rows() == [(date(2019, 3, 28), date(2020, 1, 31))]


def test_a_mirrored_row_and_the_row_that_it_repeats_share_one_line(seizures: pl.DataFrame) -> None:
    mirror = seizures.filter(source_id="colombia_policia_api")
    assert mirror["is_mirror"].all()
    assert mirror["line_weight"].unique().to_list() == [Decimal("0.5")]
    both = seizures.filter(pl.col("duplicate_set_id").is_in(mirror["duplicate_set_id"].implode()))
    assert both.group_by("duplicate_set_id").agg(pl.col("line_weight").sum())["line_weight"].unique().to_list() == [1]


def test_what_a_source_does_not_cover_is_out_of_its_scope_and_in_anothers(seizures: pl.DataFrame) -> None:
    ours, theirs = one(seizures, "cannabis"), one(seizures, "maconha")
    assert ours["commodity_group"] == theirs["commodity_group"] == "cannabis"
    assert (ours["in_scope"], theirs["in_scope"], one(seizures, "grams")["in_scope"]) == (False, True, True)


def test_lines_carry_where_they_come_from(world: Home, seizures: pl.DataFrame, registry: Registry) -> None:
    found = one(seizures, "tablets")
    assert (found["source_id"], found["file_name"], found["row_no"], found["contract_version"]) == (
        "unodc_ids", "ids_2014.csv", list(IDS).index("tablets") + 1, registry.sources["unodc_ids"].version,
    )  # fmt: skip
    assert found["delivery_id"] in samples.table(world, registry, "deliveries.files")["delivery_id"].to_list()
    assert (found["reporter_role"], found["tlp"]) == ("national_focal_point", "CLEAR")


def test_lines_that_do_not_add_up_stop_the_step(
    world: Home, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home.at(tmp_path / "home").make()
    shutil.copytree(world.tables, home.tables, dirs_exist_ok=True)
    text = make.sql

    def without_reasons(package_file: str, name: str) -> str:
        return text(package_file, name) + (" AND v.reason = 'superseded'" if name == "not_lines" else "")

    monkeypatch.setattr(make, "sql", without_reasons)
    with pytest.raises(StoreError, match="staged rows became"):
        make.make_lines(home, registry)


# --- official totals ----------------------------------------------------------------------------------------


def total(world: Home, registry: Registry, reporter: str, group: str, year: int) -> list[tuple[object, ...]]:
    rows = samples.table(world, registry, "conformed.totals").filter(
        pl.col("known_to").is_null(), reporter=reporter, commodity_group=group, year=year
    )
    assert set(rows["period_type"]) <= {"year"}
    return rows.select("kg", "kg_apart", "n_figures", "n_double").rows()


def test_figures_that_differ_add_up_within_their_group(world: Home, registry: Registry) -> None:
    assert total(world, registry, "KEN", "heroin", 2014) == [(Decimal(KENYA_HEROIN_2014), Decimal(0), 2, 0)]


def test_an_annual_figure_that_is_listed_twice_counts_once_and_leaf_stands_apart(
    world: Home, registry: Registry
) -> None:
    assert total(world, registry, "KEN", "cocaine", 2014) == [(Decimal(129), Decimal(50), 2, 1)]


def test_a_stated_zero_is_a_figure_and_no_double(world: Home, registry: Registry) -> None:
    assert total(world, registry, "GHA", "heroin", 2014) == [(Decimal(0), Decimal(0), 2, 0)]


def test_figures_of_an_older_snapshot_stand_no_more_and_are_kept_with_the_days_on_which_they_stood(
    world: Home, registry: Registry
) -> None:
    assert total(world, registry, "TGO", "heroin", 2014) == []
    older = samples.table(world, registry, "conformed.totals").filter(reporter="TGO")
    assert older.select("kg", "known_from", "known_to", "scope").rows() == [
        (Decimal(3), date(2014, 12, 31), date(2016, 12, 31), "national")
    ]


@pytest.mark.parametrize(
    ("name", "flag"),
    [
        ("as large as the total", "none"),
        ("larger than the total by a tenth", "none"),
        ("larger than the total", "review"),
        ("twice the total", "review"),
        ("above twice the total", "impossible"),
        ("far above, of no comparable group", "review"),
        ("far above, out of scope", "none"),  # it stands in no published total
        ("far above, of leaf", "none"),
    ],
)
def test_what_an_official_total_of_the_same_scope_contradicts_is_doubtful(
    seizures: pl.DataFrame, name: str, flag: str
) -> None:
    found = one(seizures, name)
    assert found["outlier_flag"] == flag
    assert (found["outlier_reason"] is None) == (flag == "none")
    assert flag == "none" or found["official_kg"] is not None


def test_without_any_official_total_nothing_is_impossible(
    world: Home, seizures: pl.DataFrame, registry: Registry, tmp_path: Path
) -> None:
    home = Home.at(tmp_path / "home").make()
    shutil.copytree(world.tables, home.tables, dirs_exist_ok=True)
    home.table_file(registry.tables["conformed.totals"]).unlink()
    make.make_outliers(home, registry)
    assert set(samples.table(home, registry, "conformed.outliers")["outlier_flag"]) == {"none", "review"}
    assert set(seizures["outlier_flag"]) == {"none", "review", "impossible"}


def test_the_same_inputs_conform_to_the_same_bytes(world: Home, registry: Registry, tmp_path: Path) -> None:
    home = Home.at(tmp_path / "home").make()
    shutil.copytree(world.tables, home.tables, dirs_exist_ok=True)
    shutil.rmtree(home.tables / "conformed")
    samples.conformed(home, registry)
    assert samples.table_bytes(home, ["conformed"]) == samples.table_bytes(world, ["conformed"])


# --- several lines, several places, money -------------------------------------------------------------------

SIDE_BY_SIDE = samples.contract(
    columns={
        "Day": samples.DAY,
        "Ref": {"to": "incident_number", "not_known": [""]},
        "Position": {"to": "position", "coordinates": "dms", "not_known": [""]},
        "Via": {"to": "transit", "lookup": "@iso2", "split": ";", "role_word": "by way of", "not_known": [""]},
        "To": {"to": "destination", "lookup": "@iso2", "role_word": "bound for", "not_known": [""]},
    },
    lines=[
        {"columns": {"Heroin": {"to": "quantity"}}, "constants": {"commodity": "heroin", "unit": "pound"}},
        {
            "columns": {"Cash": {"to": "quantity"}, "Currency": {"to": "currency", "lookup": "@code"}},
            "constants": {"commodity": "cash_currency", "unit": "currency_unit"},
        },
    ],
)


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory, registry: Registry) -> dict[str, pl.DataFrame]:
    """The conformed tables of one source whose rows hold several lines."""
    home, contracts = Home.at(tmp_path_factory.mktemp("wide")).make(), samples.known(registry, SIDE_BY_SIDE)
    rows = (
        "2020-03-14,A,14°30'N 020°15'W,GH;NG,NL,10,100,EUR",
        "2020-03-15,A,,,,5,,",
        "2020-03-16,,,QQ;KE,,0,100,EUR",
        "2020-03-16,,,,,1,0,",
        "2039-03-16,B,,,,,100,EUR",
        "2020-03-16,C,,,,,100,XXX",
    )
    header = "Day,Ref,Position,Via,To,Heroin,Cash,Currency"
    samples.conform(home, contracts, {"planted/a.csv": samples.table_of(*rows, header=header)})
    names = ("lines", "seizures", "legs")
    return {name: samples.table(home, contracts, f"conformed.{name}").sort("row_no", "line_no") for name in names}


def test_every_line_of_a_row_is_a_seizure_of_its_own_in_the_unit_that_is_its_own(wide: dict[str, pl.DataFrame]) -> None:
    assert wide["lines"].select("row_no", "line_no", "commodity", "amount_semantics").rows() == [
        (1, 1, "heroin", "weight"),
        (1, 2, "cash_currency", "currency"),
        (2, 1, "heroin", "weight"),
        (3, 2, "cash_currency", "currency"),
        (4, 1, "heroin", "weight"),
        (5, 2, "cash_currency", "currency"),
        (6, 2, "cash_currency", "currency"),
    ]
    assert wide["lines"]["kg_mid"][0] == Decimal("4.535924")
    assert wide["lines"].filter(commodity="cash_currency")["kg_mid"].null_count() == 4
    assert wide["lines"]["seizure_id"].is_unique().all()


def test_lines_of_one_row_or_of_one_incident_number_are_one_incident(wide: dict[str, pl.DataFrame]) -> None:
    incidents = [set(group["row_no"]) for _, group in wide["seizures"].group_by("incident_id", maintain_order=True)]
    assert sorted(incidents, key=min) == [{1, 2}, {3}, {4}, {5}, {6}]
    by_incident = (
        wide["seizures"]
        .group_by("incident_id")
        .agg(
            pl.col("incident_weight").sum(),
            pl.col("line_weight").min(),
            (pl.col("incident_weight") > 0).sum().alias("n"),
        )
    )
    assert (by_incident["incident_weight"] == by_incident["line_weight"]).all()
    assert by_incident["n"].unique().to_list() == [1]
    assert (wide["seizures"]["line_weight"] > 0).all()


def test_money_is_valued_by_the_rate_of_its_day_and_not_at_all_without_one(wide: dict[str, pl.DataFrame]) -> None:
    money = wide["lines"].filter(commodity="cash_currency")
    valued = dict(money.select("row_no", pl.col("value_usd").is_not_null()).rows())
    assert valued == {1: True, 3: True, 5: False, 6: False}
    assert money.select("rate_id").null_count().item() == 2
    assert money["value_usd"][0] == money["value_usd"][1]
    assert 80 < money["value_usd"][0] < 160
    assert set(money["quantity_reported"]) == {Decimal(100)}


def test_several_places_of_one_role_stand_in_their_order_each_as_a_leg(wide: dict[str, pl.DataFrame]) -> None:
    first = wide["lines"]["seizure_id"][0]
    route = wide["legs"].filter(seizure_id=first).sort("seq")
    assert route.select("seq", "role", "area", "role_reported").rows() == [
        (1, "transit", "GHA", "by way of"),
        (2, "transit", "NGA", "by way of"),
        (3, "seizure", "KEN", "place of seizure"),
        (4, "destination", "NLD", "bound for"),
    ]
    third = wide["legs"].filter(row_no=3).sort("seq")
    assert third.select("role", "area").rows() == [("transit", "unmapped"), ("transit", "KEN"), ("seizure", "KEN")]


def test_a_position_is_where_every_line_of_its_row_was_seized(wide: dict[str, pl.DataFrame]) -> None:
    first = wide["lines"].filter(row_no=1)
    assert set(first.select("lat", "lon", "place_precision").rows()) == {(14.5, -20.25, "point")}
    assert wide["lines"].filter(row_no=4)["place_precision"].to_list() == ["country"]

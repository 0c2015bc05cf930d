"""UNODC Individual Drug Seizures: what each member state states, and leaves out, of each event.

Belongs here: omissions, conventions, slips and double reports of this one publisher. Does not belong here: the file's
bytes (`formats`).

This is the largest publisher by far, so its texts are numbers into a word list (`Spelling`) until a row is finished.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from pipelines.world import places, words
from pipelines.world.draws import Flags, Integers, Numbers, a_few, draw
from pipelines.world.network import network
from pipelines.world.parameters import Parameters
from pipelines.world.reporting.common import TOLD, Delivery, also_told, delivery, plain, second_telling, told_again

FIRST = ("ids_border", "ids_street")
MODES = (
    "Commercial air", "Commercial sea", "Commercial road", "Private road", "Mail", "Rail", "Pedestrian", "River",
    "Private sea", "Private air",
)  # fmt: skip
UNITS = ("Gram", "Kilogram", "Tablet", "Litre")
NOISE = ("departure_as_producing", "transit_as_departure", "swapped")


@dataclass(frozen=True)
class Spelling:
    """The words of every possible seizure, as numbers into one list; made once a world."""

    words: pl.Series
    """Number 0 is nothing said."""
    of: Mapping[str, Integers]
    """Words and facts of each possible seizure (a row of `Cells`), by name."""
    stated: Numbers
    """How often its reporter states departure, destination and producing country."""
    towns: Sequence[tuple[str, str]]
    """Town and division, list after list."""
    edges: Numbers
    """Where each town ends: the number of its list, and its place in the list between 0 and 1."""
    sizes: Mapping[str, int]
    """Number of towns of each list."""

    def number(self, word: str | None) -> int:
        return 0 if word is None else int(self.words.index_of(word) or 0)


def spelling(p: Parameters, cells: pl.DataFrame) -> Spelling:
    """Look up what each possible seizure would be called."""
    part = {row[0]: row[1] for row in places.table(places.REPORTERS)}
    lists = _town_lists(p, cells)
    towns = [town for one in lists.values() for town in one]
    number_of = {name: number for number, name in enumerate(lists)}
    countries = sorted({iso3 for name in ("seizing_country", "origin", "departure", "transit", "destination")
                        for iso3 in cells[name].drop_nulls().unique()})  # fmt: skip
    named = {iso3: places.ids_name(iso3) for iso3 in countries}
    mixes = [p.mixes(name) for name in ("hiding", "installation", "not_known")]
    known = dict.fromkeys([
        *named.values(), *part.values(), *places.CONTINENTS.values(), *words.ROUTING.values(), *MODES, *UNITS, *NOISE,
        *cells["commodity"].unique().sort(), "Cocaine",
        *(word for name, division, _ in towns for word in (name, division) if word),
        *(word for mix in mixes for by in mix.values() for word in by if word != "-"),
    ])  # fmt: skip
    texts = [None, *known]
    at = {word: number for number, word in enumerate(texts)}

    def numbered(column: str, word: Mapping[str, str | None]) -> Integers:
        return np.array([at.get(word.get(value)) or 0 for value in cells[column]], dtype=np.int64)

    region = {iso3: places.CONTINENTS[text] for iso3, text in part.items()}
    whole = {value: value for value in texts if value}
    reporter = cells["seizing_country"]
    facts = {
        "COL": reporter == "COL", "NZL": reporter == "NZL", "litres": cells["commodity"] == "GHB",
        "vague": (cells["commodity"] == "Cocaine HCL") & (reporter != "COL"), "border": cells["cross_border"],
        "differ": cells["cross_border"] & (cells["origin"] != cells["departure"]),
        "after": (cells["seized_at"] == "destination") & cells["transit"].is_not_null(),
    }  # fmt: skip
    order = [sorted(set(named.values())), sorted(set(part.values())), sorted(set(region.values()))]
    rank = [
        (order[2].index(region[iso3]) if iso3 in region else 0) * 10_000
        + (order[1].index(part[iso3]) if iso3 in part else 0) * 500 + order[0].index(named[iso3])
        for iso3 in reporter
    ]  # fmt: skip
    stated = {iso3: p.row(f"stated.{iso3}") for iso3 in p.at("stated")}
    return Spelling(
        pl.Series(texts, dtype=pl.String),
        {
            "region": numbered("seizing_country", region), "subregion": numbered("seizing_country", part),
            **{name: numbered(name, named) for name in
               ("seizing_country", "origin", "departure", "transit", "destination")},
            "commodity": numbered("commodity", whole), "mode": numbered("mode", whole),
            "routing": numbered("seized_at", words.ROUTING), "rank": np.array(rank),
            "list": np.array([number_of.get(name, 0) for name in _own_list(cells)]),
            "port": np.array([number_of.get(name or "", -1) for name in _port_list(cells)]),
            **{name: value.to_numpy().astype(np.int64) for name, value in facts.items()},
        },
        np.array([stated.get(iso3, stated["*"]) for iso3 in reporter]).T,
        [(name, division) for name, division, _ in towns],
        np.concatenate([number + np.cumsum([w for _, _, w in one]) / sum(w for _, _, w in one)
                        for number, one in enumerate(lists.values())]),
        {name: len(one) for name, one in lists.items()},
    )  # fmt: skip


def ids(
    p: Parameters, rng: np.random.Generator, events: pl.DataFrame, chunk: int, localities: int, spelled: Spelling
) -> list[Delivery]:
    """One file a year, in the words of the UNODC form, in file order."""
    needed = [
        "event_id", "cell", "date", "year", "milligrams", "tablets", "like", "publisher", "seizing_country",
        "commodity", "spot", "nook", "place_id",
    ]  # fmt: skip
    own = plain(events.select(needed).filter(pl.col("publisher").is_in(FIRST)))
    members = [row[0] for row in places.table(places.REPORTERS)]
    reported = events.select(needed).filter(
        pl.col("publisher").is_in(list(p.at("also_in_ids")))
        & pl.col("seizing_country").is_in(members)
        & pl.col("commodity").is_in(list(words.ANNUAL_DRUGS))
        & ~pl.col("commodity").is_in(list(words.NOT_IN_IDS))
        & (pl.col("milligrams") >= round(p.number("also_from_kg") * 1_000_000))
    )
    others = second_telling(p, rng, also_told(rng, reported, p.numbers("also_in_ids")), "other_agency")
    again, exact = told_again(p, rng, own, "unodc_ids")
    said = pl.concat([own, others, again], how="diagonal_relaxed").drop("publisher", "seizing_country", "commodity")
    row = _Rows(p, rng, said, spelled)
    told = {**row.route(), **row.amount(chunk), **row.place(chunk, localities), **row.rest()}
    said = said.with_columns(**told)
    take = _taken(said, len(own), exact)
    at = spelled.of["rank"][said["cell"].to_numpy()[take]] * 1000 + said["DRUG_NAME"].to_numpy()[take]
    order = np.lexsort((said["event_id"].to_numpy()[take], at, said["year"].to_numpy()[take]))
    return _deliveries(said, take, order, spelled)


class _Rows:
    """Rows of one stretch, and what is drawn for them."""

    def __init__(self, p: Parameters, rng: np.random.Generator, said: pl.DataFrame, spelled: Spelling) -> None:
        self.p, self.rng, self.said, self.spelled = p, rng, said, spelled
        self.n, self.cell = len(said), said["cell"].to_numpy()

    def of(self, name: str) -> Integers:
        found: Integers = self.spelled.of[name][self.cell]
        return found

    def chance(self, share: float | Numbers) -> Flags:
        found: Flags = self.rng.random(self.n) < share
        return found

    def words(self, mix: Mapping[str, float], n: int) -> Integers:
        numbers = np.array([self.spelled.number(None if word == "-" else word) for word in mix])
        drawn: Integers = numbers[draw(self.rng, list(mix.values()), n)]
        return drawn

    def hidden(self, name: str, hidden: Flags, shown: Integers) -> Integers:
        """What stands there: the word, or one of the ways to say that nothing is known."""
        shown = shown.copy()
        shown[hidden] = self.words(self.p.mix(f"not_known.{name}"), int(hidden.sum()))
        return shown

    def route(self) -> dict[str, pl.Series]:
        """Which countries the reporter writes, in which column, and which it leaves out."""
        p, differ = self.p, self.of("differ") > 0
        convention = (self.of("NZL") > 0) & differ & self.chance(p.number("ids.new_zealand_departure_as_producing"))
        passed = (self.of("after") > 0) & self.chance(p.number("ids.transit_as_departure")) & ~convention
        swapped = differ & self.chance(p.number("ids.swapped")) & ~convention & ~passed
        no_departure, no_destination, no_origin = (
            self.rng.random(self.n) >= share[self.cell] for share in self.spelled.stated
        )
        origin, departure, transit = self.of("origin"), self.of("departure"), self.of("transit")
        producing = np.where(convention | swapped, departure, origin)
        left = np.where(swapped, origin, np.where(passed, transit, departure))
        # A wrong label is noise only where it can be read.
        noise = np.select(
            [convention & ~no_origin, passed & ~no_departure, swapped & ~(no_departure & no_origin)],
            [self.spelled.number(name) for name in NOISE], 0,
        )  # fmt: skip
        flags = {"origin": no_origin, "departure": no_departure, "destination": no_destination, "transit": transit > 0}
        return {
            "label_noise": self.spelled.words[noise],
            "PRODUCING_COUNTRY": pl.Series(self.hidden("far", no_origin, producing)),
            "DEPARTURE_COUNTRY": pl.Series(self.hidden("departure", no_departure, left)),
            "DESTINATION_COUNTRY": pl.Series(self.hidden("far", no_destination, self.of("destination"))),
            **{f"hid_{name}": pl.Series(flag) for name, flag in flags.items()},
        }

    def amount(self, chunk: int) -> dict[str, pl.Series]:
        """Amount and unit: kilograms in Colombia, tablets, litres, else grams or kilograms as the clerk likes."""
        p, rng, n = self.p, self.rng, self.n
        milligrams, tablets = (self.said[name].fill_null(0).to_numpy() for name in ("milligrams", "tablets"))
        heavy = (milligrams >= 1_000_000) & self.chance(p.number("ids.heavy_in_kilograms"))
        unit = np.where(tablets > 0, 2, np.where(self.of("litres") > 0, 3, (self.of("COL") > 0) | heavy))
        slipped = self.said["unit_slip"].to_numpy()
        least = 2 if chunk == 0 else 0
        slip, zero = np.zeros(n, dtype=bool), np.zeros(n, dtype=bool)
        slip[a_few(rng, np.flatnonzero((unit < 2) & ~slipped), p.number("ids.unit_slip"), least)] = True
        zero[a_few(rng, np.flatnonzero(~slip & ~slipped), p.number("ids.zero_amount"), least)] = True
        amount = np.where(unit == 2, tablets, milligrams / np.where(unit == 0, 1000, 1_000_000))
        names = np.array([self.spelled.number(name) for name in UNITS])
        return {
            "AMOUNT": pl.Series(np.where(zero, 0.0, amount)),
            "DRUG_UNIT": pl.Series(names[np.where(slip, 1 - unit, unit)]),
            "unit_slip": pl.Series(slip | slipped), "zero_amount": pl.Series(zero),
        }  # fmt: skip

    def place(self, chunk: int, localities: int) -> dict[str, pl.Series]:
        """Town and division in the reporter's spelling, some in capitals or with a blank, one over two lines."""
        rng, n = self.rng, self.n
        towns, edges = self.spelled.towns, self.spelled.edges
        spot, nook = (self.said[name].to_numpy() for name in ("spot", "nook"))
        at_port = (self.of("port") >= 0) & self.said["place_id"].is_not_null().to_numpy()
        town = np.searchsorted(edges, np.where(at_port, self.of("port"), self.of("list")) + spot, side="right")
        town = np.minimum(town, len(edges) - 1)
        colombian = self.of("COL") > 0
        many = max(1, -(-localities // self.spelled.sizes["COL"]))
        district = np.where(colombian & (many > 1), 1 + np.floor(nook * many).astype(np.int64), 0)
        upper, edge = (self.chance(self.p.number(f"ids.{name}")) for name in ("upper_case_place", "edge_space"))
        silent = self.chance(self.p.number("ids.unstated_place"))
        spelled, kinds = _places([name for name, _ in towns], many)
        text = spelled[np.where(silent, 0, 1 + (town * (kinds // 4) + district) * 4 + edge * 2 + upper)]
        broken = np.zeros(n, dtype=bool)
        if chunk == 0:
            one = a_few(rng, np.flatnonzero(~silent & ~edge & ~colombian), 0.0, 1)
            broken[one] = True
            for at in one:
                text[int(at)] = f"{towns[town[at]][0]} \n{towns[town[at]][1]}"
        division = np.array([self.spelled.number(name or None) for _, name in towns])[town]
        return {
            "PLACE": text, "edge_space": pl.Series(edge & ~silent), "line_break": pl.Series(broken),
            "ADMINISTRATIVE_DIVISION":
                pl.Series(np.where(self.chance(self.p.number("ids.unstated_admin")), 0, division)),
        }  # fmt: skip

    def rest(self) -> dict[str, pl.Series]:
        """Drug, date, and how the goods were hidden, where and on which way they were found."""
        p = self.p
        border = self.of("border") > 0
        unstated = np.where(border, p.number("ids.unstated_mode_border"), p.number("ids.unstated_mode_domestic"))
        no_mode, no_routing = self.chance(unstated), self.chance(p.number("ids.unstated_routing"))
        vague = (self.of("vague") > 0) & self.chance(p.number("ids.vague_cocaine"))
        month_only = pl.Series((self.of("NZL") > 0) & self.chance(p.number("ids.new_zealand_month_only")))
        date = self.said["date"]
        return {
            **{column: pl.Series(self.of(name)) for column, name in
               (("REGION", "region"), ("SUBREGION", "subregion"), ("COUNTRY", "seizing_country"))},
            "DRUG_NAME": pl.Series(np.where(vague, self.spelled.number("Cocaine"), self.of("commodity"))),
            "SEIZURE_DATE": date.zip_with(~month_only, date.dt.month_start()), "month_only": month_only,
            "HIDING_PLACE": self._seldom("hiding"), "INSTALLATION": self._seldom("installation"),
            "ROUTING": pl.Series(np.where(no_routing, 0, self.of("routing"))),
            "TRANSPORT": pl.Series(self.hidden("mode", no_mode, self.of("mode"))), "hid_mode": pl.Series(no_mode),
        }  # fmt: skip

    def _seldom(self, what: str) -> pl.Series:
        """A word that fits the mode of transport, in the few rows that say it."""
        found = np.zeros(self.n, dtype=np.int64)
        rows = np.flatnonzero(~self.chance(self.p.number(f"ids.unstated_{what}")))
        mixes, mode = self.p.mixes(what), self.of("mode")[rows]
        numbers = {name: self.spelled.number(name) for name in mixes if name != "*"}
        for name, mix in mixes.items():
            here = rows[~np.isin(mode, list(numbers.values())) if name == "*" else mode == numbers[name]]
            found[here] = self.words(mix, len(here))
        return pl.Series(found)


def _town_lists(p: Parameters, cells: pl.DataFrame) -> dict[str, list[tuple[str, str, float]]]:
    """Towns with division and share: a list a country, Brazil's airports and ports apart, and one for each port."""
    other: dict[str, list[float]] = {
        "COL": [float(row[3]) for row in places.table(places.COLOMBIA_TOWNS)],
        "GHA": list(p.mix("register.places").values()), "TTO": list(p.mix("caribbean.offices").values()),
    }  # fmt: skip
    lists: dict[str, list[tuple[str, str, float]]] = {}
    for iso3, _, text in places.table(places.REPORTERS):
        towns = [(town.split("/")[0], town.split("/")[1]) for town in text.split(";")]
        shares = other.get(iso3, [])
        lists[iso3] = [(*town, shares[at] if len(shares) == len(towns) else 1.0) for at, town in enumerate(towns)]
    sites = places.table(places.BRAZIL_SITES)
    brazil = [(*town[:2], float(site[7]), site[4]) for town, site in zip(lists["BRA"], sites, strict=True)]
    lists["BRA"] = [town[:3] for town in brazil if town[3] == "aeroporto"]
    lists["BRA sea"] = [town[:3] for town in brazil if town[3] == "porto"]
    ports = {row["place_id"]: row["name"] for row in network().places.filter(kind="seaport").iter_rows(named=True)}
    return lists | {
        name: [(str(ports[name]), "", 1.0)] for name in sorted({name for name in _port_list(cells) if name})
    }


def _own_list(cells: pl.DataFrame) -> list[str]:
    at_sea = pl.when((pl.col("seizing_country") == "BRA") & (pl.col("mode") == "Commercial sea")).then(pl.lit(" sea"))
    return cells.select(pl.col("seizing_country") + at_sea.otherwise(pl.lit(""))).to_series().to_list()


def _port_list(cells: pl.DataFrame) -> list[str | None]:
    boxed = (pl.col("publisher") == "container_control") & pl.col("place_id").str.starts_with("LOCODE:")
    return cells.select(pl.when(boxed).then("place_id")).to_series().to_list()


def _places(towns: Sequence[str], many: int) -> tuple[pl.Series, int]:
    """Every spelling of a place: nothing, then by town and district, with an edge blank or not, in capitals or not."""
    texts: list[str | None] = [None]
    for town in towns:
        for district in range(many + 1):
            name = f"{town}, Comuna {district}" if district else town
            texts += [name, name.upper(), f"{name} ", f"{name.upper()} "]
    return pl.Series(texts, dtype=pl.String), 4 * (many + 1)


def _taken(said: pl.DataFrame, own: int, exact: Integers) -> Integers:
    """Whose words each row has: those of the event that its own is like, and exact copies after all others."""
    take = np.arange(len(said))
    take[:own] = np.searchsorted(said["event_id"][:own].to_numpy(), said["like"][:own].to_numpy())
    return np.concatenate([take, exact[~said["line_break"].to_numpy()[exact]]])


def _deliveries(said: pl.DataFrame, take: Integers, order: Integers, spelled: Spelling) -> list[Delivery]:
    """The finished rows, year by year."""
    rows = take[order]
    copy = order >= len(said)
    columns = {name for name in words.IDS_COLUMNS if said[name].dtype == pl.Int64}
    picked = said.select("year", *words.IDS_COLUMNS, *(name for name in TOLD if name != "event_id"))[rows]
    event_id = said["event_id"].to_numpy()
    picked = picked.with_columns(
        *(spelled.words[picked[name]].alias(name) for name in columns),
        event_id=pl.Series(np.where(copy, event_id[rows], event_id[np.minimum(order, len(said) - 1)])),
        is_duplicate=picked["is_duplicate"] | pl.Series(copy),
        relation=pl.when(pl.Series(copy)).then(pl.lit("again")).otherwise("relation"),
    )
    return [
        delivery("unodc_ids", f"simulated-ids-{year}.csv", picked.filter(year=year), words.IDS_COLUMNS)
        for year in picked["year"].unique().sort()
    ]

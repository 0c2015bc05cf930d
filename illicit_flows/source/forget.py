"""Removes a delivery and everything that was made of it.

The tables of a home mix what all deliveries say, so they are removed whole and made again by the next run. An internal
release that rests on the delivery is deleted whole, and a stone says which it was: its number is never given again.
What has been published cannot be called back from here: the operator is told.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass

import typer

from pipelines.deliveries.audit import note
from pipelines.deliveries.receive import Delivery, mark_forgotten, remove, with_receipt
from pipelines.published.release import delete_release, releases_on
from pipelines.store import Home, clear_scratch, locked

LEAST_DIGITS = 8


@dataclass(frozen=True)
class Forgotten:
    """What was removed: the delivery, and the internal releases; and the public releases that still rest on it."""

    delivery_id: str
    source_id: str
    releases: list[str]
    public: list[str]


def forget(home: Home, named: str) -> Forgotten:
    """Remove the delivery whose id begins with some digits. Raises `Busy`, and BadParameter where it is not one.

    The steps are in such an order that a killed one is finished by the same command.
    """
    with locked(home):
        delivery = find_delivery(home, named)
        mark_forgotten(delivery)
        resting = releases_on(home, delivery.delivery_id)
        internal = [index["version"] for index in resting if index["status"] == "internal"]
        public = [index["version"] for index in resting if index["status"] != "internal"]
        for index in resting:
            if index["status"] == "internal":
                delete_release(home, index, f"it rested on the forgotten delivery {delivery.delivery_id}")
        for folder in (home.tables, home.quality, home.model):
            shutil.rmtree(folder, ignore_errors=True)
        for name in ("current.json", "route_scores.parquet"):
            (home.runs / name).unlink(missing_ok=True)
        clear_scratch(home)
        note(
            home,
            "forgotten",
            delivery_id=delivery.delivery_id,
            source_id=delivery.source_id,
            releases_deleted=internal,
            public_releases_told=public,
        )
        remove(delivery)
    return Forgotten(delivery.delivery_id, delivery.source_id, internal, public)


def find_delivery(home: Home, named: str) -> Delivery:
    """The delivery whose id begins with some digits (eight at least). Raises BadParameter where it is not one."""
    found = [delivery for delivery in with_receipt(home) if delivery.delivery_id.startswith(named.lower())]
    if len(named) < LEAST_DIGITS or len(found) != 1:
        which = (
            "too few digits" if len(named) < LEAST_DIGITS else "no such delivery" if not found else "several begin so"
        )
        raise typer.BadParameter(f"{which}; `flows source deliveries` lists them", param_hint="DELIVERY")
    return found[0]

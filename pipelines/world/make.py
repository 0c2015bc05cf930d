"""Make a world: draw the truth, let the publishers report, write deliveries and truth side by side.

Belongs here: the order of the steps and the folder layout. Does not belong here: any figure, word or format.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from pipelines.world import formats, reporting, words
from pipelines.world.parameters import Parameters
from pipelines.world.truth import happened, true_corridors

SMALLEST, LARGEST = 1_000, 1_000_000

README = """\
Everything in this folder is simulated: no row describes a real seizure, and no figure may be cited. It was
made with seed {seed} and {seizures} true seizures; the same arguments give the same bytes. The folder inbox/
holds the deliveries, each in its publisher's own format, and truth/ holds what really happened:
events.parquet (one row a seizure), reports.parquet (which data row of which file reports it, and what was
hidden or wrong in that row) and corridors.parquet (the flows behind them, seized or not). To make it again:
flows world --out DIR --seed {seed} --seizures {seizures}
"""


@dataclass(frozen=True)
class WorldSummary:
    """What was written: number of true seizures, of report rows, and data rows by file (path below `out`)."""

    out: Path
    seed: int
    seizures: int
    reports: int
    rows_by_file: dict[str, int]


def make_world(out: Path, *, seed: int, seizures: int) -> WorldSummary:
    """Write a simulated world below `out` and say what was written.

    `seizures` counts true seizures, 1,000 to 1,000,000. The same seed and number give the same bytes.
    Files of an earlier world in `out` are overwritten: the names do not depend on the arguments.

    Raises:
        ValueError: if `seizures` is out of range or `seed` is negative.
    """
    if not SMALLEST <= seizures <= LARGEST:
        raise ValueError(f"seizures must lie between {SMALLEST} and {LARGEST}, not {seizures}")
    if seed < 0:
        raise ValueError(f"seed must not be negative, not {seed}")
    p = Parameters()
    rng = np.random.Generator(np.random.PCG64(seed))

    events = happened(p, rng, seizures)
    sent = reporting.sent_to(p, rng, events)
    ids = reporting.ids_reports(p, rng, sent["unodc_ids"])
    brazil = reporting.brazil_reports(p, rng, sent["brazil_pf"])
    police = reporting.police_reports(p, rng, sent["colombia_policia"])
    annual = reporting.annual_totals(p, rng, events)

    for folder in ("unodc_ids", "brazil_pf", "colombia_policia", "unodc_annual"):
        (out / "inbox" / folder).mkdir(parents=True, exist_ok=True)
    delivered = [
        _deliver(out, "brazil_pf/simulated-pf-portos-aeroportos.csv", brazil, formats.write_brazil),
        *(
            _deliver(out, f"unodc_ids/simulated-ids-{year}.csv", ids.filter(year=year), formats.write_ids)
            for year in p.years
        ),
    ]
    for year in p.police_years:
        rows, name = police.filter(year=year), f"colombia_policia/simulated-incautacion-{year}"
        delivered.append(_deliver(out, f"{name}.csv", rows, formats.write_police_csv))
        delivered.append(_deliver(out, f"{name}-api.json", rows.head(p.api_rows), formats.write_police_api))
    formats.write_annual(annual, out / "inbox" / "unodc_annual" / "simulated-annual.csv")

    (out / "truth").mkdir(exist_ok=True)
    reports = pl.concat(delivered).sort("publisher", "file_name", "row_no")
    formats.write_truth(_published_truth(events), out / "truth" / "events.parquet")
    formats.write_truth(reports, out / "truth" / "reports.parquet")
    formats.write_truth(true_corridors(p, events), out / "truth" / "corridors.parquet")
    note = README.format(seed=seed, seizures=seizures)
    (out / "README.txt").write_text(note, encoding="utf-8", newline="\n")
    counted = {f"inbox/{d['publisher'][0]}/{d['file_name'][0]}": len(d) for d in delivered if len(d)}
    counted["inbox/unodc_annual/simulated-annual.csv"] = len(annual)
    return WorldSummary(out, seed, seizures, len(reports), dict(sorted(counted.items())))


def _deliver(out: Path, name: str, said: pl.DataFrame, write: Callable[[pl.DataFrame, Path], None]) -> pl.DataFrame:
    """Write one delivery and return the truth about its rows, numbered from 1 below the header."""
    write(said.drop(words.TRUTH_COLUMNS), out / "inbox" / name)
    publisher, file_name = name.split("/")
    return said.select(
        "event_id",
        publisher=pl.lit(publisher),
        file_name=pl.lit(file_name),
        row_no=pl.int_range(1, pl.len() + 1, dtype=pl.Int64),
        label_noise="label_noise",
        **{flag: pl.col(flag) for flag in words.FLAGS},
    )


def _published_truth(events: pl.DataFrame) -> pl.DataFrame:
    """The true events in the columns that a scorer reads; `kg` is bulk weight of what was seized."""
    return events.select(
        "event_id", "origin", "departure", "transit", "destination", "seizing_country", "seized_at", "date",
        "commodity", "commodity_group", (pl.col("milligrams") / 1_000_000).alias("kg"), "tablets", "mode",
        "cross_border",
    )  # fmt: skip

"""Make a world: draw the truth, let the publishers report, write deliveries and truth side by side.

Belongs here: the order of the steps, the folder layout, who works on which stretch. Does not belong here: any figure,
word or format.
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

import polars as pl

from pipelines.world import formats, words
from pipelines.world.draws import divided
from pipelines.world.flows import flow_shares
from pipelines.world.growing import Growing
from pipelines.world.network import network
from pipelines.world.parameters import read_parameters
from pipelines.world.readme import README
from pipelines.world.reporting import totals
from pipelines.world.reporting.common import TOLD
from pipelines.world.seizing import rates
from pipelines.world.stretch import Piece, make_piece
from pipelines.world.truth import Stage

SMALLEST, LARGEST = 1_000, 30_000_000
WORKERS, AHEAD = 2, 3
"""Processes of a world of several stretches, and stretches that each may be ahead of what is written."""
KEPT_FOR_SQL = 20_000
"""Rows of the register that are kept in memory for the database script, which takes the first of them."""
WRITERS = {
    "airport_unit": formats.write_airport, "maritime_operations": formats.write_maritime,
    "container_control": formats.write_containers, "caribbean_customs": formats.write_caribbean,
    "firearms_tracing": formats.write_firearms, "cash_declarations": formats.write_cash,
    "environmental_crime": formats.write_environment, "cites_trade": formats.write_table,
    "colombia_policia": formats.write_police_api, "prosecution_outcomes": formats.write_outcomes,
    "crop_monitoring": formats.write_crops, "us_cbp": formats.write_table,
}  # fmt: skip


@dataclass(frozen=True)
class WorldSummary:
    """What was written: number of true seizures, of report rows, and data rows by file (path below `out`)."""

    out: Path
    seed: int
    seizures: int
    reports: int
    rows_by_file: dict[str, int]


@dataclass
class Written:
    """What the stretches so far have added up to."""

    rows: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    grams: Counter[str] = field(default_factory=Counter)
    reports: int = 0
    small: dict[tuple[str, str], dict[str, list[pl.DataFrame]]] = field(default_factory=dict)
    register: list[pl.DataFrame] = field(default_factory=list)
    sums: list[pl.DataFrame] = field(default_factory=list)
    flows: list[pl.DataFrame] = field(default_factory=list)
    courts: list[tuple[pl.DataFrame, pl.DataFrame]] = field(default_factory=list)


def make_world(out: Path, *, seed: int, seizures: int, parameters: Path | None = None) -> WorldSummary:
    """Write a simulated world below `out` and say what was written.

    `seizures` counts true seizures, 1,000 to 30 million. `parameters` is a file of overrides, as `write_parameters`
    writes it. The same seed, number and parameters give the same bytes. Files of an earlier world in `out` are
    overwritten: the names do not depend on seed and number.

    Raises:
        ValueError: if `seizures` is out of range, `seed` is negative, or the parameters cannot be used.
    """
    if not SMALLEST <= seizures <= LARGEST:
        raise ValueError(f"seizures must lie between {SMALLEST} and {LARGEST}, not {seizures}")
    if seed < 0:
        raise ValueError(f"seed must not be negative, not {seed}")
    stage = Stage(read_parameters(parameters), seed, seizures)
    out.mkdir(parents=True, exist_ok=True)
    written = Written()
    with tempfile.TemporaryDirectory(prefix=".stretches.", dir=out) as scratch, Growing(out) as files:
        for piece in _pieces(stage, Path(scratch)):
            _add(files, written, piece)
        for name, grams in sorted(written.grams.items()):
            files.add_line(name, f"TOTAL{',' * 9}{grams}\n")
        _write_truth(stage, files, written)
    _write_small(stage, out, written)
    note = README.format(seed=seed, seizures=seizures)
    (out / "README.txt").write_text(note, encoding="utf-8", newline="\n")
    by_file: Counter[str] = Counter()
    for (publisher, file_name, _), rows in written.rows.items():
        by_file[f"inbox/{publisher}/{file_name}"] += rows
    return WorldSummary(out, seed, seizures, written.reports, dict(sorted(by_file.items())))


# --- stretches --------------------------------------------------------------------------------------------------

_stage: Stage | None = None


def _prepare(stage: Stage) -> None:
    global _stage  # noqa: PLW0603 (what a worker process keeps between its stretches)
    _stage = stage


def _work(chunk: int, scratch: Path) -> Piece:
    assert _stage is not None
    return make_piece(_stage, chunk, scratch)


def _pieces(stage: Stage, scratch: Path) -> Iterator[Piece]:
    """All stretches in their order, made here where there is one, and by two processes where there are more."""
    if stage.chunks == 1 or not WORKERS:
        yield from (make_piece(stage, chunk, scratch) for chunk in range(stage.chunks))
        return
    waiting: deque[Future[Piece]] = deque()
    with _one_thread_each(), ProcessPoolExecutor(
        WORKERS, mp_context=get_context("spawn"), initializer=_prepare, initargs=(stage,)
    ) as pool:  # fmt: skip
        for chunk in range(stage.chunks):
            waiting.append(pool.submit(_work, chunk, scratch))
            if len(waiting) > WORKERS * AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Processes that share two cores get a thread each."""
    before = os.environ.get("POLARS_MAX_THREADS")
    os.environ["POLARS_MAX_THREADS"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["POLARS_MAX_THREADS"]
        else:
            os.environ["POLARS_MAX_THREADS"] = before


def _add(files: Growing, written: Written, piece: Piece) -> None:
    """Append a stretch to the files, and number its rows after those that stand there."""
    keys = [(publisher, file_name, part) for publisher, file_name, part, *_ in piece.deliveries]
    before = [written.rows[key] for key in keys]
    for key, (publisher, file_name, part, n, rows) in zip(keys, piece.deliveries, strict=True):
        written.rows[key] += n
        name = f"inbox/{publisher}/{file_name}"
        if isinstance(rows, pl.DataFrame):
            written.small.setdefault((publisher, file_name), {}).setdefault(part, []).append(rows)
        elif rows.suffix == ".csv":
            files.add_text(name, rows)
        else:
            table = pl.read_ipc(rows)
            files.add_rows(name, table)
            if publisher == "police_register" and sum(map(len, written.register)) < KEPT_FOR_SQL:
                written.register.append(table)
    files.add_rows("truth/events.parquet", pl.read_ipc(piece.events))
    told = pl.read_ipc(piece.reports)
    where = {name: pl.Series([key[i] for key in keys], dtype=pl.Enum(sorted({key[i] for key in keys})))[told["file"]]
             for i, name in enumerate(("publisher", "file_name", "part"))}  # fmt: skip
    files.add_rows("truth/reports.parquet", told.select(
        pl.col("report_id") + written.reports, "event_id", **where,
        row_no=pl.Series(before, dtype=pl.Int64)[told["file"]] + told["row"] + 1,
        **{name: pl.col(name) for name in TOLD if name != "event_id"},
        duplicate_of=pl.col("duplicate_of") + written.reports,
    ))  # fmt: skip
    written.reports += len(told)
    written.grams.update(piece.grams)
    written.sums.append(piece.sums)
    written.flows.append(piece.flows)
    written.courts.append(piece.courts)
    for rows in (piece.events, piece.reports, *(d[4] for d in piece.deliveries if isinstance(d[4], Path))):
        rows.unlink()


# --- what is written at the end ---------------------------------------------------------------------------------


def _write_truth(stage: Stage, files: Growing, written: Written) -> None:
    """The small tables of the truth: corridors, routes, places, what changed, and what became of cases."""
    p = stage.p
    keys = ["commodity_group", "year", "departure", "destination"]
    flows = pl.DataFrame(
        [(group, p.years[year], *pair, round(share, 12))
         for group, year, *pair, share in flow_shares(stage.plans, words.GROUP_OF)],
        [*keys, "flow_share"], orient="row",
    )  # fmt: skip
    seized = pl.concat(written.flows).group_by(keys).agg(pl.col("seizures", "milligrams").sum())
    corridors = flows.join(seized, on=keys, how="left", validate="1:1").with_columns(
        pl.col("seizures", "milligrams").fill_null(0)
    )
    corridors = (
        corridors.with_columns(seized_kg=divided(corridors["milligrams"], 1_000_000)).drop("milligrams").sort(keys)
    )
    files.add_rows("truth/corridors.parquet", corridors)
    routes = [
        (plan.route_id, plan.market, number, stop.role, stop.country, stop.place, plan.mode_at(number - 1))
        for plan in stage.plans
        for number, stop in enumerate(plan.stops, start=1)
    ]
    columns = ["route_id", "market", "stop", "role", "country", "place_id", "mode"]
    files.add_rows("truth/routes.parquet", pl.DataFrame(routes, columns, orient="row"))
    files.add_rows("truth/places.parquet", network().places)
    files.add_rows("truth/rates.parquet", rates(p))
    changes = [(kind, key, str(value)) for kind, of in p.at("changes").items() for key, value in of.items()]
    files.add_rows("truth/changes.parquet", pl.DataFrame(changes, ["change", "key", "value"], orient="row"))
    outcomes = pl.concat(truth for _, truth in written.courts).with_row_index("row_no", offset=1)
    files.add_rows("truth/outcomes.parquet", outcomes.with_columns(pl.col("row_no").cast(pl.Int64)))


def _write_small(stage: Stage, out: Path, written: Written) -> None:
    """Publishers whose file is written in one go, and those of totals."""
    rng = stage.generator(4)
    sums = pl.concat(written.sums).group_by("year", "seizing_country", "commodity").agg(pl.col("milligrams").sum())
    early, late = totals.border_agency(stage.p, rng)
    drugs = sums.filter(pl.col("milligrams").is_not_null()).sort("year", "seizing_country", "commodity")
    further = {
        ("prosecution_outcomes", "simulated-resultados-pan.csv"): pl.concat(rows for rows, _ in written.courts),
        ("crop_monitoring", "simulated-cultivos-coca.xlsx"): totals.crops(stage.p, rng),
        ("us_cbp", "simulated-nationwide-fy19-fy22.csv"): early,
        ("us_cbp", "simulated-nationwide-fy20-fy23.csv"): late,
        ("unodc_annual", "simulated-annual.csv"): totals.annual(stage.p, rng, drugs),
        ("unodc_annual", "simulated-wdr-2019-2023.xlsx"): totals.workbook(stage.p, rng, drugs),
    }
    for key, rows in further.items():
        written.small[key] = {"": [rows]}
        written.rows[*key, ""] = len(rows)
    for (publisher, file_name), parts in written.small.items():
        path = out / "inbox" / publisher / file_name
        path.parent.mkdir(parents=True, exist_ok=True)
        whole = {part: pl.concat(rows, how="vertical_relaxed") for part, rows in parts.items()}
        write = WRITERS.get(publisher) or (formats.write_wdr if path.suffix == ".xlsx" else formats.write_table)
        write(whole, path)
    (out / "database").mkdir(exist_ok=True)
    register, most = pl.concat(written.register), stage.p.whole("register.sql_rows")
    first = register.select("record_id").unique(maintain_order=True).head(most)
    newest = register.unique("record_id", keep="last").select(register.columns)
    newest = first.join(newest, on="record_id", how="left", validate="1:1", maintain_order="left")
    formats.write_register_sql(newest, out / "database" / "police_register.sql")

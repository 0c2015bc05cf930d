"""The `flows` command: data on stdout, words on stderr, `--json` everywhere.

Belongs here: arguments, exit codes and printing. Does not belong here: anything that reads or makes data by itself.
"""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from illicit_flows import reader
from illicit_flows.review import app as review_app
from illicit_flows.source.commands import app as source_app
from illicit_flows.terminal import Exit, HomeOption, JsonOption, enter, home_path, print_json, print_records, words

app = typer.Typer(
    name="flows",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="From seizure reports to routes and trend tables.",
)
release_app = typer.Typer(no_args_is_help=True, help="Releases: list, show, verify.")
app.add_typer(release_app, name="release")
app.add_typer(source_app, name="source")
app.add_typer(review_app, name="review")

ReleaseOption = Annotated[str, typer.Option("--release", help="Name of a release.")]


# --- commands -----------------------------------------------------------------------------------------------


@app.command()
def run(
    home: HomeOption = None,
    inbox: Annotated[
        Path | None, typer.Option(help="Folder of `<publisher>/<file>`. Default: the home's inbox.", show_default=False)
    ] = None,
    as_of: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Day that ageing is counted from. Default: the newest data date."),
    ] = None,
    as_json: JsonOption = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show the steps of the run.")] = False,
) -> None:
    """Run the nightly job in this process: deliver, parse, conform, infer, publish; print the release it made."""
    house = enter(home)
    deliveries = (inbox or house.inbox).expanduser().resolve()
    if inbox is None:
        deliveries.mkdir(parents=True, exist_ok=True)
    if not deliveries.is_dir():
        raise typer.BadParameter(f"there is no folder {deliveries}", param_hint="--inbox")
    words.print(f"reading {deliveries}")
    from assets.definitions import defs
    from assets.night import run_night

    try:
        made = run_night(defs, house, deliveries, as_of.date() if as_of else None, verbose=verbose)
    finally:
        _tell(house)
    release = reader.Release(made.path)
    withheld = [row for row in release.index["accounting"] if row["verdict"] != "accepted" and not row["is_resolved"]]
    for row in release.index["sources"]:
        if row["n_withheld"]:
            words.print(f"{row['source_id']} is withheld ({row['status']}); stale since {row['stale_since'] or 'ever'}")
    if release.index["simulated"]:
        words.print("this release holds simulated data")
    words.print("made a new release" if made.is_new else "nothing new: the latest release stands")
    if as_json:
        print_json({"release": made.version, "path": str(made.path), "is_new": made.is_new, "withheld": withheld})
    else:
        typer.echo(f"{made.version}\t{made.path}")
    raise typer.Exit(Exit.TEMPORARY if _unreachable(house) else _withheld_code(withheld))


@app.command()
def world(
    out: Annotated[Path, typer.Option(help="Folder to write to.")],
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same bytes.")] = 7,
    seizures: Annotated[int, typer.Option(min=1000, max=30_000_000, help="Number of true seizures.")] = 20_000,
    parameters: Annotated[
        Path | None, typer.Option(help="YAML file of numbers that replace the world's own.", show_default=False)
    ] = None,
    write_parameters: Annotated[
        Path | None,
        typer.Option(help="Write the world's own numbers to a YAML file, and no world.", show_default=False),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write a simulated world with known truth: deliveries in the sources' own formats, and `truth/` beside them."""
    from pipelines import world as simulated

    if write_parameters is not None:
        simulated.write_parameters(write_parameters)
        typer.echo(write_parameters)
        raise typer.Exit
    try:
        summary = simulated.make_world(out.expanduser().resolve(), seed=seed, seizures=seizures, parameters=parameters)
    except simulated.BadParameters as error:
        raise typer.BadParameter(str(error), param_hint="--parameters") from None
    words.print(f"simulated {summary.seizures} seizures, {summary.reports} report rows (seed {seed})")
    if as_json:
        print_json(
            {
                "inbox": str(summary.out / "inbox"),
                "truth": str(summary.out / "truth"),
                "rows": dict(summary.rows_by_file),
            }
        )
    else:
        typer.echo(summary.out / "inbox")


@app.command()
def key(path: Annotated[Path, typer.Argument(help="File to write; it must not lie in a home.")]) -> None:
    """Write a new key for case numbers; say where it is with FLOWS_KEY_FILE, and keep a copy in a safe place."""
    from pipelines.keys import new_key

    try:
        new_key(path.expanduser())
    except FileExistsError:
        raise typer.BadParameter(f"{path} is there already, and may be in use", param_hint="PATH") from None
    typer.echo(path)


@app.command()
def query(
    sql: Annotated[str, typer.Argument(help="One SELECT over the release's tables.")],
    home: HomeOption = None,
    release: ReleaseOption = reader.LATEST,
    as_json: JsonOption = False,
) -> None:
    """Read-only SQL over a verified release."""
    import duckdb

    con = _open(home, release).connect()
    try:
        statements = con.extract_statements(sql)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise typer.BadParameter("give one SELECT", param_hint="SQL")
        rows = con.execute(statements[0]).fetchall()
    except duckdb.Error as error:
        raise typer.BadParameter(str(error), param_hint="SQL") from None
    names = [column[0] for column in con.description or []]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise typer.BadParameter(f"name these columns apart with AS: {', '.join(repeated)}", param_hint="SQL")
    print_records([dict(zip(names, row, strict=True)) for row in rows], names, as_json)


@app.command()
def trace(
    table: Annotated[str, typer.Argument(help="Table, for example published.seizure_trends.")],
    keys: Annotated[list[str], typer.Argument(help="COLUMN=VALUE …, naming one row.")],
    home: HomeOption = None,
    release: ReleaseOption = reader.LATEST,
    limit: Annotated[int, typer.Option(min=1, help="Rows to print; JSON has all.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """From a figure down to the files and rows that it rests on; from a forecast to what it is made of."""
    from illicit_flows.trace import EXPLAINED, NotTraceable
    from illicit_flows.trace import trace as follow
    from schemas.registry import registry

    if not all("=" in key for key in keys):
        raise typer.BadParameter("give the row as COLUMN=VALUE", param_hint="KEYS")
    named = dict(key.split("=", 1) for key in keys)
    if len(named) < len(keys):
        raise typer.BadParameter("give each column once", param_hint="KEYS")
    if table in EXPLAINED:
        _explain_forecast(_open(home, release), named, limit, as_json=as_json)
        return
    try:
        trail = follow(_open(home, release), registry(), table, named)
    except NotTraceable as error:
        raise typer.BadParameter(str(error)) from None
    if as_json:
        print_json(trail.__dict__)
        return
    if trail.measure is not None:
        words.print(f"{trail.measure} = {trail.stated}; {len(trail.rests_on)} rows add up to {trail.summed}")
    if len(trail.rests_on) > limit:
        words.print(f"the {limit} largest of {len(trail.rests_on)} rows; --json prints all")
    print_records(trail.rests_on[:limit], list(trail.rests_on[0]) if trail.rests_on else [], as_json=False)


def _explain_forecast(release: reader.Release, keys: dict[str, str], limit: int, *, as_json: bool) -> None:
    from dataclasses import asdict

    from illicit_flows.trace import TOLD, NotTraceable, as_lines, why

    try:
        told = why(release, keys)
    except NotTraceable as error:
        raise typer.BadParameter(str(error)) from None
    if as_json:
        print_json(asdict(told))
        return
    saw = ", ".join(f"{name} {value}" for name, value in told.evidence.items() if name not in ("evidence_id", "n_rows"))
    words.print(f"{told.model_id} saw: {saw}")
    words.print(
        "because of: what adds up to the log-odds; without: probability that moves, and the likeliest place then;"
    )
    words.print("similar: lines of records that name the role, what they share, and some of their seizures")
    print_records(as_lines(told, limit), list(TOLD), as_json=False)


@app.command()
def backtest(
    home: HomeOption = None,
    nightly: Annotated[
        bool, typer.Option("--nightly", help="Score only what every night scores (inferred.backtest).")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """The route model's scores on reports whose places are hidden from it, beside the baselines; the complete ones."""
    from illicit_flows.backtest import COLUMNS, score, summary

    figures = score(home_path(home), nightly=nightly, tell=words.print)
    if as_json:
        print_json(figures)
    else:
        print_records(summary(figures), list(COLUMNS), as_json=False)


@release_app.command("list")
def release_list(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Names of the releases, the oldest first."""
    folder = home_path(home)
    latest = (folder / "releases" / reader.LATEST).resolve().name
    found = [{"release": name, "latest": name == latest} for name in reader.releases(folder)]
    print_records(found, ["release", "latest"], as_json)


@release_app.command("show")
def release_show(
    version: Annotated[str, typer.Argument()] = reader.LATEST, home: HomeOption = None, as_json: JsonOption = False
) -> None:
    """What a release holds, and what happened to every delivered row."""
    index = _open(home, version).index
    if as_json:
        print_json(index)
        return
    words.print(f"release {index['version']}, as of {index['as_of']}, {index['status']}, TLP:{index['tlp']}")
    if index["simulated"]:
        words.print("holds simulated data")
    tables = [{"table": name, **fact} for name, fact in index["tables"].items()]
    print_records(tables, ["table", "rows", "bytes", "last_change"], as_json=False)
    print_records(
        index["accounting"],
        [
            "source_id",
            "file_name",
            "verdict",
            "rows_delivered",
            "staged",
            "quarantined",
            "declared",
            "lines",
            "not_lines",
        ],
        as_json=False,
    )


@release_app.command("verify")
def release_verify(
    version: Annotated[str, typer.Argument()] = reader.LATEST, home: HomeOption = None, as_json: JsonOption = False
) -> None:
    """Check every file of a release; name what is changed, missing or extra."""
    release = _open(home, version)
    faults = release.faults()
    for fault in faults:
        words.print(fault)
    if as_json:
        print_json({"release": release.version, "whole": not faults, "faults": faults})
    elif not faults:
        typer.echo(f"{release.version} is whole: {len(release.sums)} files")
    raise typer.Exit(Exit.INTEGRITY if faults else Exit.OK)


@app.command()
def doctor(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Versions, disk, lock, contracts and the latest release: what is wrong, and how to mend it."""
    from illicit_flows.doctor import examine

    findings = examine(enter(home))
    print_records(findings, ["what", "state", "found", "mend"], as_json)
    raise typer.Exit(Exit.OK if all(finding["state"] == "ok" for finding in findings) else Exit.UNEXPECTED)


# --- the way in and the way out -----------------------------------------------------------------------------


def main() -> None:
    """Entry point: run the command, and turn failures into words and an exit code."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `flows query … | head` ends quietly, as other commands do
    with _explained():
        app(standalone_mode=True)


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except Exception as error:  # noqa: BLE001
        code, says = _explain(error)
        words.print(says, style="red")
        raise SystemExit(int(code)) from None


def _explain(error: Exception) -> tuple[Exit, str]:
    """Exit code and words of a failure. Record values never stand in them."""
    if os.environ.get("FLOWS_DEBUG"):
        import traceback

        traceback.print_exception(error)
    name = type(error).__name__
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    said_so = {"IOException": "space", "OperationalError": "disk is full"}  # DuckDB's word, and Dagster's own storage's
    if full or (name in said_so and said_so[name] in str(error).lower()):
        return Exit.TEMPORARY, "the disk is full; the latest release is as it was"
    code, says = FAILURES.get(name, (Exit.UNEXPECTED, f"unexpected {name}: {{}} (FLOWS_DEBUG=1 shows where)"))
    return code, says.format(error)


FAILURES: dict[str, tuple[Exit, str]] = {
    "IntegrityError": (Exit.INTEGRITY, "the release is not whole: {}"),
    "NoRelease": (Exit.USAGE, "{}; make one with `flows run`"),
    "Busy": (Exit.TEMPORARY, "{}; try again later"),
    "ContractFaults": (Exit.REFUSED, "{}"),
    **dict.fromkeys(
        ("DagsterAssetCheckFailedError", "StoreError", "Unbalanced"), (Exit.REFUSED, "nothing was published: {}")
    ),
}
"""By name, so that a command that only reads need not load what makes."""


def _tell(house: Any) -> None:
    """What has no contract, what is withheld and why, which columns look personal, which decisions cannot be read."""
    from pipelines.deliveries.inspect import personal_looking, withheld
    from pipelines.deliveries.receive import read_unclaimed, read_unreachable
    from pipelines.staging.decisions import faulty
    from schemas.registry import registry

    for name in read_unclaimed(house):
        words.print(f"no contract claims {name}: left alone")
    for sentence in read_unreachable(house):
        words.print(f"not read: {sentence}")
    for sentence in (*withheld(house, registry()), *personal_looking(house, registry()), *faulty(house)):
        words.print(sentence)


def _unreachable(house: Any) -> bool:
    """Whether a database could not be read: worth a retry, though a release was made of all else."""
    from pipelines.deliveries.receive import read_unreachable

    return bool(read_unreachable(house))


def _withheld_code(withheld: list[dict[str, Any]]) -> Exit:
    if any(row["verdict"] == "below_bound" for row in withheld):
        return Exit.BELOW_BOUND
    return Exit.DRIFTED if withheld else Exit.OK


def _open(home: Path | None, version: str) -> reader.Release:
    return reader.open(version, home_path(home))

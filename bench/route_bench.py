"""Scores the route model on masked reports: the benchmark's deliveries through the nightly job, and score.py's verdict.

Belongs here: making the benchmark with its own `split.py`, a home and a run for each test file, reading the answers
out of `inferred.seizure_posteriors`, its own `score.py`, and its figures beside reference and goals. Does not belong
here: a metric of our own (`pipelines/inferred/backtest`), or a row of the data. What is measured and how:
`bench/README.md`.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl

from illicit_flows import reader
from pipelines.inferred.backtest.areas import read_areas
from pipelines.inferred.backtest.baselines import CONTEXT, gravity, mention_counts
from pipelines.inferred.backtest.metrics import calibration_by_chance, reporters_drawn, weighted_median
from pipelines.store import Connection, Home, clear_scratch, connect, frame, locked
from schemas.registry import PROJECT, registry
from schemas.views import tables_of

SHARED = PROJECT.parent / "shared"
FLOWS = Path(sys.executable).with_name("flows")
MADE_A_RELEASE = {0, 4, 5}
"""Exit codes of `flows run` after which a release stands: 4 and 5 say that a delivery was withheld."""
PUBLISHER = "unodc_ids"
TASKS = {"dep": "departure", "dst": "destination", "org": "origin"}
VARIANTS = {"solo": tuple(TASKS), **{f"given-{task}": (task,) for task in TASKS}}
"""Test file → the tasks that it asks. A `given` file hides the asked place alone."""
Until = Literal["release", "inferred"]

NLL, TOP1 = "nll", "top1"
Key = tuple[str, str, str, str, str, str]
"""Task, variant, split, view, kind of average (`rec`: records, `mac`: reporters), metric."""
GOALS: dict[Key, float] = {
    **{
        (task, variant, split, view, kind, NLL): goal
        for (variant, split, view, kind), row in {
            ("solo", "temporal", "hard", "rec"): (1.95, 2.72, 0.38),
            ("solo", "temporal", "hard", "mac"): (1.95, 2.95, 1.50),
            ("given", "temporal", "hard", "rec"): (1.88, 2.65, 0.27),
            ("solo", "loco", "hard", "rec"): (2.70, 3.55, 1.15),
            ("solo", "loco", "hard", "mac"): (2.75, 3.25, 2.25),
            ("solo", "temporal", "novel", "rec"): (3.80, 4.70, 3.70),
            ("solo", "temporal", "all", "rec"): (0.20, 0.81, 0.64),
            ("solo", "temporal", "all", "mac"): (1.9, 1.3, 1.7),
        }.items()
        for task, goal in zip(TASKS, row, strict=True)
    },
    **{
        (task, "solo", "temporal", "hard", "rec", TOP1): goal
        for task, goal in zip(TASKS, (0.46, 0.37, 0.92), strict=True)
    },
}
"""What the route model is to reach; a log-loss at most, a share at least."""


@dataclass(frozen=True)
class Ask:
    """One test file of one fold: what one home is made for."""

    split: str
    fold: int
    variant: str

    @property
    def name(self) -> str:
        return f"{self.split}_{self.fold}_{self.variant}"

    @property
    def file_name(self) -> str:
        return f"test_{self.variant}.csv"


@dataclass(frozen=True)
class Cost:
    """What one run took. Several at a time share the machine: compare only runs of one `--jobs`."""

    run: str
    wall_seconds: float
    cpu_seconds: float
    peak_memory_mb: float
    asked: int
    """Rows of the test file."""
    unanswered: int
    """Of them those without a line in the conformed layer, or without an answer."""


def main() -> int:
    """Make the benchmark, run it, and print its scores beside the reference and the goals."""
    arguments = _arguments()
    if arguments.child:
        run_layers(Path(arguments.child[0]), Path(arguments.child[1]), again=arguments.again)
        return 0
    with _work_folder(arguments.work) as work:
        bench = work / "bench"
        make_benchmark(arguments.bench, arguments.files, arguments.cut, bench)
        asks = [ask for ask in all_asks(bench) if arguments.only in (None, ask.split) and _wanted(ask, arguments)]
        with ThreadPoolExecutor(arguments.jobs) as pool:
            costs = list(pool.map(lambda ask: answer(ask, bench, work, arguments), asks))
        scores: dict[str, Any] = {}
        own: list[dict[str, Any]] = []
        for split in sorted({ask.split for ask in asks}, reverse=True):
            of_split = [ask for ask in asks if ask.split == split]
            scores |= score(arguments.bench, bench, work, split, of_split)
            own += own_figures(arguments.bench, bench, work, split, of_split)
    rows = beside(scores, reference(arguments.bench / "REFERENCE.md"))
    if arguments.json:
        arguments.json.write_text(
            json.dumps(
                {"scores": scores, "own": own, "goals": rows, "costs": [asdict(cost) for cost in costs]}, indent=1
            )
        )
    print_table(rows)
    print_own(own)
    print_costs(costs)
    return 0


# --- the benchmark and its runs ---------------------------------------------------------------------------------


def make_benchmark(tools: Path, files: Sequence[Path], cut: int, bench: Path) -> None:
    """Run `split.py`, unless its folder is there already. Raises `CalledProcessError`."""
    if (bench / "truth.parquet").exists():
        return
    unfinished = bench.with_name(f"{bench.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    command = [sys.executable, str(tools / "split.py"), "--out", str(unfinished), "--cut", str(cut), *map(str, files)]
    subprocess.run(command, check=True, stdout=sys.stderr)
    unfinished.rename(bench)


def all_asks(bench: Path) -> list[Ask]:
    """Every test file of every fold."""
    folds = sorted(path.name.rsplit("_", 1) for path in (bench / "deliveries").iterdir())
    return [Ask(split, int(fold), variant) for split, fold in reversed(folds) for variant in VARIANTS]


def answer(ask: Ask, bench: Path, work: Path, arguments: argparse.Namespace) -> Cost:
    """Run one home on the fold's train files and one test file, and write its answers; the home is not kept.

    Raises `SystemExit` with the run's words where it failed.
    """
    home, until = work / "homes" / ask.name, arguments.until
    again = bool(arguments.again and until == "inferred" and (home / "tables" / "conformed").is_dir())
    if not again:
        shutil.rmtree(home, ignore_errors=True)
    inbox = _inbox(ask, bench, home)
    if until == "release":
        command = [str(FLOWS), "run", "--home", str(home), "--inbox", str(inbox)]
    else:
        command = [sys.executable, __file__, "--child", str(home), str(inbox), *(["--again"] if again else [])]
    wall, used = _run(command, home / "stderr.txt")
    answers, n_asked = read_answers(ask, bench, home, until)
    answers.write_parquet(work / f"{ask.name}.parquet")
    write_baselines(ask, bench, work, home)
    n_answered = answers["record_id"].n_unique()
    if not arguments.keep:
        shutil.rmtree(home)
    print(f"{ask.name}: {wall:.0f} s, {n_answered} of {n_asked} rows answered", file=sys.stderr)
    cpu = used.ru_utime + used.ru_stime
    return Cost(ask.name, round(wall, 1), round(cpu, 1), used.ru_maxrss / 1024, n_asked, n_asked - n_answered)


def _inbox(ask: Ask, bench: Path, home: Path) -> Path:
    """An inbox with the train files of the fold and the one test file, as the publisher would deliver them."""
    inbox, fold = home / "inbox", bench / "deliveries" / f"{ask.split}_{ask.fold}"
    shutil.rmtree(inbox, ignore_errors=True)
    (inbox / PUBLISHER).mkdir(parents=True)
    for path in (*sorted((fold / "train").iterdir()), fold / ask.file_name):
        shutil.copy(path, inbox / PUBLISHER / path.name)
    return inbox


def _run(command: Sequence[str], said: Path) -> tuple[float, resource.struct_rusage]:
    started = time.monotonic()
    with (
        said.open("wb") as words,
        subprocess.Popen(command, cwd=PROJECT, stdout=words, stderr=words, env=_environment()) as child,
    ):
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in MADE_A_RELEASE:
        raise SystemExit(f"a run ended with {child.returncode}:\n{said.read_text(errors='replace')[-4000:]}")
    return time.monotonic() - started, used


def _environment() -> dict[str, str]:
    """This process's environment without a home of its own; a key is needed by sources that are not delivered here."""
    ours = ("FLOWS_HOME", "FLOWS_DAGSTER_DIR", "DAGSTER_HOME")
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    return {**kept, "PYTHONPATH": os.pathsep.join([str(PROJECT), *filter(None, [os.environ.get("PYTHONPATH")])])}


def run_layers(home: Path, inbox: Path, *, again: bool) -> None:
    """In a process of its own: the job of `flows run` up to the answers; `again`: its inferred layer alone.

    For tuning. What is left out rests on the answers and feeds nothing back, so they are those of the whole run.
    """
    import dagster as dg

    from assets.definitions import defs
    from assets.deliveries import ALL_SOURCES
    from assets.house import House, dagster_environment
    from assets.night import look

    house = Home.at(home).make()
    os.environ.update(dagster_environment(house))
    # what the answers rest on; the back-test guards against an earlier night's model, and here there is none
    tables = [name.split(".") for name in tables_of(["inferred.seizure_posteriors"])]
    answers = dg.AssetSelection.assets(*tables).upstream()
    assets = (answers - dg.AssetSelection.assets(["inferred", "backtest"])).required_multi_asset_neighbors()
    if again:
        assets &= dg.AssetSelection.groups("inferred")
        shutil.rmtree(house.model, ignore_errors=True)
        (house.runs / "route_scores.parquet").unlink(missing_ok=True)
    job = dg.define_asset_job("until_inferred", assets.without_checks(), executor_def=dg.in_process_executor)
    with locked(house):
        clear_scratch(house)
        look(house, inbox, None)
        dg.Definitions.merge(defs, dg.Definitions(jobs=[job])).resolve_job_def("until_inferred").execute_in_process(
            instance=dg.DagsterInstance.get(),
            resources={"house": House(home=str(home), inbox=str(inbox), lock_is_held=True)},
            tags=ALL_SOURCES,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )


ANSWERS = """
WITH asked AS (
    SELECT l.seizure_id, k.record_id
    FROM conformed.lines AS l
    JOIN key AS k ON k.file = l.file_name AND k.row = l.row_no  -- 1:1, a row of this source is one line
)
SELECT a.record_id, p.role, p.country AS place, CAST(p.prob_label AS DOUBLE) AS prob, p.in_set90
FROM asked AS a
JOIN inferred.seizure_posteriors AS p USING (seizure_id)  -- 1:n
WHERE p.country <> 'rest'
"""


def read_answers(ask: Ask, bench: Path, home: Path, until: Until) -> tuple[pl.DataFrame, int]:
    """Predictions as score.py wants them, and the number of rows asked. What `rest` holds is spread by score.py."""
    key = read_key(ask, bench)
    con = _tables(home, until)
    con.register("key", key)
    task_of = {role: task for task, role in TASKS.items() if task in VARIANTS[ask.variant]}
    answers = con.sql(ANSWERS).pl().filter(pl.col("role").is_in(list(task_of)))
    told = answers.select(
        pl.col("role").replace_strict(task_of, return_dtype=pl.String).alias("task"),
        pl.lit(ask.variant.split("-")[0]).alias("variant"),
        pl.lit(ask.split).alias("split"),
        pl.lit(ask.fold, pl.Int64).alias("fold"),
        "record_id", "place", "prob", "in_set90",
    )  # fmt: skip
    return told, key.height


def read_key(ask: Ask, bench: Path) -> pl.DataFrame:
    """File, row and record_id of the rows that one test file asks."""
    path = bench / "deliveries" / f"{ask.split}_{ask.fold}" / "key.csv"
    key = pl.read_csv(path, schema_overrides={"record_id": pl.String})
    return key.filter(pl.col("file") == ask.file_name)


BASELINES = {"mention_counts": mention_counts, "gravity": gravity}
CONTEXTS = """
SELECT k.record_id, e.* EXCLUDE (evidence_id)
FROM conformed.lines AS l
JOIN key AS k ON k.file = l.file_name AND k.row = l.row_no  -- 1:1, a row of this source is one line
JOIN inferred.seizure_evidence AS s USING (seizure_id)  -- 1:1
JOIN inferred.evidence AS e USING (evidence_id)  -- n:1
ORDER BY k.record_id
"""


def write_baselines(ask: Ask, bench: Path, work: Path, home: Path) -> None:
    """What the baselines answer on the same tables, by the context that they go by; `own_figures` reads it."""
    needs = (
        "conformed.lines",
        "inferred.seizure_evidence",
        "inferred.evidence",
        "reference.areas",
        "reference.area_pairs",
    )
    con = connect(Home.at(home), registry(), needs)
    con.register("key", read_key(ask, bench))
    areas, evidence = read_areas(con), frame(con, "SELECT * FROM inferred.evidence ORDER BY evidence_id")
    asked = frame(con, CONTEXTS)
    contexts = asked.select(CONTEXT).unique().sort(CONTEXT, nulls_last=True).with_row_index("context")
    which = asked.join(contexts, on=CONTEXT, how="left", nulls_equal=True, maintain_order="left")  # n:1
    answers = {name: learn(evidence, areas)(contexts) for name, learn in BASELINES.items()}
    np.savez(
        work / f"{ask.name}.npz",
        record_id=which["record_id"].to_numpy().astype("U16"),
        context=which["context"].to_numpy(),
        places=np.array(areas.places),
        **{f"{name}/{task}": answers[name][TASKS[task]] for name in BASELINES for task in VARIANTS[ask.variant]},
    )


def _tables(home: Path, until: Until) -> Connection:
    """The release, checked; or the home's own tables, where no release was made."""
    if until == "release":
        return reader.open(home=home).connect()
    return connect(Home.at(home), registry(), ["conformed.lines", "inferred.seizure_posteriors"])


# --- the verdict ------------------------------------------------------------------------------------------------


def score(tools: Path, bench: Path, work: Path, split: str, asks: Sequence[Ask]) -> dict[str, Any]:
    """What score.py says of the answers of one split; of `loco` over the folds that were run."""
    truth = pl.scan_parquet(bench / "truth.parquet").select("record_id", "task")
    # lines that score.py ignores are left out, so that it need not read them
    asked = pl.concat(pl.scan_parquet(work / f"{ask.name}.parquet") for ask in asks)
    predictions, scores = work / f"predictions_{split}.parquet", work / f"scores_{split}.json"
    asked.join(truth, on=["record_id", "task"], how="semi").sink_parquet(predictions)
    command = [sys.executable, str(tools / "score.py"), str(predictions), str(bench), "--json", str(scores)]
    if split == "loco":
        command += ["--folds", *sorted({str(ask.fold) for ask in asks})]
    subprocess.run(command, check=True, stdout=sys.stderr)
    said: dict[str, Any] = json.loads(scores.read_text())
    return said


def own_figures(tools: Path, bench: Path, work: Path, split: str, asks: Sequence[Ask]) -> list[dict[str, Any]]:
    """What score.py has no word for, computed with its functions on the same matrices.

    Of the hard view: the calibration error less what a perfect forecaster of these records would show, and the log-loss
    gained over each baseline with its 95 % interval over draws of reporters. Of all records: how often the published
    set (`in_set90`) holds the answer, and its median number of places.
    """
    judge = _module(tools / "score.py")
    labels: list[str] = json.loads((bench / "labels.json").read_text(encoding="utf-8"))
    truth = pl.read_parquet(bench / "truth.parquet")
    told = pl.read_parquet(work / f"predictions_{split}.parquet")
    made = []
    for (task, variant), listed in told.group_by("task", "variant", maintain_order=True):
        test, fold = judge.load_test(truth, task, split, labels)
        of_task = [ask for ask in asks if task in VARIANTS[ask.variant] and ask.variant.startswith(str(variant))]
        run = np.isin(fold.to_numpy(), [ask.fold for ask in of_task])
        test, fold = test.where(run), fold.filter(pl.Series(run))
        ours = judge.dense_probabilities(listed.drop("in_set90"), test, fold, labels)
        excluded = np.zeros(ours.shape, bool)
        rows = np.arange(len(test))
        excluded[rows, test.reporter] = True
        if task == "org" and variant == "given":
            shown = test.departure >= 0
            excluded[rows[shown], test.departure[shown]] = True
        hard = ~excluded[rows, test.label]
        label, reporter = test.label[hard], test.reporter_code[hard]
        found = judge.record_metrics(judge.condition_on(ours[hard], excluded[hard]), label)
        even = np.ones(len(label))
        sets = listed.filter("in_set90").join(_labels_of(truth, str(task)), on="record_id")  # n:1
        sizes = sets.group_by("record_id").agg(
            pl.len().alias("n"), (pl.col("place") == pl.col("label")).any().alias("in")
        )
        made.append(
            {
                "split": split, "variant": variant, "task": task, "n_hard": int(hard.sum()),
                "ece": judge.calibration_error(found["confidence"], found["top1"], even),
                "ece_by_chance": calibration_by_chance(found["confidence"], even),
                "in_set90": float(sizes["in"].mean() or 0.0),
                "set_size": weighted_median(sizes["n"].cast(pl.Float64).to_numpy(), np.ones(sizes.height)),
            }
        )  # fmt: skip
        for name in BASELINES:
            theirs = _baseline(name, str(task), work, of_task, test, fold, labels)
            loss = judge.record_metrics(judge.condition_on(theirs[hard], excluded[hard]), label)["nll"]
            made[-1][f"gain_over_{name}"] = _gain(loss - found["nll"], reporter)
    return made


def _module(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location("route_bench_score", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def _labels_of(truth: pl.DataFrame, task: str) -> pl.DataFrame:
    return truth.filter(pl.col("task") == task).select("record_id", "label")


def _baseline(
    name: str, task: str, work: Path, asks: Sequence[Ask], test: Any, fold: pl.Series, labels: list[str]
) -> Any:
    """A baseline's answers as score.py's matrix, shape (records, labels); uniform where a record has none."""
    matrix = np.full((len(test), len(labels)), 1 / len(labels))
    position = {label: at for at, label in enumerate(labels)}
    row_of = {record: at for at, record in enumerate(test.ids.to_list())}
    for ask in asks:
        kept = np.load(work / f"{ask.name}.npz")
        column = [position.get(str(place), -1) for place in kept["places"]]
        has = np.array(column) >= 0
        p = np.zeros((len(kept[f"{name}/{task}"]), len(labels)))
        p[:, np.array(column)[has]] = kept[f"{name}/{task}"][:, has]
        for record, context in zip(kept["record_id"], kept["context"], strict=True):
            at = row_of.get(str(record))
            if at is not None and fold[at] == ask.fold:
                matrix[at] = p[context]
    return matrix


def _gain(difference: Any, reporter: Any) -> dict[str, list[float]]:
    """Mean over records and over reporters with five records, each with its 95 % interval over draws of reporters."""
    _, member, size = np.unique(reporter, return_inverse=True, return_counts=True)
    big = size >= 5
    totals = np.bincount(member, difference)
    found = {}
    for kind, total, weight in (("rec", totals, size), ("mac", totals[big] / size[big], np.ones(int(big.sum())))):
        drawn = reporters_drawn(len(total), 1000)
        low, high = np.quantile((drawn @ total) / (drawn @ weight), [0.025, 0.975])
        found[kind] = [round(float(value), 3) for value in (total.sum() / weight.sum(), low, high)]
    return found


def print_own(figures: Sequence[dict[str, Any]]) -> None:
    print(
        f"{'split':9}{'variant':8}{'task':5}{'n':>6}{'ece':>7}{'chance':>8}{'excess':>8}{'in_set':>8}{'size':>6}  ",
        end="",
    )
    print("gain over mention counts, gravity (records; reporters)")
    for row in figures:
        gains = "  ".join(
            f"{kind} {row[f'gain_over_{name}'][kind][0]:+.2f} [{row[f'gain_over_{name}'][kind][1]:+.2f}, "
            f"{row[f'gain_over_{name}'][kind][2]:+.2f}]"
            for name in BASELINES
            for kind in ("rec", "mac")
        )
        print(
            f"{row['split']:9}{row['variant']:8}{row['task']:5}{row['n_hard']:6}{row['ece']:7.3f}"
            f"{row['ece_by_chance']:8.3f}{row['ece'] - row['ece_by_chance']:8.3f}{row['in_set90']:8.3f}"
            f"{row['set_size']:6.0f}  {gains}"
        )


@dataclass(frozen=True)
class Reference:
    """The best of the methods that the benchmark tells of."""

    value: float
    method: str


def reference(page: Path) -> dict[Key, Reference]:
    """Best known figure of each kind, read from the tables of REFERENCE.md (log-loss: least; top-1: most)."""
    found: dict[Key, Reference] = {}
    split, variant, task, names = "", "", "", list[str]()
    for line in page.read_text(encoding="utf-8").splitlines():
        if heading := re.match(r"#+ (temporal|loco), (solo|given)$", line):
            split, variant = heading.groups()
        elif heading := re.match(r"(temporal|loco):$", line):
            split = heading[1]
        if not line.startswith("|"):
            continue
        cells = [cell.strip().strip("*") for cell in line.strip("|").split("|")]
        if cells[0] in ("task", "variant"):
            names = cells
            continue
        row = dict(zip(names, cells, strict=True))
        if cells[0].startswith("---"):
            continue
        is_all = names[0] == "variant"
        variant = row["variant"] if is_all else variant
        task = row["task"].split(" ")[0] or task
        columns = {"nll": ("rec", NLL), "mac nll": ("mac", NLL), "top1": ("rec", TOP1), "mac top1": ("mac", TOP1)}
        for name, text in row.items():
            kind, metric = columns.get(name.removesuffix(" [95 %]"), ("", ""))
            view = "all" if is_all else "hard"
            if name == "novel nll":
                kind, metric, view = "rec", NLL, "novel"
            if kind:
                _keep_best(
                    found,
                    (task, variant, split, view, kind, metric),
                    float(text.strip("*").split("*")[0].split(" ")[0]),
                    row["method"],
                )
    return found


def _keep_best(found: dict[Key, Reference], key: Key, value: float, method: str) -> None:
    sign = 1 if key[-1] == NLL else -1
    if key not in found or sign * value < sign * found[key].value:
        found[key] = Reference(value, method)


def beside(scores: dict[str, Any], best: dict[Key, Reference]) -> list[dict[str, Any]]:
    """Every figure that has a reference or a goal; `reached` only where there is a goal."""
    rows = []
    for key in sorted(
        {*best, *GOALS}, key=lambda key: (key[2], key[3], key[1], key[4], key[5], list(TASKS).index(key[0]))
    ):
        task, variant, split, view, kind, metric = key
        views = scores.get(f"{task}/{variant}/{split}", {})
        ours = views.get(view, {}).get(kind, {}).get(metric)
        if ours is None:
            continue
        goal = GOALS.get(key)
        interval = views[view].get(f"{metric}_interval") if kind == "rec" else None
        rows.append(
            {
                "split": split, "view": view, "variant": variant, "average": kind, "metric": metric, "task": task,
                "n": views[view]["n" if kind == "rec" else "reporters"],
                "ours": round(ours, 3),
                "interval": [round(edge, 2) for edge in interval] if interval else None,
                "reference": best[key].value if key in best else None,
                "method": best[key].method if key in best else None,
                "goal": goal,
                "reached": None if goal is None else (ours <= goal if metric == NLL else ours >= goal),
            }
        )  # fmt: skip
    return rows


def print_table(rows: Sequence[dict[str, Any]]) -> None:
    print(f"{'split':9}{'view':7}{'variant':8}{'avg':5}{'metric':7}{'task':5}", end="")
    print(f"{'n':>7}{'ours':>8}{'ref':>7}  {'method':10}{'goal':>6}")
    for row in rows:
        goal = "" if row["goal"] is None else f"{row['goal']:6.2f} {'yes' if row['reached'] else 'NO'}"
        known = "" if row["reference"] is None else f"{row['reference']:.2f}"
        interval = "" if row["interval"] is None else f"  [{row['interval'][0]:.2f}, {row['interval'][1]:.2f}]"
        print(
            f"{row['split']:9}{row['view']:7}{row['variant']:8}{row['average']:5}{row['metric']:7}{row['task']:5}"
            f"{row['n']:7}{row['ours']:8.3f}{known:>7}  {row['method'] or '':10}{goal:10}{interval}"
        )


def print_costs(costs: Sequence[Cost]) -> None:
    print(f"{'run':28}{'wall s':>8}{'CPU s':>8}{'peak MB':>9}{'rows':>8}{'unanswered':>12}")
    for cost in costs:
        print(
            f"{cost.run:28}{cost.wall_seconds:8.0f}{cost.cpu_seconds:8.0f}{cost.peak_memory_mb:9.0f}{cost.asked:8}"
            f"{cost.unanswered:12}"
        )


# --- the command line -------------------------------------------------------------------------------------------


@contextmanager
def _work_folder(given: Path | None) -> Iterator[Path]:
    """The folder given, or one that is gone afterwards."""
    with nullcontext(given) if given else tempfile.TemporaryDirectory(prefix="route_bench.") as name:
        folder = Path(name).resolve()
        (folder / "homes").mkdir(parents=True, exist_ok=True)
        yield folder


def _wanted(ask: Ask, arguments: argparse.Namespace) -> bool:
    in_fold = ask.split != "loco" or arguments.folds is None or ask.fold in arguments.folds
    return in_fold and (arguments.variants is None or ask.variant in arguments.variants)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="The route model on masked reports, beside reference and goals.")
    parser.add_argument("--bench", type=Path, default=SHARED / "route_bench", help="folder of split.py and score.py")
    parser.add_argument("--files", type=Path, nargs="+", help="IDS files (default: those of ../shared/real)")
    parser.add_argument("--cut", type=int, default=2015, help="temporal: train before this year (default: 2015)")
    parser.add_argument("--only", choices=("temporal", "loco"), help="one of the two splits")
    parser.add_argument("--folds", type=int, nargs="+", help="loco: these folds alone")
    parser.add_argument("--variants", choices=VARIANTS, nargs="+", help="these test files alone")
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time (default: 1)")
    parser.add_argument("--work", type=Path, help="folder to keep the benchmark and the answers in (default: none)")
    parser.add_argument(
        "--until", choices=("release", "inferred"), default="release",
        help="release: `flows run`, the claim; inferred: the same job up to the answers, for tuning",
    )  # fmt: skip
    parser.add_argument("--keep", action="store_true", help="keep the homes (0.5 GB each) below --work")
    parser.add_argument(
        "--again", action="store_true", help="with --until inferred: infer anew in homes that were kept"
    )
    parser.add_argument("--json", type=Path, help="write all scores, goals and costs to this file")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.files is None:
        arguments.files = sorted((SHARED / "real" / PUBLISHER).glob("ids_*.csv"))
    if not arguments.child and not ((arguments.bench / "split.py").exists() and arguments.files):
        parser.error("the benchmark and its data are no part of the project: name them with --bench and --files")
    if (arguments.keep or arguments.again) and not arguments.work and not arguments.child:
        parser.error("--keep and --again need --work")
    return arguments


if __name__ == "__main__":
    sys.exit(main())

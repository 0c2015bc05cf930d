"""The `flows review` commands: what a person should look at, and what they decided.

Belongs here: arguments, exit codes and printing. Does not belong here: how a decision is written
(`staging.decisions`), or what it does (`conformed`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from illicit_flows import reader
from illicit_flows.terminal import HomeOption, JsonOption, enter, home_path, print_json, print_records, words

app = typer.Typer(no_args_is_help=True, help="Review: what a person should look at, and what they decided.")

QUEUE = "published.review_queue"
LEAST_DIGITS = 8
SHOWN = (
    "rank", "kind", "influence", "kg_at_stake", "share_at_stake", "probability", "reporter", "commodity_group", "year",
    "kg_mid", "kg_expected", "official_kg", "outlier_flag", "outlier_reason", "unit_suspect", "source_id", "file_name",
    "row_no", "seizure_id", "other_seizure_id",
)  # fmt: skip

Who = Annotated[str, typer.Option("--who", help="Who decided. Kept in the home's file alone.")]
Why = Annotated[str, typer.Option("--why", help="Why, in a sentence. Goes into the release: name no person.")]
When = Annotated[
    datetime | None,
    typer.Option("--when", formats=["%Y-%m-%d"], help="Day of the decision. Default: today.", show_default=False),
]


@app.command("list")
def review_list(
    home: HomeOption = None,
    limit: Annotated[int, typer.Option(min=1, help="Questions to print; JSON has all.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """The open questions of the latest release, the most influential first."""
    from pipelines.staging.decisions import KINDS, read_decisions
    from pipelines.store import Home

    house = Home.at(home_path(home))
    queue = reader.open(home=house.root).table(QUEUE).sort("rank").to_dicts()
    decided = {_subject(row) for kind in KINDS for row in read_decisions(house, kind) if row["standing"]}
    asked = [row for row in queue if _subject(row) not in decided]
    if len(asked) < len(queue):
        words.print(f"{len(queue) - len(asked)} more were decided since; the next run applies them")
    if as_json:
        print_json(asked)
        return
    if len(asked) > limit:
        words.print(f"the {limit} most influential of {len(asked)} questions; --limit or --json prints more")
    print_records(asked[:limit], list(SHOWN), as_json=False)


@app.command("quantity")
def review_quantity(
    seizure: Annotated[str, typer.Argument(help="The seizure's id, or at least its first eight digits.")],
    keep: Annotated[bool, typer.Option("--keep/--exclude", help="The quantity stands, or leaves the kilograms.")],
    who: Who,
    why: Why,
    when: When = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Decide whether a quantity stands; a later decision about the same seizure outranks this one."""
    (found,) = _known(home, seizure)
    decision = {"seizure_id": found, "verdict": "keep" if keep else "exclude"}
    _append(home, "quantity", decision, who, why, when, as_json)


@app.command("duplicate")
def review_duplicate(
    seizure: Annotated[str, typer.Argument(help="A seizure's id, or at least its first eight digits.")],
    other: Annotated[str, typer.Argument(help="The other's.")],
    same: Annotated[bool, typer.Option("--same/--different", help="Both report one seizure, or two.")],
    who: Who,
    why: Why,
    when: When = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Decide whether two reports are of one seizure; a later decision about the same pair outranks this one."""
    first, second = sorted(_known(home, seizure, other))
    if first == second:
        raise typer.BadParameter("both are the same seizure", param_hint="OTHER")
    decision = {"seizure_id": first, "other_seizure_id": second, "verdict": "same" if same else "different"}
    _append(home, "duplicate", decision, who, why, when, as_json)


def _subject(row: Mapping[str, Any]) -> tuple[str, str, str | None]:
    return row["kind"], row["seizure_id"], row.get("other_seizure_id")


def _known(home: Path | None, *named: str) -> list[str]:
    """The full ids of seizures of the latest release. Raises BadParameter where one is not there."""
    con = reader.open(home=home_path(home)).connect()
    query = "SELECT seizure_id FROM conformed.seizures WHERE starts_with(seizure_id, $named) LIMIT 2"
    known = []
    for text in named:
        found = con.execute(query, {"named": text.lower()}).fetchall() if len(text) >= LEAST_DIGITS else []
        if len(found) != 1:
            which = "too few digits" if len(text) < LEAST_DIGITS else "several begin so" if found else "no such seizure"
            raise typer.BadParameter(f"{which} in the latest release", param_hint="SEIZURE")
        known.append(str(found[0][0]))
    return known


def _append(
    home: Path | None,
    kind: str,
    decision: dict[str, str],
    who: str,
    why: str,
    when: datetime | None,
    as_json: bool,
) -> None:
    """Write the decision under the home's lock and print it without the name of who decided."""
    from pipelines.staging.decisions import BadDecision, append
    from pipelines.store import locked

    house = enter(home)
    day = (when.date() if when else date.today()).isoformat()  # noqa: DTZ011
    try:
        with locked(house):
            path = append(house, kind, {**decision, "who": who, "when": day, "why": why})
    except BadDecision as fault:
        raise typer.BadParameter(f"this cannot be written down: {fault}", param_hint="--who, --why") from None
    words.print("written; the next run applies it")
    said = {"kind": kind, **decision, "when": day, "file": str(path)}
    if as_json:
        print_json(said)
    else:
        print_records([said], list(said), as_json=False)

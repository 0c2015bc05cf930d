"""`flows source new`: a sample becomes a contract to be read through, its lookups, an invented sample and its row.

Belongs here: the order of the steps, and writing them down, each guess beside what it rests on. Does not belong here:
the guesses (`guess_*`). What is written loads; what nobody could know stands as `TO DO` and in a column that no file
has, so that `flows source check` names it.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from illicit_flows.source.check import check_file
from illicit_flows.source.guess_columns import SHOWN, Choice, Plan, plan_of
from illicit_flows.source.guess_fixture import write_fixture
from illicit_flows.source.guess_read import CannotPropose, Guess, Sample, format_keys, read_sample
from pipelines.deliveries.readers import Unreadable
from schemas.contracts import Language, SourceContract
from schemas.registry import ContractFaults, Registry, load

NAME = re.compile(r"^[a-z][a-z0-9_]*$")
STAND_INS: Mapping[str, str] = {"reporter": "ABW", "commodity": "cocaine", "unit": "kilogram", "currency": "USD"}
"""What stands in for a target that nobody has filled yet when the invented sample is counted; any code would do."""
LEAST_ROWS, ROOM = 100_000, 50
"""Upper bound of rows: room for fifty times the sample, and for no less than this."""
ENDINGS = {"csv": "csv", "xlsx": "xlsx", "json": "json", "ndjson": "ndjson", "parquet": "parquet", "zip": "zip"}


@dataclass
class Proposal:
    """What was written, what was guessed, and what is left to decide."""

    source: str
    written: list[str] = field(default_factory=list)
    guesses: list[dict[str, Any]] = field(default_factory=list)
    to_do: list[str] = field(default_factory=list)
    suggestions: list[dict[str, Any]] = field(default_factory=list)
    sample: dict[str, Any] = field(default_factory=dict)
    """The invented sample and how its records end."""


def propose(project: Path, source: str, file: Path, language: Language, publisher: str | None = None) -> Proposal:
    """Write a contract, lookups and an invented sample for a file that nobody has described.

    Raises `CannotPropose` (also where there is such a source already) and `ContractFaults` of the project as it stands.
    """
    contract = project / "schemas" / "sources" / f"{source}.yml"
    if not NAME.match(source):
        raise CannotPropose("a source's name is made of small letters, digits and _, and begins with a letter")
    if contract.exists():
        raise CannotPropose(f"there is a contract {source} already: schemas/sources/{source}.yml")
    registry = load(project)
    with tempfile.TemporaryDirectory(prefix="flows-new-") as scratch:
        try:
            sample = read_sample(file, Path(scratch))
        except Unreadable as fault:
            says = registry.messages.render(fault.rule_id, language, fault.params)
            raise CannotPropose(f"the file cannot be read: {says}") from None
    plan = plan_of(sample, registry, source, language, [publisher or "", file.stem.replace("_", " "), source])
    text = contract_text(plan, sample, source, language, publisher, file)
    files: dict[Path, str] = {contract: text}
    files |= {
        project / "schemas" / "lookups" / f"{name}.csv": _lookup_text(rows)
        for name, rows in sorted(plan.lookups.items())
    }
    taken = [str(path.relative_to(project)) for path in files if path.exists()]
    if taken:
        raise CannotPropose(f"there is a file already: {', '.join(taken)}")
    _write(files)
    try:
        registry = load(project)
    except ContractFaults as faults:
        for path in files:
            path.unlink()
        raise CannotPropose(f"the proposal does not load, which is a fault of this command:\n{faults}") from None
    proposal = _report(plan, sample, source, [str(path.relative_to(project)) for path in files])
    _add_sample(project, registry, plan, sample, proposal)
    return proposal


def _write(files: Mapping[Path, str]) -> None:
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _lookup_text(rows: Mapping[str, str]) -> str:
    lines = ["value,code", *(f"{_csv_cell(spelling)},{code}" for spelling, code in sorted(rows.items()))]
    return "\n".join(lines) + "\n"


def _csv_cell(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if re.search('[",\n\r]|^ | $', text) else text


# --- the contract -------------------------------------------------------------------------------------------


def contract_text(
    plan: Plan, sample: Sample, source: str, language: Language, publisher: str | None, file: Path
) -> str:
    """The contract as YAML. Each guess is a comment above its key."""
    todo = "TO DO"
    lines = [
        f"# Proposed by `flows source new` from a sample of {sample.table.height} rows. A line with `guess` says what",
        "# it rests on: read it, change what is wrong, take the comment away. `TO DO` is what the sample cannot tell.",
        *(f"# TO DO: {item}" for item in plan.to_do),
        f"source: {source}",
        "version: 1",
        *_said([plan.kind_guess]),
        f"kind: {plan.kind}",
        *([] if publisher else ["# TO DO: the publisher's name"]),
        f"publisher: {_flow({'name': publisher or todo, 'inbox': source})}",
        "# TO DO: what the file is, in a few words",
        f"title: {_flow(f'{todo}: the table that {publisher or source} sends')}",
        f"language: {language}",
        "# TO DO: under which licence it may be used, and how it is cited",
        f"licence: {_flow(todo)}",
        f"citation: {_flow(publisher or todo)}",
        "# TO DO: how far the lines may travel (CLEAR, GREEN, AMBER, AMBER+STRICT or RED); AMBER until then",
        "tlp: AMBER",
        "# TO DO: how often it comes (yearly, monthly or irregular)",
        "cadence: irregular",
        *_files_lines(sample, file),
        *_said([guess for guess in sample.guesses if guess.key != "format.type"], ),
        *_said([guess for guess in sample.guesses if guess.key == "format.type"]),
        *_format_lines(sample),
        f"# guess: rows, because the sample has {sample.table.height}",
        f"rows: {_flow({'min': 1, 'max': max(LEAST_ROWS, ROOM * sample.table.height)})}",
        *_said([Guess("numbers", _marks(plan), plan.numbers.evidence, plan.numbers.sure)]),
        f"numbers: {_flow(plan.numbers.form.model_dump(exclude_defaults=True))}",
        *_dates_lines(plan),
        *_restates_lines(plan),
        *_vintage_lines(plan),
        "# TO DO: who reports (seizing_authority, national_focal_point or international_organisation)",
        "reporter_role: " + ("seizing_authority" if plan.kind == "seizures" else "national_focal_point"),
        f"privacy: {_flow(_privacy(plan))}",
        "",
        *_constants_lines(plan),
        "columns:",
        *(line for choice in plan.columns.values() for line in _column_lines(choice)),
        *(line for target, name in plan.missing.items() for line in _missing_lines(target, name)),
        *_lines_lines(plan),
        *_declared_lines(plan),
        "",
        *_scope_lines(plan),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _said(guesses: Sequence[Guess], indent: str = "") -> list[str]:
    return [
        f"{indent}# guess{'' if guess.sure else ' (not sure)'}: {guess.key} {_one_line(guess.value)}, because "
        f"{_one_line(guess.evidence)}"
        for guess in guesses
    ]  # fmt: skip


def _one_line(text: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in text)


def _flow(value: Any) -> str:
    """A value on one line of YAML."""
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=10**9)
    return text.removesuffix("\n").removesuffix("\n...").removesuffix("\n")


def _files_lines(sample: Sample, file: Path) -> list[str]:
    ending = file.suffix.lower() or f".{ENDINGS[sample.form.type]}"
    return [
        f"# guess (not sure): files, because the sample ends in {ending}: all such files of the folder",
        f'files: "*{ending}"',
    ]


def _format_lines(sample: Sample) -> list[str]:
    keys = format_keys(sample.form)
    return [f"format: {_flow({'type': keys['type'], **keys})}"]


def _marks(plan: Plan) -> str:
    form = plan.numbers.form
    return f"1{form.thousands}234{form.decimal}5"


def _dates_lines(plan: Plan) -> list[str]:
    first = plan.dates.first if plan.dates else date(2000, 1, 1)
    earliest = date(min(2000, first.year), 1, 1)
    says = f"the sample's dates run from {plan.dates.first} to {plan.dates.last}" if plan.dates else "nothing says more"
    return [
        f"# guess (not sure): dates, because {says}; a date outside quarantines its row",
        f"dates: {{earliest: {earliest}, latest: 2040-12-31}}",
    ]


def _restates_lines(plan: Plan) -> list[str]:
    if plan.kind in ("totals", "cultivation"):
        return [
            "# guess (not sure): restates, because totals that are sent again replace the older ones",
            "restates: snapshot",
        ]
    return [
        "# TO DO: nothing, record, period or snapshot: what of earlier files a new file replaces",
        "restates: nothing",
    ]


def _vintage_lines(plan: Plan) -> list[str]:
    if plan.vintage is None:
        return []
    column, form = plan.vintage
    return [f"# guess (not sure): vintage, because the header {_one_line(column)} says when the row was changed",
            f"vintage: {_flow({'column': column, 'date_format': form})}"]  # fmt: skip


def _privacy(plan: Plan) -> str:
    personal = [choice.name for choice in plan.columns.values() if choice.keys.get("personal")]
    if not personal:
        return "No column looks as if it held personal data. TO DO: confirm it"
    return f"Emptied at the door: {', '.join(personal)}. TO DO: confirm that no other column holds personal data"


def _constants_lines(plan: Plan) -> list[str]:
    if not plan.constants:
        return ["constants: {}"]
    return ["constants:", *(
        line for guess in plan.constant_guesses if guess.key in plan.constants
        for line in [*_said([guess], "  "), f"  {guess.key}: {_flow(plan.constants[guess.key])}"]
    )]  # fmt: skip


def _column_lines(choice: Choice) -> list[str]:
    lines = _said(choice.guesses, "  ")
    lines += [f"  # TO DO: {_one_line(item)}" for item in choice.to_do]
    if choice.suggestions:
        lookup = choice.keys.get("lookup") or choice.keys.get("unit_lookup")
        what = f"{len(choice.suggestions)} spelling(s) without a code"
        lines.append(f"  # TO DO: {what}: add what you know to schemas/lookups/{lookup}.csv")
        lines += [f"  #   {_one_line(item)}" for item in _suggestion_texts(choice)]
    return [*lines, f"  {_flow(choice.name)}: {_flow(choice.keys)}"]


def _suggestion_texts(choice: Choice) -> list[str]:
    texts = [
        f"{item.spelling} ({item.n_rows} rows)"
        + (f", perhaps {item.code}: like {item.like!r}, {item.score:.2f}" if item.code else "")
        for item in choice.suggestions[:SHOWN]
    ]
    left = len(choice.suggestions) - SHOWN
    return [*texts, *([f"and {left} more"] if left > 0 else [])]


def _missing_lines(target: str, name: str) -> list[str]:
    keys: dict[str, Any] = {"to": target}
    if target in STAND_INS:
        keys["lookup"] = "@code"
    elif target in {"seized", "period", "stage_date"}:
        keys["date_format"] = "%Y-%m-%d"
    elif target in {"stage", "stage_state"}:
        keys["lookup"] = "@code"
    where = f"put `{target}: CODE` under constants" if target in STAND_INS else "name the column that says it"
    return [
        f"  # TO DO: no column says the {target} and every row needs one: {where}, and take this line away. No file",
        "  # has a column of this name, so `flows source check` names it until then.",
        f"  {_flow(name)}: {_flow(keys)}",
    ]


def _lines_lines(plan: Plan) -> list[str]:
    if not plan.lines:
        return []
    target = {"cultivation": "hectares"}.get(plan.kind, "quantity")
    lines = ["# several columns of one row, each a line of its own", "lines:"]
    for line in plan.lines:
        entry: dict[str, Any] = {"columns": {line.column: {"to": target}}, "constants": line.constants}
        if plan.kind != "seizures":
            entry["absent"] = [""]
        if line.constants.get("unit") == "unspecified":
            lines.append(f"  # TO DO: the unit of {_one_line(line.column)}")
        lines += [f"  # guess: {_one_line(line.column)}, because {_one_line(line.evidence)}", f"  - {_flow(entry)}"]
    return lines


def _declared_lines(plan: Plan) -> list[str]:
    if not plan.declared:
        return []
    lines = ["", "declared:"]
    for entry, guess in zip(plan.declared, plan.declared_guesses, strict=True):
        lines += [*_said([guess], "  "), f"  - {_flow(entry)}"]
    return lines


def _scope_lines(plan: Plan) -> list[str]:
    reporter = plan.column_of("reporter")
    world = reporter is not None
    lines = [
        "# TO DO: what the source covers; outside it the answer is `not_covered`, and nothing is ever zero",
        "scope:",
    ]
    if plan.families:
        lines += ["  # guess (not sure): commodity_families, because these are the ones in the sample",
                  f"  commodity_families: {_flow(plan.families)}"]  # fmt: skip
    lines += [f"  territory: {'world' if world else 'national'}", "  completeness: partial"]
    return lines


# --- the report ---------------------------------------------------------------------------------------------


def _report(plan: Plan, sample: Sample, source: str, written: list[str]) -> Proposal:
    found = Proposal(source, written)
    guesses = [
        ("", guess) for guess in (*sample.guesses, plan.kind_guess, *plan.constant_guesses, *plan.declared_guesses)
    ]
    guesses += [(choice.name, guess) for choice in plan.columns.values() for guess in choice.guesses]
    found.guesses = [
        {"column": column, "key": guess.key, "value": guess.value, "because": guess.evidence, "sure": guess.sure}
        for column, guess in guesses
    ]  # fmt: skip
    found.to_do = [
        *(f"no column says the {target}: see {name!r} in the contract" for target, name in plan.missing.items()),
        *plan.to_do,
        *(f"{choice.name}: {item}" for choice in plan.columns.values() for item in choice.to_do),
        "the publisher's name, title, licence, tlp, cadence, restates and scope: the sample cannot tell them",
    ]
    found.suggestions = [
        {"column": choice.name, "lookup": choice.keys.get("lookup") or choice.keys.get("unit_lookup"),
         "spelling": item.spelling, "rows": item.n_rows, "perhaps": item.code, "like": item.like, "score": item.score}
        for choice in plan.columns.values() for item in choice.suggestions
    ]  # fmt: skip
    return found


# --- the invented sample ------------------------------------------------------------------------------------


def _add_sample(project: Path, registry: Registry, plan: Plan, sample: Sample, proposal: Proposal) -> None:
    """Write a file of invented rows in the sample's form, try it, and note how its records end."""
    contract = _filled(registry.sources[proposal.source], plan)
    if contract is None:
        proposal.to_do.append("no invented sample was made, because the file has no column for a date or a quantity")
        return
    ending = ENDINGS[sample.form.type]
    if sample.form.type == "csv" and sample.form.delimiter == "\t":
        ending = "txt"
    folder = project / "data" / "sample" / proposal.source
    path = folder / f"simulated-{proposal.source.replace('_', '-')}.{ending}"
    if path.exists():
        proposal.to_do.append(f"{path.relative_to(project)} is there already and was left as it is")
        return
    folder.mkdir(parents=True, exist_ok=True)
    write_fixture(path, contract, registry, plan, sample)
    checked = check_file(registry, contract, path)
    endings = checked.endings()
    proposal.written.append(str(path.relative_to(project)))
    proposal.sample = {"file": path.name, "verdict": checked.inspection.verdict, **endings}
    if checked.inspection.verdict != "accepted":
        says = registry.messages.render(checked.inspection.rule or "", contract.language, checked.inspection.params)
        proposal.to_do.append(f"the invented sample is not accepted ({says}): mend it by hand")
        return
    row = f"| {proposal.source} | {path.name} | " + " | ".join(str(endings[name]) for name in COUNTED) + " |"
    readme = project / "data" / "sample" / "README.md"
    if _add_row(readme, row, proposal.source):
        proposal.written.append(str(readme.relative_to(project)))


COUNTED = ("records", "staged", "quarantined", "declared")


def _filled(contract: SourceContract, plan: Plan) -> SourceContract | None:
    """The contract as it will be once the missing codes are stated as constants; None where a column is missing."""
    if set(plan.missing) - set(STAND_INS):
        return None
    columns = {name: column for name, column in contract.columns.items() if name not in plan.missing.values()}
    constants: dict[str, str] = {str(target): code for target, code in contract.constants.items()}
    constants |= {target: STAND_INS[target] for target in plan.missing}
    return contract.model_copy(update={"columns": columns, "constants": constants})


def _add_row(readme: Path, row: str, source: str) -> bool:
    """Add a row to the table of samples, in the order of the sources."""
    if not readme.is_file():
        return False
    lines = readme.read_text(encoding="utf-8").splitlines()
    rows = [number for number, line in enumerate(lines) if re.match(r"^\| *[a-z][a-z0-9_]* *\|.*\| *[0-9]+ *\|$", line)]
    if not rows:
        return False
    at = next((number for number in rows if lines[number].split("|")[1].strip() > source), rows[-1] + 1)
    lines.insert(at, row)
    readme.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return True

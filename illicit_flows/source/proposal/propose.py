"""`flows source new`: a sample becomes a contract to be read through, its lookups, an invented sample and its row.

Belongs here: the order of the rooms, and writing what they found. Does not belong here: any guess.
"""

from __future__ import annotations

import csv
import io
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from illicit_flows.source.check import check_file
from illicit_flows.source.proposal.cells import Column
from illicit_flows.source.proposal.closing import closing_rows, declare
from illicit_flows.source.proposal.codes import Codes
from illicit_flows.source.proposal.columns import write_numbers
from illicit_flows.source.proposal.constants import fill_constants
from illicit_flows.source.proposal.contract_text import STAND_INS, contract_text
from illicit_flows.source.proposal.day_or_month import weekday_numbers
from illicit_flows.source.proposal.fixture import write_fixture
from illicit_flows.source.proposal.found import CannotPropose, Draft, Sample
from illicit_flows.source.proposal.kind import read_dates, settle_kind
from illicit_flows.source.proposal.leftovers import ask, drop_the_rest
from illicit_flows.source.proposal.privacy import drop_empty_and_personal, look_at_kept_texts
from illicit_flows.source.proposal.roles import assign
from illicit_flows.source.proposal.sample import read_sample
from pipelines.deliveries.readers import Unreadable
from schemas.contracts import Language, SourceContract
from schemas.registry import ContractFaults, Registry, load


@dataclass
class Proposal:
    """What was written, what was guessed, and what is left to decide."""

    source: str
    written: list[str]
    guesses: list[dict[str, Any]]
    to_do: list[str]
    suggestions: list[dict[str, Any]]
    sample: dict[str, Any] = field(default_factory=dict)
    """The invented sample and how its records end."""


def propose(project: Path, source: str, file: Path, language: Language, publisher: str | None = None) -> Proposal:
    """Write a contract, lookups and an invented sample for a file that nobody has described.

    Raises `CannotPropose` (also where there is such a source already) and `ContractFaults` of the project as it stands.
    """
    contract = Path("schemas", "sources", f"{source}.yml")
    if not re.fullmatch("[a-z][a-z0-9_]*", source):
        raise CannotPropose("a source's name is made of small letters, digits and _, and begins with a letter")
    if (project / contract).exists():
        raise CannotPropose(f"there is a contract {source} already: {contract}")
    registry = load(project)
    sample = _read(file, registry, language)
    draft = _draft(sample, registry, source, language, [publisher or "", file.stem.replace("_", " "), source])
    files = {contract: contract_text(draft, publisher, file)}
    files |= {Path("schemas", "lookups", f"{name}.csv"): _csv(rows) for name, rows in sorted(draft.lookups.items())}
    registry = _write(project, files)
    proposal = _report(draft, [str(path) for path in files])
    _add_sample(project, registry, draft, proposal)
    return proposal


def _read(file: Path, registry: Registry, language: Language) -> Sample:
    with tempfile.TemporaryDirectory(prefix="flows-new-") as scratch:
        try:
            return read_sample(file, Path(scratch))
        except Unreadable as fault:
            says = registry.messages.render(fault.rule_id, language, fault.params)
            raise CannotPropose(f"the file cannot be read: {says}") from None


def _draft(sample: Sample, registry: Registry, source: str, language: Language, named_in: list[str]) -> Draft:
    """All guesses, each resting on those before it."""
    totals, notes = closing_rows(sample.table)
    rows = sample.table.with_row_index("#row").filter(~pl.col("#row").is_in([*totals, *notes])).drop("#row")
    columns = {name: Column(name, rows[name]) for name in sample.header}
    draft = Draft(
        sample, registry, source, language, named_in, Codes(registry, language), totals, notes, columns, rows.height,
        to_do=sample.shape.to_do,
    )  # fmt: skip
    draft.weekday = next((column for column in columns.values() if weekday_numbers(column)), None)
    drop_empty_and_personal(draft)
    read_dates(draft)
    settle_kind(draft)
    assign(draft)
    drop_the_rest(draft)
    look_at_kept_texts(draft)
    write_numbers(draft)
    fill_constants(draft)
    draft.choices = {name: draft.choices[name] for name in sample.header if name in draft.choices}
    declare(draft)
    ask(draft)
    return draft


def _csv(rows: Mapping[str, str]) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows([("value", "code"), *sorted(rows.items())])
    return stream.getvalue()


def _write(project: Path, files: Mapping[Path, str]) -> Registry:
    """Write files that are not there yet, and load the project with them; what does not load is taken away again."""
    taken = [str(path) for path in files if (project / path).exists()]
    if taken:
        raise CannotPropose(f"there is a file already: {', '.join(taken)}")
    for path, text in files.items():
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).write_text(text, encoding="utf-8")
    try:
        return load(project)
    except ContractFaults as faults:
        for path in files:
            (project / path).unlink()
        raise CannotPropose(f"the proposal does not load, which is a fault of this command:\n{faults}") from None


def _report(draft: Draft, written: list[str]) -> Proposal:
    of_file = [*draft.sample.shape.guesses, draft.kind_guess, *draft.constants.values()]
    guesses = [("", guess) for guess in (*of_file, *(guess for _, guess in draft.declared))]
    guesses += [(choice.name, guess) for choice in draft.choices.values() for guess in choice.guesses]
    to_do = [
        *(f"no column says the {target}: see {name!r} in the contract" for target, name in draft.missing.items()),
        *draft.to_do,
        *(f"{choice.name}: {item}" for choice in draft.choices.values() for item in choice.to_do),
        "the publisher's name, title, licence, tlp, cadence, restates and scope: the sample cannot tell them",
    ]
    return Proposal(
        draft.source, written,
        [{"column": column, "key": guess.key, "value": guess.value, "because": guess.evidence, "sure": guess.sure}
         for column, guess in guesses],
        to_do,
        [{"column": choice.name, "lookup": choice.lookup, "spelling": item.spelling, "rows": item.n_rows,
          "perhaps": item.code, "like": item.like, "score": item.score}
         for choice in draft.choices.values() for item in choice.suggestions],
    )  # fmt: skip


# --- the invented sample ------------------------------------------------------------------------------------


def _add_sample(project: Path, registry: Registry, draft: Draft, proposal: Proposal) -> None:
    """Write a file of invented rows in the sample's form, try it, and note how its records end."""
    contract = _filled(registry.sources[draft.source], draft)
    if contract is None:
        proposal.to_do.append("no invented sample was made, because the file has no column for a date or a quantity")
        return
    form = contract.format
    ending = "txt" if form.type == "csv" and form.delimiter == "\t" else form.type
    path = (
        project / "data" / "sample" / draft.source / f"simulated-{draft.source.replace('_', '-')}-with-faults.{ending}"
    )
    if path.exists():
        proposal.to_do.append(f"{path.relative_to(project)} is there already and was left as it is")
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    write_fixture(path, contract, registry, draft)
    checked = check_file(registry, contract, path)
    inspection, endings = checked.inspection, checked.endings()
    proposal.written.append(str(path.relative_to(project)))
    proposal.sample = {"file": path.name, "verdict": inspection.verdict, **endings}
    if inspection.verdict != "accepted":
        says = registry.messages.render(inspection.rule or "", contract.language, inspection.params)
        proposal.to_do.append(f"the invented sample is not accepted ({says}): mend it by hand")
        return
    readme = project / "data" / "sample" / "README.md"
    numbers = (str(endings[name]) for name in ("records", "staged", "quarantined", "declared"))
    if _add_row(readme, draft.source, f"| {draft.source} | {path.name} | {' | '.join(numbers)} |"):
        proposal.written.append(str(readme.relative_to(project)))


def _filled(contract: SourceContract, draft: Draft) -> SourceContract | None:
    """The contract as it will be once the missing codes are stated as constants; None where a column is missing."""
    missing = draft.missing
    if set(missing) - set(STAND_INS):
        return None
    columns = {name: column for name, column in contract.columns.items() if name not in missing.values()}
    constants = dict(contract.constants) | {target: STAND_INS[target] for target in missing}
    return contract.model_copy(update={"columns": columns, "constants": constants})


def _add_row(readme: Path, source: str, row: str) -> bool:
    """Add a row to the table of samples, in the order of the sources."""
    lines = readme.read_text(encoding="utf-8").splitlines() if readme.is_file() else []
    rows = [number for number, line in enumerate(lines) if re.match(r"^\| *[a-z][a-z0-9_]* *\|.*\| *[0-9]+ *\|$", line)]
    if not rows:
        return False
    at = next((number for number in rows if lines[number].split("|")[1].strip() > source), rows[-1] + 1)
    lines.insert(at, row)
    readme.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return True

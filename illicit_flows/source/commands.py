"""The `flows source` commands: arguments, exit codes and printing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from illicit_flows.terminal import Exit, HomeOption, JsonOption, enter, print_json, print_records, words
from schemas.contracts import LANGUAGES, Language, SourceContract
from schemas.registry import PROJECT, registry

app = typer.Typer(no_args_is_help=True, help="Sources: their contracts, their files, and what became of them.")

LanguageOption = Annotated[
    str | None, typer.Option("--lang", help="en, es, fr or pt. Default: the source's own language.", show_default=False)
]


@app.command("list")
def source_list(as_json: JsonOption = False) -> None:
    """All sources that have a contract, with the folder and the file names that each claims."""
    known = [
        {
            "source_id": source.source,
            "publisher": source.publisher.name,
            "inbox": f"{source.publisher.inbox}/{source.files}",
            "kind": source.kind,
            "format": source.format.type,
            "language": source.language,
            "restates": source.restates,
            "tlp": source.tlp,
        }
        for source in registry().sources.values()
    ]
    print_records(known, list(known[0]), as_json)


@app.command("new")
def source_new(
    name: Annotated[str, typer.Argument(help="Name of the source: small letters, digits and _.")],
    sample: Annotated[Path, typer.Option("--from", help="A file of the publisher's.")],
    lang: Annotated[str, typer.Option("--lang", help="The file's language: en, es, fr or pt.")],
    publisher: Annotated[str | None, typer.Option(help="The publisher's name.", show_default=False)] = None,
    project: Annotated[
        Path | None, typer.Option(help="Root of the project to write into. Default: this one.", show_default=False)
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Propose a contract for a file that has none, with its lookups and an invented sample; then read it through."""
    from illicit_flows.source.proposal import CannotPropose, propose

    language = next((language for language in LANGUAGES if language == lang), None)
    if language is None:
        raise typer.BadParameter(f"one of {', '.join(LANGUAGES)}", param_hint="--lang")
    if not sample.is_file():
        raise typer.BadParameter(f"there is no file {sample}", param_hint="--from")
    try:
        found = propose((project or PROJECT).expanduser().resolve(), name, sample, language, publisher)
    except CannotPropose as fault:
        raise typer.BadParameter(str(fault), param_hint="NAME or --from") from None
    for row in found.suggestions:
        like = f": perhaps {row['perhaps']}, like {row['like']!r} ({row['score']:.2f})" if row["perhaps"] else ""
        words.print(f"no code yet: {row['column']} = {row['spelling']} ({row['rows']} rows){like}")
    for item in found.to_do:
        words.print(f"TO DO: {item}")
    words.print(
        f"next: read {found.written[0]}, then `flows source check {sample} --source {name}`; "
        "step by step: docs/guides/add-a-source.md"
    )
    if as_json:
        print_json(vars(found))
    else:
        print_records([{"wrote": path} for path in found.written], ["wrote"], as_json=False)


@app.command("check")
def source_check(
    file: Annotated[Path, typer.Argument(help="The file to try.")],
    source: Annotated[str, typer.Option("--source", help="Name of the contract.")],
    lang: LanguageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Try a file under a contract and say what would become of each row; nothing is written."""
    from illicit_flows.source.check import check_file, to_do

    contract = _contract(source)
    language = _language(lang, contract)
    if not file.is_file():
        raise typer.BadParameter(f"there is no file {file}", param_hint="FILE")
    found = check_file(registry(), contract, file)
    inspection, broken = found.inspection, found.broken(registry(), language)
    notices = [vars(notice) for notice in inspection.content.notices] if inspection.content else []
    says = registry().messages.render(inspection.rule, language, inspection.params) if inspection.rule else None
    left = to_do(PROJECT, contract)
    if says:
        words.print(says)
    for row in broken:
        where = f" [{row['part']}]" if row["part"] else ""
        words.print(f"{row['rows']} × {row['says']} (first: record {row['first_row']}{where})")
    suggested = found.suggestions(registry())
    _print_unmapped(found.unmapped(), suggested)
    for notice in notices:
        words.print(f"{notice['column']} looks personal ({notice['looks_like']}, {notice['n_rows']} rows): drop it?")
    for line in left:
        words.print(f"still to be decided in the contract: {line}")
    result = {"file": file.name, "source_id": source, "verdict": inspection.verdict, **found.endings()}
    if as_json:
        more = {"unmapped": found.unmapped(), "suggestions": suggested, "notices": notices, "to_do": left}
        print_json(result | {"says": says, "broken": broken} | more)
    else:
        print_records([result], list(result), as_json=False)
    raise typer.Exit(_code(inspection.verdict, bool(broken or left)))


def _print_unmapped(unmapped: list[dict[str, object]], suggested: list[dict[str, object]]) -> None:
    for row in unmapped:
        words.print(f"no code yet: {row['column']} = {row['value']} ({row['n_rows']} rows)")
    for lookup in dict.fromkeys(row["lookup"] for row in suggested):
        words.print(f"perhaps, and not applied; for schemas/lookups/{lookup}.csv, without the mark if it is right:")
        for row in suggested:
            if row["lookup"] == lookup:
                words.print(f"    {row['score']:.2f} like {row['like']!r}:  {row['row']}")


def _code(verdict: str, has_broken: bool) -> Exit:
    if verdict == "below_bound":
        return Exit.BELOW_BOUND
    if verdict != "accepted":
        return Exit.DRIFTED
    return Exit.INVALID_ROWS if has_broken else Exit.OK


def _contract(name: str) -> SourceContract:
    known = registry().sources
    if name not in known:
        raise typer.BadParameter(f"there is no contract {name}; there are {', '.join(known)}", param_hint="--source")
    return known[name]


def _language(stated: str | None, source: SourceContract) -> Language:
    if stated is None:
        return source.language
    found = next((language for language in LANGUAGES if language == stated), None)
    if found is None:
        raise typer.BadParameter(f"one of {', '.join(LANGUAGES)}", param_hint="--lang")
    return found


@app.command("deliveries")
def source_deliveries(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """The deliveries that a home holds."""
    from pipelines.deliveries.receive import deliveries

    held = [
        {"delivery_id": found.delivery_id, "source_id": found.source_id, "file_name": found.file_name}
        for found in deliveries(enter(home))
    ]
    print_records(held, ["delivery_id", "source_id", "file_name"], as_json)


@app.command("forget")
def source_forget(
    delivery: Annotated[str, typer.Argument(help="The delivery's id, or its first eight digits or more.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Remove a delivery and everything made of it; internal releases that rest on it are deleted whole."""
    from illicit_flows.source.forget import forget

    gone = forget(enter(home), delivery)
    for version in gone.public:
        words.print(f"the public release {version} rests on it too: withdraw it where it was published")
    words.print("the tables of the home were removed too; the next `flows run` makes them again without it")
    if as_json:
        print_json(vars(gone))
    else:
        print_records([vars(gone) | {"releases": ", ".join(gone.releases), "public": ", ".join(gone.public)}],
                      ["delivery_id", "source_id", "releases", "public"], as_json=False)  # fmt: skip


@app.command("receipt")
def source_receipt(
    delivery: Annotated[
        str, typer.Argument(help="The delivery's id, its first digits (eight or more), or its file name.")
    ],
    home: HomeOption = None,
    lang: LanguageOption = None,
    out: Annotated[Path, typer.Option("--out", help="Folder to write to. Default: the current one.")] = Path(),
    as_json: JsonOption = False,
) -> None:
    """Write a receipt of a delivery for its sender: a page, and the file itself with a word on each row."""
    from illicit_flows.source.receipt import find, write_receipt

    house = enter(home)
    found = find(house, delivery)
    contract = _contract(found.source_id)
    receipt, paths = write_receipt(house, registry(), found, _language(lang, contract), out.expanduser().resolve())
    words.print("the receipt is for the sender of the file alone: it repeats values of the file")
    if as_json:
        facts = {"delivery_id": found.delivery_id, "source_id": found.source_id, "file_name": found.file_name}
        verdict = {"verdict": receipt.checked.inspection.verdict, "says": receipt.says or None}
        print_json(facts | verdict | receipt.checked.endings() | {"files": [str(path) for path in paths]})
    else:
        for path in paths:
            typer.echo(path)


@app.command("template")
def source_template(
    out: Annotated[Path, typer.Option("--out", help="The workbook to write.")],
    lang: Annotated[str, typer.Option("--lang", help="en, es, fr or pt.")],
    contact: Annotated[str, typer.Option("--contact", help="Whom the form says to send it to.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Write the blank form for an agency that has no system of its own."""
    from illicit_flows.source.template import blank_form, form_contract
    from pipelines.store import write_bytes

    contract = form_contract(registry())
    path = out.expanduser().resolve()
    write_bytes(path, blank_form(registry(), _language(lang, contract), contact=contact))
    words.print(f"filled in, it belongs into the folder {contract.publisher.inbox}/ of the inbox")
    if as_json:
        print_json({"file": str(path), "source_id": contract.source, "language": lang})
    else:
        typer.echo(path)

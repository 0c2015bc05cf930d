"""A release that is not what it was is named as such, and nothing of it that changed is read."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from nights import Night, Said, flows, flows_here

import illicit_flows
from illicit_flows.reader import IntegrityError, Release

FILES = [
    "release.duckdb", "tables/published.seizure_trends.parquet", "tables/published.coverage.csv",
    "geo/corridors.parquet", "index.json", "CHANGELOG.md", "dictionary/dictionary.fr.md", "quality/gate.json",
    "codelists/roles.csv",
]  # fmt: skip


@pytest.fixture
def copy(simulated: Night, tmp_path: Path) -> Release:
    """The shared home's releases in a home of the test's own."""
    shutil.copytree(simulated.home.releases, tmp_path / "releases", symlinks=True)
    return illicit_flows.open("latest", tmp_path)


def verify(release: Release, version: str = "latest") -> Said:
    return flows_here("release", "verify", version, "--home", release.path.parents[1])


def flip(path: Path) -> None:
    """Change one byte in the middle of a file, and nothing of its length."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(bytes(content))


# --- verify -----------------------------------------------------------------------------------------------------


def test_an_untouched_copy_is_whole(copy: Release) -> None:
    said = verify(copy)
    assert (said.code, said.err) == (0, "")
    assert f"{copy.version} is whole" in said.out


@pytest.mark.parametrize("name", FILES)
def test_one_changed_byte_is_found_and_the_file_is_named(copy: Release, name: str) -> None:
    flip(copy.path / name)
    said = verify(copy)
    assert said.code == 7
    assert said.err.splitlines() == [f"{name} is not what SHA256SUMS says"]
    assert said.out == ""


@pytest.mark.parametrize("name", ["tables/conformed.legs.parquet", "methodology.md", "index.json"])
def test_a_missing_file_is_named(copy: Release, name: str) -> None:
    (copy.path / name).unlink()
    said = verify(copy)
    assert said.code == 7
    assert said.err.splitlines() == [f"{name} is missing"]


@pytest.mark.parametrize("name", ["tables/published.more.parquet", "note.txt", ".hidden", "new folder/SHA256SUMS"])
def test_an_extra_file_is_named(copy: Release, name: str) -> None:
    (copy.path / name).parent.mkdir(exist_ok=True)
    (copy.path / name).write_text("nothing")
    said = verify(copy)
    assert said.code == 7
    assert said.err.splitlines() == [f"{name} does not belong to the release"]


def test_all_faults_are_named_together(copy: Release) -> None:
    flip(copy.path / "index.json")
    (copy.path / "methodology.md").unlink()
    (copy.path / "extra").write_text("")
    said = flows_here("release", "verify", "--home", copy.path.parents[1], "--json")
    assert said.code == 7
    assert said.json["whole"] is False
    assert [fault.split(" ")[0] for fault in said.json["faults"]] == ["methodology.md", "extra", "index.json"]


def test_changed_sums_are_no_sums_even_where_they_fit_a_changed_file(copy: Release) -> None:
    """Whoever changes a table and its sum must also change the digest beside the folder."""
    table = copy.path / "tables/published.coverage.csv"
    flip(table)
    sums = copy.path / "SHA256SUMS"
    honest = copy.sums["tables/published.coverage.csv"]
    import hashlib

    forged = sums.read_text().replace(honest, hashlib.sha256(table.read_bytes()).hexdigest())
    sums.chmod(0o644)
    sums.write_text(forged)
    said = verify(copy)
    assert said.code == 7
    assert "SHA256SUMS" in said.err
    assert f"{copy.version}.sha256" in said.err


@pytest.mark.parametrize("name", ["SHA256SUMS", "the digest"])
def test_without_its_sums_or_their_digest_a_release_is_not_whole(copy: Release, name: str) -> None:
    gone = copy.path.with_name(f"{copy.version}.sha256") if name == "the digest" else copy.path / name
    gone.unlink()
    said = verify(copy)
    assert said.code == 7
    assert said.err.splitlines() == [f"{gone.name} is missing"]
    assert flows_here("query", "SELECT 1", "--home", copy.path.parents[1]).code == 7


def test_the_command_itself_ends_with_seven(copy: Release) -> None:
    flip(copy.path / "release.duckdb")
    said = flows("release", "verify", "latest", FLOWS_HOME=str(copy.path.parents[1]))
    assert (said.code, said.err.strip()) == (7, "release.duckdb is not what SHA256SUMS says")


# --- reading ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "file", "kind"),
    [
        ("published.seizure_trends", "tables/published.seizure_trends.parquet", "polars"),
        ("published.seizure_trends", "release.duckdb", "duckdb"),
        ("inferred.seizure_posteriors", "release.duckdb", "polars"),
        ("geo.places", "geo/places.parquet", "geopandas"),
    ],
)
def test_a_changed_table_is_not_read(copy: Release, name: str, file: str, kind: str) -> None:
    assert len(copy.table(name, kind).columns) > 1  # type: ignore[arg-type]
    flip(copy.path / file)
    with pytest.raises(IntegrityError, match=f"^{file} is not what SHA256SUMS says$"):
        illicit_flows.open(home=copy.path.parents[1]).table(name, kind)  # type: ignore[arg-type]


def test_a_table_that_did_not_change_can_still_be_read(copy: Release) -> None:
    flip(copy.path / "tables/published.coverage.parquet")
    assert copy.table("published.seizure_trends").height > 0


@pytest.mark.parametrize(
    ("args", "file"),
    [
        (("query", "SELECT 1"), "release.duckdb"),
        (("trace", "conformed.lines", "row_no=1"), "release.duckdb"),
        (("release", "show"), "index.json"),
    ],
)
def test_a_command_over_a_changed_file_ends_with_seven_and_prints_no_data(
    copy: Release, args: tuple[str, ...], file: str
) -> None:
    flip(copy.path / file)
    said = flows_here(*args, "--home", copy.path.parents[1])
    assert (said.code, said.out) == (7, "")
    assert file in said.err


def test_the_doctor_names_a_changed_file(copy: Release) -> None:
    flip(copy.path / "quality/gate.json")
    said = flows_here("doctor", "--home", copy.path.parents[1], "--json")
    assert said.code == 1
    (wrong,) = [finding for finding in said.json if finding["state"] == "wrong"]
    assert (wrong["what"], "quality/gate.json" in wrong["found"]) == ("release", True)


# --- asking more than the release -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE published.mine AS SELECT 1",
        "DELETE FROM published.coverage",
        "UPDATE published.coverage SET n_rows = 0",
        "DROP TABLE published.coverage",
        "INSERT INTO reference.sources SELECT * FROM reference.sources",
        "ATTACH '{out}/other.duckdb' AS other",
        "COPY (SELECT 1) TO '{out}/rows.csv'",
        "EXPORT DATABASE '{out}/all'",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM '/etc/passwd.csv'",
        "SELECT * FROM glob('/etc/*')",
        "SELECT * FROM read_parquet('https://example.org/t.parquet')",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "RESET lock_configuration",
        "SET temp_directory = '{out}'",
        "SELECT 1; COPY (SELECT 1) TO '{out}/second.csv'",
    ],
)
def test_a_query_can_only_read_the_release(simulated: Night, tmp_path: Path, sql: str) -> None:
    said = flows_here("query", sql.format(out=tmp_path), "--home", simulated.home.root)
    assert said.code == 2
    assert said.out == ""
    assert said.err
    assert list(tmp_path.iterdir()) == []


def test_the_release_is_whole_after_all_that_was_asked_of_it(simulated: Night) -> None:
    assert simulated.release.faults() == []

"""Snapshots of a PostgreSQL relation, taken from a real server on the loopback."""

from __future__ import annotations

import dataclasses
import itertools
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from postgres import SUPERUSER, SUPERUSER_PASSWORD, Server, free_port, postgres

from pipelines.deliveries import database
from pipelines.deliveries.database import Fetched, NoSnapshot, Unreachable, fetch_all, snapshot, variable
from pipelines.store import sha256_of
from schemas.contracts import PostgresFormat, RowBounds
from schemas.registry import PROJECT, Registry

__all__ = ["postgres"]

SECRET = "Wort-das-niemand-sieht"  # noqa: S105  of a server that lives as long as the tests
READER = "register_reader"
REGISTER = """
    CREATE SCHEMA export;
    CREATE TABLE public.register (
        record_id text, seized_on date, commodity text, quantity numeric, country_to char(3), updated_at timestamptz
    );
    INSERT INTO public.register VALUES
        ('GH-1', '2022-03-04', 'cocaine', 12.50, 'GBR', '2022-04-01 10:00:00+02'),
        ('GH-2', '2022-03-05', 'heroin', 0.001, '', '2022-04-01 00:00:00.123456+00'),
        ('GH-3', '2022-03-06', 'résine — 大麻', 123456789012345678901234567890.123456789, NULL, NULL);
    CREATE VIEW export.seizures AS SELECT * FROM public.register;
"""
numbers = itertools.count()


@dataclasses.dataclass(frozen=True)
class Register:
    """A database of the test's own."""

    server: Server
    name: str
    folder: Path

    def run(self, sql: str) -> str:
        return self.server.run(sql, self.name)

    def grant(self, relation: str) -> None:
        schema = relation.partition(".")[0]
        self.run(f"GRANT USAGE ON SCHEMA {schema} TO {READER}; GRANT SELECT ON {relation} TO {READER};")

    @property
    def uri(self) -> str:
        return self.server.uri(READER, SECRET, self.name)

    def take(self, relation: str = "export.seizures", *, most: int = 1000, uri: str = "") -> Path:
        target = self.folder / f"{next(numbers)}.parquet"
        snapshot(uri or self.uri, relation, target, most=most)
        return target

    def refusal(self, relation: str = "export.seizures", *, most: int = 1000, uri: str = "") -> str:
        """Why no snapshot is taken. Nothing is left behind, and the driver's own words hang on nothing."""
        before = sorted(self.folder.rglob("*"))
        with pytest.raises(NoSnapshot) as caught:
            self.take(relation, most=most, uri=uri)
        assert sorted(self.folder.rglob("*")) == before
        assert caught.value.__cause__ is None
        assert caught.value.__context__ is None
        assert SECRET not in str(caught.value)
        return str(caught.value)


@pytest.fixture(scope="session")
def reader(postgres: Server) -> Server:
    """The server, with the account that reads."""
    postgres.run(f"CREATE ROLE {READER} LOGIN PASSWORD '{SECRET}'")
    return postgres


@pytest.fixture
def make_database(reader: Server, tmp_path: Path) -> Callable[..., Register]:
    def make(sql: str, options: str = "") -> Register:
        name = f"register_{next(numbers)}"
        reader.run(f"CREATE DATABASE {name} {options}")
        found = Register(reader, name, tmp_path)
        if sql:
            found.run(sql)
        return found

    return make


@pytest.fixture(scope="session")
def pattern(reader: Server) -> str:
    """The database with the view `export.seizures` over a table of three rows, and an account that may read it."""
    reader.run("CREATE DATABASE pattern")
    made = Register(reader, "pattern", Path())
    made.run(REGISTER)
    made.grant("export.seizures")
    return made.name


@pytest.fixture
def settled(reader: Server, pattern: str, tmp_path: Path) -> Register:
    """That database itself, for tests that change nothing."""
    return Register(reader, pattern, tmp_path)


@pytest.fixture
def register(make_database: Callable[..., Register], pattern: str) -> Register:
    """A copy of it, for tests that do."""
    return make_database("", f"TEMPLATE {pattern}")


def columns(path: Path) -> dict[str, list[str | None]]:
    found: dict[str, list[str | None]] = pq.read_table(path).to_pydict()
    return found


# --- what a snapshot holds ---------------------------------------------------------------------------------------


def test_every_column_of_a_view_comes_as_the_servers_exact_text(settled: Register) -> None:
    assert columns(settled.take()) == {
        "record_id": ["GH-1", "GH-2", "GH-3"],
        "seized_on": ["2022-03-04", "2022-03-05", "2022-03-06"],
        "commodity": ["cocaine", "heroin", "résine — 大麻"],
        "quantity": ["12.50", "0.001", "123456789012345678901234567890.123456789"],
        "country_to": ["GBR", "", None],
        "updated_at": ["2022-04-01 08:00:00+00", "2022-04-01 00:00:00.123456+00", None],
    }


def test_every_column_of_the_file_is_a_string_in_the_order_of_the_relation(settled: Register) -> None:
    schema = pq.read_schema(settled.take())
    assert [(field.name, str(field.type)) for field in schema] == [
        (name, "string") for name in ("record_id", "seized_on", "commodity", "quantity", "country_to", "updated_at")
    ]


def test_null_and_the_empty_text_stay_apart(make_database: Callable[..., Register]) -> None:
    made = make_database("CREATE TABLE public.t (n int, a text); INSERT INTO t VALUES (1, NULL), (2, ''), (3, 'NULL')")
    made.grant("public.t")
    assert columns(made.take("public.t"))["a"] == [None, "", "NULL"]


def test_settings_of_the_account_and_the_database_do_not_change_the_text(register: Register) -> None:
    as_it_is = register.take().read_bytes()
    register.run(
        f"ALTER DATABASE {register.name} SET TimeZone = 'Asia/Tokyo';"
        f"ALTER ROLE {READER} IN DATABASE {register.name} SET DateStyle = 'German, DMY';"
        f"ALTER ROLE {READER} IN DATABASE {register.name} SET search_path = 'export';"
        f"ALTER ROLE {READER} IN DATABASE {register.name} SET extra_float_digits = -10;"
    )
    assert register.take().read_bytes() == as_it_is


def test_floats_intervals_arrays_and_domains_come_exact(make_database: Callable[..., Register]) -> None:
    made = make_database(
        "CREATE DOMAIN public.kg AS numeric CHECK (VALUE >= 0); CREATE TYPE public.mode AS ENUM ('sea', 'air');"
        "CREATE TABLE public.t (f float8, i interval, a text[], d public.kg, m public.mode, b bool, j jsonb);"
        "INSERT INTO t VALUES (0.1 + 0.2::float8, '1 day 2 hours', '{a,\"b c\"}', 1.10, 'air', true, '{\"k\": 1}')"
    )
    made.grant("public.t")
    row = [cells[0] for cells in columns(made.take("public.t")).values()]
    assert row == ["0.30000000000000004", "P1DT2H", '{a,"b c"}', "1.10", "air", "true", '{"k": 1}']


def test_a_database_in_another_encoding_comes_as_utf_8(make_database: Callable[..., Register]) -> None:
    made = make_database(
        "CREATE TABLE public.t (a text); INSERT INTO t VALUES ('café')", "ENCODING 'LATIN1' TEMPLATE template0"
    )
    made.grant("public.t")
    assert columns(made.take("public.t")) == {"a": ["café"]}


def test_names_that_look_like_sql_are_names(make_database: Callable[..., Register]) -> None:
    names = ['say "hi"', "x'); DROP TABLE export.odd; --", "select", "Größe %s %I", " a,b ", "$1"]
    quoted = ", ".join(f'''"{name.replace('"', '""')}" text DEFAULT '{number}' ''' for number, name in enumerate(names))
    made = make_database(
        f"CREATE SCHEMA export; CREATE TABLE export.odd ({quoted}); INSERT INTO export.odd DEFAULT VALUES"
    )
    made.grant("export.odd")
    assert columns(made.take("export.odd")) == {name: [str(number)] for number, name in enumerate(names)}


def test_dropped_columns_are_not_read(make_database: Callable[..., Register]) -> None:
    made = make_database(
        "CREATE TABLE public.t (a text, b text, c text); ALTER TABLE t DROP COLUMN b; INSERT INTO t VALUES ('1', '3')"
    )
    made.grant("public.t")
    assert columns(made.take("public.t")) == {"a": ["1"], "c": ["3"]}


def test_a_relation_without_rows_is_a_snapshot_without_rows(make_database: Callable[..., Register]) -> None:
    made = make_database("CREATE TABLE public.t (a text, b int)")
    made.grant("public.t")
    assert columns(made.take("public.t")) == {"a": [], "b": []}


def test_the_file_is_readable_by_its_owner_alone(settled: Register) -> None:
    assert stat.S_IMODE(settled.take().stat().st_mode) == 0o600


# --- equal content, equal bytes ----------------------------------------------------------------------------------


def test_the_same_content_in_another_physical_order_makes_the_same_bytes(register: Register) -> None:
    first = register.take()
    register.run(
        "CREATE TABLE turned AS SELECT * FROM public.register ORDER BY record_id DESC;"
        "TRUNCATE public.register; INSERT INTO public.register SELECT * FROM turned;"
    )
    assert register.run("SELECT record_id FROM export.seizures LIMIT 1") == "GH-3"
    assert register.take().read_bytes() == first.read_bytes()


def test_a_changed_row_makes_other_bytes_and_the_change_taken_back_the_old_ones(register: Register) -> None:
    first = register.take()
    register.run("UPDATE public.register SET quantity = 12.51 WHERE record_id = 'GH-1'")
    second = register.take()
    register.run("UPDATE public.register SET quantity = 12.50 WHERE record_id = 'GH-1'")
    third = register.take()
    assert sha256_of(first) == sha256_of(third) != sha256_of(second)


def test_rows_are_sorted_by_bytes_whatever_the_collation_of_the_column(make_database: Callable[..., Register]) -> None:
    made = make_database(
        "CREATE COLLATION public.loose (provider = icu, locale = 'und-u-ks-level1', deterministic = false);"
        "CREATE TABLE public.t (a text COLLATE public.loose); INSERT INTO t VALUES ('b'), ('B'), ('a'), ('é'), ('z')"
    )
    made.grant("public.t")
    assert columns(made.take("public.t")) == {"a": ["B", "a", "b", "z", "é"]}


def test_bytes_do_not_depend_on_the_batches_in_which_rows_come(
    make_database: Callable[..., Register], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make_database(
        "CREATE VIEW public.v AS SELECT 'R-' || g AS a, g % 7 AS b FROM generate_series(1, 70000) AS g"
    )
    made.grant("public.v")
    whole = made.take("public.v", most=100_000)
    monkeypatch.setattr(database, "BATCH_BYTES", 10_000)
    assert made.take("public.v", most=100_000).read_bytes() == whole.read_bytes()
    form = pq.ParquetFile(whole).metadata
    assert [form.row_group(group).num_rows for group in range(form.num_row_groups)] == [65_536, 70_000 - 65_536]


def test_rows_that_come_while_a_snapshot_is_taken_are_not_in_it(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = database._checked_statement

    def meanwhile(*arguments: object) -> str:
        statement = checked(*arguments)  # type: ignore[arg-type]
        register.run("INSERT INTO public.register (record_id) VALUES ('GH-4')")
        return statement

    monkeypatch.setattr(database, "_checked_statement", meanwhile)
    assert "GH-4" not in columns(register.take())["record_id"]


# --- the account -------------------------------------------------------------------------------------------------


@pytest.fixture
def account(register: Register) -> Iterator[Callable[[str], str]]:
    """Makes a second account with what the statements give to `{role}`; answers its connection."""
    made = []

    def make(grants: str) -> str:
        role = f"account_{next(numbers)}"
        made.append(role)
        register.run(
            f"CREATE ROLE {role} LOGIN PASSWORD '{SECRET}';"
            f"GRANT USAGE ON SCHEMA export TO {role}; GRANT SELECT ON export.seizures TO {role};"
            + grants.format(role=role)
        )
        return register.server.uri(role, SECRET, register.name)

    yield make
    for role in made:
        register.run(f"REASSIGN OWNED BY {role} TO {SUPERUSER}; DROP OWNED BY {role}; DROP ROLE {role}")


def test_an_account_that_could_write_is_refused(register: Register, account: Callable[[str], str]) -> None:
    for grants in (
        "GRANT INSERT ON export.seizures TO {role}",
        "GRANT UPDATE ON export.seizures TO {role}",
        "GRANT DELETE ON export.seizures TO {role}",
        "GRANT TRUNCATE ON export.seizures TO {role}",
        "GRANT UPDATE (quantity) ON export.seizures TO {role}",
        "GRANT pg_write_all_data TO {role}",
        "ALTER ROLE {role} NOINHERIT; GRANT pg_write_all_data TO {role}",
        "ALTER VIEW export.seizures OWNER TO {role}",
    ):
        assert "it must only read" in register.refusal(uri=account(grants)), grants


def test_a_superuser_is_refused(settled: Register) -> None:
    uri = settled.server.uri(SUPERUSER, SUPERUSER_PASSWORD, settled.name)
    assert "superuser" in settled.refusal(uri=uri)


def test_an_account_that_can_become_a_superuser_is_refused(register: Register, account: Callable[[str], str]) -> None:
    assert "superuser" in register.refusal(uri=account(f"GRANT {SUPERUSER} TO {{role}}"))


def test_a_view_that_writes_finds_the_transaction_read_only(register: Register) -> None:
    register.run(
        "CREATE FUNCTION public.noted() RETURNS text LANGUAGE sql VOLATILE SECURITY DEFINER AS "
        "$$ INSERT INTO public.register (record_id) VALUES ('noted') RETURNING record_id $$;"
        "CREATE VIEW export.noting AS SELECT public.noted() AS a;"
    )
    register.grant("export.noting")
    register.refusal("export.noting")
    assert register.run("SELECT count(*) FROM public.register WHERE record_id = 'noted'") == "0"


# --- what goes wrong ---------------------------------------------------------------------------------------------


def test_a_wrong_password_is_told_without_it(settled: Register) -> None:
    uri = settled.server.uri(READER, "wrong-Pass-phrase", settled.name)
    reason = settled.refusal(uri=uri)
    assert "refuses the account" in reason
    assert "wrong" not in reason
    assert READER not in reason


@pytest.mark.parametrize(
    "broken",
    [
        "postgresql://reader:{secret}/half@127.0.0.1/register",
        "host=127.0.0.1 user=reader password=my {secret}",
        "host=127.0.0.1 {secret}=x",
        "{secret}",
        "postgresql://reader@127.0.0.1/register?{secret}=x",
        "postgresql://reader:{secret}\udce9@127.0.0.1/register",
    ],
)
def test_a_connection_string_that_cannot_be_read_is_told_without_any_of_it(settled: Register, broken: str) -> None:
    assert "is the connection string right?" in settled.refusal(uri=broken.format(secret=SECRET))


def test_a_server_that_is_down_is_told(settled: Register) -> None:
    uri = f"postgresql://{READER}:{SECRET}@127.0.0.1:{free_port()}/{settled.name}"
    assert "cannot be reached" in settled.refusal(uri=uri)


def test_a_database_that_is_not_there_is_told(settled: Register) -> None:
    assert "no such database" in settled.refusal(uri=settled.server.uri(READER, SECRET, "elsewhere"))


def test_encryption_that_the_server_does_not_offer_is_told(settled: Register) -> None:
    assert "encryption" in settled.refusal(uri=f"{settled.uri}?sslmode=require")


def test_a_relation_that_is_not_there_is_told(settled: Register) -> None:
    assert settled.refusal("export.other") == "the database has no export.other"


def test_a_relation_that_the_account_may_not_read_is_told(settled: Register) -> None:
    assert settled.refusal("public.register") == "the account may not read public.register"


def test_a_schema_that_the_account_may_not_enter_is_told(register: Register) -> None:
    register.run(f"REVOKE USAGE ON SCHEMA export FROM {READER}")
    assert register.refusal() == "the account may not read export.seizures"


def test_a_column_that_the_account_may_not_read_is_told(register: Register) -> None:
    register.run(
        f"REVOKE SELECT ON export.seizures FROM {READER}; GRANT SELECT (record_id) ON export.seizures TO {READER}"
    )
    assert "may not read all" in register.refusal()


def test_a_sequence_is_no_relation_to_read(register: Register) -> None:
    register.run("CREATE SEQUENCE export.counter")
    register.grant("export.counter")
    assert "neither a table nor a view" in register.refusal("export.counter")


def test_binary_columns_are_refused_by_name(register: Register) -> None:
    register.run(
        "CREATE DOMAIN public.scan AS bytea;"
        "CREATE TABLE export.photos (id int, photo bytea, pages bytea[], passport public.scan)"
    )
    register.grant("export.photos")
    assert "binary columns (pages, passport, photo)" in register.refusal("export.photos")


def test_too_many_rows_are_refused_and_just_enough_are_not(settled: Register) -> None:
    assert settled.refusal(most=2) == "the relation has more than 2 rows"
    assert pq.read_metadata(settled.take(most=3)).num_rows == 3


def test_too_much_text_is_refused(register: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "MOST_BYTES", 2 * 1024**2)
    monkeypatch.setattr(database, "BATCH_BYTES", 100_000)
    register.run("CREATE VIEW export.long AS SELECT repeat('x', 1000) || g AS a FROM generate_series(1, 20000) AS g")
    register.grant("export.long")
    assert register.refusal("export.long", most=100_000) == "the relation has more than 2 MiB of text"
    monkeypatch.setattr(database, "ROW_GROUP_BYTES", 1024**2)
    assert register.refusal("export.long", most=100_000).endswith(" rows of the relation have 1 MiB of text")


def test_a_relation_that_takes_too_long_is_given_up(register: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "STATEMENT_SECONDS", 1)
    register.run("CREATE VIEW export.slow AS SELECT g, pg_sleep(0.2)::text AS s FROM generate_series(1, 1000) AS g")
    register.grant("export.slow")
    assert "was not read within" in register.refusal("export.slow")


def test_a_cell_that_a_view_cannot_convert_is_not_quoted(register: Register) -> None:
    register.run("CREATE VIEW export.casting AS SELECT commodity::numeric AS c FROM public.register")
    register.grant("export.casting")
    reason = register.refusal("export.casting")
    assert "broke off" in reason
    assert "cocaine" not in reason


def test_a_server_that_goes_away_in_the_middle_is_told(register: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    checked = database._checked_statement

    def meanwhile(*arguments: object) -> str:
        statement = checked(*arguments)  # type: ignore[arg-type]
        register.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'illicit-flows'")
        return statement

    monkeypatch.setattr(database, "_checked_statement", meanwhile)
    assert "went away" in register.refusal()


def test_bytes_that_are_no_text_are_refused(make_database: Callable[..., Register]) -> None:
    made = make_database(
        "CREATE TABLE public.t (a text); INSERT INTO t VALUES (E'\\xe9')", "ENCODING 'SQL_ASCII' TEMPLATE template0"
    )
    made.grant("public.t")
    assert "no UTF-8" in made.refusal("public.t")


def test_an_old_snapshot_stays_where_a_new_one_fails(settled: Register) -> None:
    target = settled.take()
    held = target.read_bytes()
    with pytest.raises(NoSnapshot):
        snapshot(settled.uri, "export.other", target)
    assert target.read_bytes() == held


def test_the_account_and_the_view_of_the_guide_are_taken(make_database: Callable[..., Register]) -> None:
    guide = (PROJECT / "docs" / "guides" / "read-a-database.md").read_text(encoding="utf-8")
    made = make_database(
        "CREATE TABLE public.register (record_id int, seized_at timestamptz, agency text, commodity text,"
        " quantity numeric, unit text, place text, country_from text, country_to text, mode text,"
        " updated_at timestamptz, officer text);"
        "INSERT INTO public.register VALUES (1, '2022-03-04 23:30+00', 'police', 'cocaine', 1.50, 'kg', 'Tema', 'BRA',"
        " NULL, 'sea', '2022-04-01 10:00+00', 'not for others')"
    )
    made.run(guide.split("```sql\n")[1].split("```")[0])
    made.run(f"ALTER ROLE flows_reader PASSWORD '{SECRET}'")
    uri = made.server.uri("flows_reader", SECRET, made.name)
    assert [cells[0] for cells in columns(made.take(uri=uri)).values()] == [
        "1", "2022-03-04", "police", "cocaine", "1.50", "kg", "Tema", "BRA", None, "sea", "2022-04-01",
    ]  # fmt: skip


# --- the sources of a registry -----------------------------------------------------------------------------------


def with_registers(registry: Registry, **relations: str) -> Registry:
    """The project's registry, and PostgreSQL sources with these relations."""
    plain = registry.sources["unodc_ids"]
    sources = {
        name: plain.model_copy(
            update={
                "source": name,
                "format": PostgresFormat(type="postgres", relation=relation),
                "rows": RowBounds(min=1, max=100),
            }
        )
        for name, relation in relations.items()
    }
    return dataclasses.replace(registry, sources={**registry.sources, **sources})


def test_each_configured_source_is_fetched_and_one_that_fails_stops_no_other(
    settled: Register, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = with_registers(
        registry, b_other="export.other", c_register="export.seizures", d_not_set="export.seizures"
    )
    monkeypatch.setenv("FLOWS_PG_B_OTHER", settled.uri)
    monkeypatch.setenv("FLOWS_PG_C_REGISTER", settled.uri)
    monkeypatch.setenv("FLOWS_PG_UNODC_IDS", settled.uri)
    path = tmp_path / "new" / "c_register" / "export.seizures.parquet"
    assert fetch_all(sources, tmp_path / "new") == [
        Unreachable("b_other", "the database has no export.other"),
        Fetched("c_register", "export.seizures.parquet", path, 3),
    ]
    assert pq.read_metadata(path).num_rows == 3


def test_the_contract_says_how_many_rows_a_source_may_have(
    register: Register, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register.run("INSERT INTO public.register (record_id) SELECT g::text FROM generate_series(1, 98) AS g")
    monkeypatch.setenv(variable("register"), register.uri)
    sources = with_registers(registry, register="export.seizures")
    assert fetch_all(sources, tmp_path) == [Unreachable("register", "the relation has more than 100 rows")]


def test_the_password_can_stand_in_a_password_file_and_the_connection_in_pairs(
    settled: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    passwords = settled.folder / "pgpass"
    passwords.write_text(f"127.0.0.1:{settled.server.port}:{settled.name}:{READER}:{SECRET}\n", encoding="utf-8")
    passwords.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(passwords))
    pairs = f"host=127.0.0.1 port={settled.server.port} dbname={settled.name} user={READER}"
    address = f"postgresql://{READER}@127.0.0.1:{settled.server.port}/{settled.name}"
    assert settled.take(uri=pairs).read_bytes() == settled.take(uri=address).read_bytes()


def test_what_the_operator_states_of_the_connection_stands(register: Register) -> None:
    register.run("CREATE VIEW export.me AS SELECT current_setting('application_name') AS name")
    register.grant("export.me")
    pairs = f"user={READER} password={SECRET} host=127.0.0.1 port={register.server.port} dbname={register.name}"
    for uri, name in (
        (register.uri, "illicit-flows"),
        (f"{register.uri}?fallback_application_name=night", "night"),
        (f"{register.uri}?connect_timeout=5&application_name=night", "night"),
        (pairs, "illicit-flows"),
        (f"{pairs} fallback_application_name=night", "night"),
    ):
        assert columns(register.take("export.me", uri=uri)) == {"name": [name]}


def test_no_connection_in_the_environment_is_no_look(registry: Registry, tmp_path: Path) -> None:
    assert not [name for name in os.environ if name.startswith("FLOWS_PG_")]
    assert fetch_all(with_registers(registry, register="export.seizures"), tmp_path) == []
    assert not list(tmp_path.iterdir())

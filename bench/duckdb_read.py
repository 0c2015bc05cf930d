"""The peer of `cold_run.py`: DuckDB reads each file into a table, and finds dialect and types by itself."""

from __future__ import annotations

import sys

import duckdb


def main(files: list[str]) -> None:
    """Read every file into a typed table of its own, in memory, with as many threads as the pipeline has.

    Types are found from the whole file: from its usual sample DuckDB takes a date for the type of a column whose last
    row says TOTAL, and stops there.
    """
    con = duckdb.connect(config={"threads": 2})
    for number, file in enumerate(files):
        reader = "read_json_auto($file)" if file.endswith(".json") else "read_csv($file, sample_size = -1)"
        con.execute(f"CREATE TABLE t{number} AS SELECT * FROM {reader}", {"file": file})


if __name__ == "__main__":
    main(sys.argv[1:])

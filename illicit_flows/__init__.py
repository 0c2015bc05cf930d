"""Reads releases of illicit-flows: `import illicit_flows as flows; flows.open("latest").table("published.coverage")`.

Belongs here: the release reader, which needs neither Dagster nor the pipelines, and the `flows` command (`cli`).
Does not belong here: anything that makes data.
"""

from illicit_flows.reader import IntegrityError, NoRelease, Release, open, releases  # noqa: A004

__all__ = ["IntegrityError", "NoRelease", "Release", "open", "releases"]

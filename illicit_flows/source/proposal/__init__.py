"""A stranger's file becomes a proposed contract: `flows source new`.

Belongs here: a room for each question that a file without a contract raises. `sample` reads it (with `delimited`,
`workbook`, `header`); `cells`, `dates`, `day_or_month`, `numbers`, `coordinates`, `codes` and `areas` say how cells are
written; `privacy`, `kind`, `roles`, `columns`, `leftovers`, `constants` and `closing` add what follows to one `Draft`
(`found`); `contract_text` and `fixture` write it down; `propose` has the order. Words are data: `words.yml`. Does not
belong here: anything that a night needs.
"""

from illicit_flows.source.proposal.found import CannotPropose
from illicit_flows.source.proposal.propose import Proposal, propose

__all__ = ["CannotPropose", "Proposal", "propose"]

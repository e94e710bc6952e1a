"""Oracles: given nu, the best unit neurons and a bound over all of them. See `base` for the contract."""

from dualscape.oracles.base import Estimate, Oracle, OracleAnswer
from dualscape.oracles.choice import AFFORDABLE_SECONDS, SEARCH_SHARE, Choice
from dualscape.oracles.proof import agreed, ask

__all__ = ["AFFORDABLE_SECONDS", "SEARCH_SHARE", "Choice", "Estimate", "Oracle", "OracleAnswer", "agreed", "ask"]

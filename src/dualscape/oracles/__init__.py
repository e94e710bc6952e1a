"""Oracles: given nu, the best unit neurons and a bound over all of them. See `base` for the contract."""

from dualscape.oracles.base import Estimate, Oracle, OracleAnswer, Question
from dualscape.oracles.choice import SEARCH_SHARE, Choice

__all__ = ["SEARCH_SHARE", "Choice", "Estimate", "Oracle", "OracleAnswer", "Question"]

"""The solver: column generation over unit neurons with sliding and polish."""

from dualscape.solver.columns import MOST_ROUNDS, solve
from dualscape.solver.solution import Round, Solution, unfinished

__all__ = ["MOST_ROUNDS", "Round", "Solution", "solve", "unfinished"]

"""The solver: column generation over unit neurons with sliding and polish."""

from dualscape.solver.column_generation import solve
from dualscape.solver.solution import Round, Solution, unfinished

__all__ = ["Round", "Solution", "solve", "unfinished"]

"""Curves between networks that are learned or drawn straight, and the picture around them (Garipov et al. 2018).

>>> from dualscape.curves import Curve
>>> Curve.straight([0.0, 0.0], [2.0, 4.0]).at(0.5).tolist()
[1.0, 2.0]
"""

from dualscape.curves.beside import Beside, beside
from dualscape.curves.curve import Curve
from dualscape.curves.expansions import expansions, global_subspaces, list_expansions, list_global_subspaces
from dualscape.curves.learn import learn_curve, learn_curve_in_steps
from dualscape.curves.matching import matched, matched_orders, permuted_layers
from dualscape.curves.plane import Plane
from dualscape.curves.profile import Profile, profile
from dualscape.curves.pytorch import TorchSpace
from dualscape.curves.weight_space import WeightSpace

__all__ = [
    "Curve",
    "learn_curve",
    "learn_curve_in_steps",
    "Profile",
    "profile",
    "Plane",
    "WeightSpace",
    "TorchSpace",
    "matched",
    "matched_orders",
    "permuted_layers",
    "Beside",
    "beside",
    "expansions",
    "global_subspaces",
    "list_expansions",
    "list_global_subspaces",
]

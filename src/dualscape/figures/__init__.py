"""Pictures of a solved problem: each function computes a Scene, which plotly or matplotlib draws.

>>> import numpy as np
>>> from dualscape.figures import Axis, Points, Scene
>>> scene = Scene("one", "One point", "A single point.", (Axis("x"), Axis("y")), (Points(np.array([[1.0, 2.0]])),))
>>> scene.to_plotly().data[0].x
(1.0,)
"""

from dualscape.figures.convergence import convergence
from dualscape.figures.curves import curve_profiles, network_path_curves
from dualscape.figures.factorisations import factorisations
from dualscape.figures.interpolators import interpolators, with_affine_skip
from dualscape.figures.layers import Area, Axis, DoesNotApplyError, Field, Frame, Labels, Lines, Points, Surface
from dualscape.figures.merge_tree import merge_tree
from dualscape.figures.near_staircase import near_staircase
from dualscape.figures.network_paths import (
    network_path_functions,
    network_path_masses,
    network_path_neurons,
    network_path_objective,
)
from dualscape.figures.outputs import outputs
from dualscape.figures.path import path_masses, path_neurons, path_objective
from dualscape.figures.planes import network_path_plane, network_plane, plane
from dualscape.figures.polytope import polytope
from dualscape.figures.rectified_ellipsoid import rectified_ellipsoid
from dualscape.figures.scene import Scene
from dualscape.figures.shapes import shapes
from dualscape.figures.spread import spread
from dualscape.figures.staircase import staircase
from dualscape.figures.stationary import stationary_points
from dualscape.figures.units import units
from dualscape.figures.zonotopes import zonotopes

__all__ = [
    "staircase",
    "merge_tree",
    "outputs",
    "factorisations",
    "units",
    "shapes",
    "spread",
    "interpolators",
    "with_affine_skip",
    "rectified_ellipsoid",
    "zonotopes",
    "polytope",
    "convergence",
    "path_objective",
    "path_masses",
    "path_neurons",
    "network_path_objective",
    "network_path_masses",
    "network_path_neurons",
    "network_path_functions",
    "network_path_curves",
    "network_path_plane",
    "network_plane",
    "plane",
    "curve_profiles",
    "near_staircase",
    "stationary_points",
    "Scene",
    "Frame",
    "Axis",
    "Points",
    "Lines",
    "Area",
    "Surface",
    "Field",
    "Labels",
    "DoesNotApplyError",
]

"""Scenes: layers of one kind, and a scene of all kinds with names that mean harm."""

import numpy as np

from dualscape.figures.layers import Area, Axis, Field, Frame, Labels, Lines, Points, Surface
from dualscape.figures.scene import Scene


def layers(scene, kind, name=None):
    return [layer for layer in scene.layers if isinstance(layer, kind) and (name is None or layer.name == name)]


NASTY = "</script><b>$x_1$ & <i>"


def every_layer(dimension):
    at = np.arange(3.0 * dimension).reshape(3, dimension)
    names = (NASTY, NASTY, NASTY)
    shared = (
        Points(at, NASTY, texts=names, hover=names),
        Points(at, NASTY, at[:, 0], 5.0, scale=NASTY),
        Points(at, "ring", size=np.array([3.0, 4.0, 5.0]), symbol="ring"),
        Lines((at, at[:2]), NASTY, dash="dash"),
        Labels(at, names),
    )
    if dimension == 3:
        return (*shared, Surface(at, np.array([[0, 1, 2]]), NASTY))
    grid = np.array([0.0, 1.0])
    return (*shared, Area(at, NASTY), Field(grid, grid, np.eye(2), NASTY))


def scene_of(dimension):
    axes = tuple(Axis(NASTY) for _ in range(dimension))
    return Scene("all", NASTY, NASTY, axes, every_layer(dimension), equal=True, height=300)


def moving(count=6):
    """A scene with frames, whose titles mean harm."""
    axes = (Axis("x", limits=(0.0, 9.0)), Axis("y", limits=(0.0, 9.0)))
    frames = tuple(
        Frame(f"{NASTY} {k}", (Points(np.array([[k, k]], dtype=float), "moving"), Lines((np.eye(2) * k,))))
        for k in range(count)
    )
    return Scene("moving", "Moving", "It moves.", axes, (Points(np.array([[1.0, 2.0]]), "still"),), frames=frames)

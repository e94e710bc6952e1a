"""Problems of the catalogue that are made, many with known answers (THEORY section 12)."""

from functools import partial

import numpy as np

from dualscape.data.entry import Entry, Known
from dualscape.data.named_tables import (
    boolean,
    grid,
    made,
    polygon,
    random_generic,
    random_outputs,
    shifted_line,
    sorted_line,
    two_points,
)
from dualscape.data.planted import circle_family
from dualscape.data.tables import Table

_PAPER = "Kim, Mishkin, Pilanci (ICLR 2025)"


def interpolated_circle(n: int = 3) -> Table:
    """n points of the circle family, angles from 30 to 90 degrees, with what all of its units compute together."""
    planted = circle_family(tuple(np.linspace(30.0, 90.0, n)))
    return made(planted.table.X, planted.network.predict(planted.table.X))


def three_layer_peak() -> Table:
    """4 points on a line, whose target is a dual variable."""
    x = (-1.0555839145461334, -0.4426718716662915, 0.1993359855840283, 2.3527912887701676)
    y = (-0.3161697354406827, 1.4405394233336501, -1.7772205922826816, 0.13300645436329303)
    return made(np.array(x)[:, None], np.array(y))


def _polygon_entry(name: str, n: int, k: int, **known: object) -> Entry:
    # By symmetry nu is constant, 0.1 in every entry at 0.1 beta_max, so that the value is n (0.1 - 0.1^2 / 2).
    return Entry(
        name,
        f"regular {n}-gon on the unit circle, no bias, all targets 1",
        "symmetry",
        lambda: polygon(n),
        known=Known(value=0.095 * n, k=k, **known),  # type: ignore[arg-type]
    )


#: In the order in which they are listed.
MADE = (
    Entry(
        "two-points",
        "the smallest data set whose optimal set is a continuum",
        _PAPER,
        two_points,
        beta=0.1,
        beta_fraction=None,
        known=Known(0.0975, 3, 1, 1, 2, {1: 1, 2: 3, 3: 1}),
    ),
    Entry(
        "two-points-twice",
        "two-points with every row repeated: the same units, twice the value",
        "two-points",
        lambda: two_points(2),
        beta=0.2,
        beta_fraction=None,
        known=Known(0.195, 3, 1, 1, 2, {1: 1, 2: 3, 3: 1}),
    ),
    Entry(
        "antipodal",
        "two opposite points on a line, no bias: two units that no exchange joins",
        "by hand",
        lambda: made([[1.0], [-1.0]], [1.0, 1.0]),
        beta=0.1,
        beta_fraction=None,
        known=Known(0.19, 2, 0, 2, 2, {2: 2, 3: 1}),
    ),
    Entry(
        "one-hot",
        "one feature per row, no bias, targets 1 to 4: a single optimal unit",
        "by hand",
        lambda: made(np.eye(4), [1.0, 2.0, 3.0, 4.0]),
        known=Known(2.85, 1, 0, 1, 1, {1: 1}),
    ),
    _polygon_entry("triangle", 3, 6, dimension=3, m_star=2, M_star=3, components={2: 6, 3: 15, 4: 1}),
    Entry(
        "triangle-alternating",
        "regular triangle on the unit circle, no bias, targets 1, -1, 1",
        "symmetry",
        lambda: polygon(3, [1.0, -1.0, 1.0]),
        known=Known(0.285, 4, 1, 2, 3, {2: 2, 3: 7, 4: 1}),
    ),
    _polygon_entry("square", 4, 4, dimension=1, m_star=2, M_star=2, components={2: 4, 3: 2, 4: 1}),
    Entry(
        "square-abs",
        "square with targets 1, -1, 1, -1, absolute values: |x0| and |x1|, each of two twins",
        "by hand",
        lambda: polygon(4, [1.0, -1.0, 1.0, -1.0]),
        activation="abs",
        known=Known(0.38, 2, 0, 2, 2, {2: 8, 3: 1}),
    ),
    *(
        Entry(
            f"square-{free}",
            f"square with targets 1, -1, 1, -1 and {what} without weight decay",
            "symmetry",
            lambda: polygon(4, [1.0, -1.0, 1.0, -1.0]),
            free=free,
            beta=0.1,
            beta_fraction=None,
            known=Known(0.38, 4, dimension, m_star, m_star, components),
        )
        for free, what, dimension, m_star, components in (
            ("constant", "an output bias", 1, 2, {2: 4, 3: 2, 4: 1}),
            ("linear", "a skip connection", 2, 2, {2: 8, 3: 1}),
            ("affine", "an affine skip connection", 3, 1, {1: 4, 2: 1}),
        )
    ),
    _polygon_entry("pentagon", 5, 10),
    _polygon_entry("hexagon", 6, 6),
    _polygon_entry("heptagon", 7, 14),
    _polygon_entry("octagon", 8, 8),
    Entry(
        "circle-5",
        "five points on a line whose optimal set is a segment between 4 and 5 neurons",
        "circle family at 30, 45, 60, 75, 90 degrees",
        lambda: circle_family().table,
        bias="penalised",
        beta=0.1,
        beta_fraction=None,
        known=Known(circle_family().value, 6, 1, 4, 5, {4: 24, 5: 121, 6: 1}),
    ),
    Entry(
        "one-kink",
        "four points on a line, interpolation: one neuron, with its kink between two points",
        "by hand",
        lambda: made([[0.0], [1.0], [2.0], [3.0]], [0.0, 0.0, 1.0, 3.0]),
        loss="interpolation",
        bias="penalised",
        beta_fraction=None,
        known=Known(13**0.5, None, 0, 1, 1, {1: 1}),
    ),
    Entry(
        "interpolators",
        "three points on a line, penalised bias: a continuum of optimal interpolators",
        f"{_PAPER}; circle family at 30, 60, 90 degrees",
        interpolated_circle,
        loss="interpolation",
        bias="penalised",
        beta_fraction=None,
        known=Known(4.0, None, 1, 2, 3, {2: 2, 3: 7, 4: 1}),
    ),
    Entry(
        "interpolators-skip",
        "the same points with a free affine skip connection: a single function",
        "Boursier, Flammarion (2023)",
        interpolated_circle,
        loss="interpolation",
        bias="penalised",
        free="affine",
        beta_fraction=None,
        known=Known(2.0, None, 1, 1, 1, {1: 2, 2: 1}),
    ),
    Entry(
        "interpolators-plane",
        "square with targets 1, -1, 1, -1, penalised bias, affine skip: a continuum all the same",
        "symmetry",
        lambda: made([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]], [1.0, -1.0, 1.0, -1.0]),
        loss="interpolation",
        bias="penalised",
        free="affine",
        beta_fraction=None,
        known=Known(4.0, None, 3, 1, 1, {1: 4, 2: 1}),
    ),
    Entry(
        "xor", "parity of 2 bits, penalised bias", "Boolean", lambda: boolean(2, lambda b: b.prod(1)), bias="penalised"
    ),
    Entry(
        "parity-3",
        "parity of 3 bits, penalised bias",
        "Boolean",
        lambda: boolean(3, lambda b: b.prod(1)),
        bias="penalised",
        known=Known(0.76, 16, 8, 4, 8, {4: 96, 5: 4, 6: 20164, 7: 120961, 8: 2983681, 9: 1}),
    ),
    Entry(
        "majority-3",
        "majority of 3 bits, penalised bias",
        "Boolean",
        lambda: boolean(3, lambda b: np.sign(b.sum(1))),
        bias="penalised",
    ),
    Entry(
        "and-3",
        "conjunction of 3 bits, penalised bias",
        "Boolean",
        lambda: boolean(3, lambda b: np.where(b.min(1) > 0, 1.0, -1.0)),
        bias="penalised",
    ),
    Entry(
        "xor-logistic",
        "parity of 2 bits under the logistic loss",
        "Boolean",
        lambda: boolean(2, lambda b: b.prod(1)),
        loss="logistic",
        bias="penalised",
    ),
    Entry("grid-3", "3 x 3 integer grid coloured like a chess board", "degenerate", lambda: grid(3), bias="penalised"),
    Entry(
        "kink-between-rows",
        "4 rows on a line, free bias and skip connection: one kink anywhere between two rows",
        "plateaus",
        lambda: made(np.arange(4.0)[:, None], np.array([0.1, -0.1, 0.9, 3.1])),
        bias="free",
        free="affine",
        beta=0.1,
        beta_fraction=None,
        known=Known(0.22, 4, 2, 1, 2),
    ),
    Entry(
        "random-8x2-free-bias",
        "8 random rows of 2 features, free bias of the neurons and of the output",
        "generic",
        lambda: random_generic(8, 2, seed=5),
        bias="free",
        free="constant",
        known=Known(0.5977227243346221, 4, 0, 4, 4, {4: 24, 5: 1}),
    ),
    Entry("random-10x2", "10 random rows of 2 features", "generic", lambda: random_generic(10, 2), bias="penalised"),
    Entry("random-30x3", "30 random rows of 3 features", "generic", lambda: random_generic(30, 3), bias="penalised"),
    *(
        Entry(
            f"circle-{n}-{free}-interpolation",
            f"{n} points of the circle family, interpolated, free features: {free}",
            "THEORY section 10",
            partial(interpolated_circle, n),
            loss="interpolation",
            bias="penalised",
            free=free,
            beta_fraction=None,
            known=Known(value, None, dimension, m_star, M_star, components),
        )
        for n, free, value, dimension, m_star, M_star, components in (
            (2, "none", 3.0, 1, 1, 2, {1: 1, 2: 3, 3: 1}),
            (3, "linear", 4.0, 2, 1, 2, {1: 2, 2: 3, 3: 1}),
            (4, "none", 5.0, 1, 4, 4, {4: 48, 5: 1}),
            (4, "linear", 5.0, 2, 3, 3, {3: 30, 4: 1}),
            (4, "affine", 3.0, 2, 2, 2, {2: 8, 3: 1}),
            (5, "none", 6.0, 1, 4, 5, {4: 24, 5: 121, 6: 1}),
            (5, "linear", 6.0, 2, 2, 4, {2: 2, 3: 13, 4: 25, 5: 1}),
            (5, "affine", 4.0, 2, 2, 2, {2: 8, 3: 1}),
        )
    ),
    Entry(
        "ridge-output-bias",
        "8 random rows of 1 feature, penalised biases of neurons and output: PyTorch's weight_decay on all parameters",
        "generic",
        lambda: shifted_line(8, 1.0, seed=4),
        bias="penalised",
        free="constant",
        free_decay=0.3,
        beta=0.3,
        beta_fraction=None,
        known=Known(3.502812541812894),
    ),
    *(
        Entry(
            f"triangle-{free}",
            f"triangle with targets 1, -1, 1 and {what} without weight decay",
            "symmetry",
            lambda: polygon(3, [1.0, -1.0, 1.0]),
            free=free,
            known=Known(None, k, k - 1, 1, 1, components),
        )
        for free, what, k, components in (
            ("constant", "an output bias", 1, {1: 1}),
            ("linear", "a skip connection", 6, {1: 6, 2: 1}),
        )
    ),
    *(
        Entry(
            f"random-7x2-{free}",
            f"7 random rows of 2 features, no bias, {what} without weight decay",
            "generic",
            lambda: random_generic(7, 2),
            free=free,
            beta_fraction=0.15,
            known=Known(value),
        )
        for free, what, value in (
            ("constant", "an output bias", 1.4736215906881938),
            ("linear", "a skip connection", 1.320142128259513),
        )
    ),
    Entry(
        "leaky-7x2",
        "7 random rows of 2 features, no bias, leaky ReLU of slope 0.2",
        "generic",
        lambda: random_generic(7, 2, seed=3),
        activation="leaky:0.2",
        beta_fraction=0.2,
        known=Known(0.5903744532338184, 2, 0, 2, 2, {2: 2, 3: 1}),
    ),
    Entry(
        "gated-7x2",
        "the same rows, gated ReLU: 1000 gates, open on all 14 sets of rows that there are",
        "generic",
        lambda: random_generic(7, 2, seed=3),
        activation="gated:1000",
        beta_fraction=0.2,
        known=Known(0.5588866278842728, 1, 0, 1, 1, {1: 2, 2: 1}),
    ),
    Entry(
        "three-layer-line",
        "4 random points on a line, parallel three-layer networks: no better than two layers here",
        "generic",
        lambda: sorted_line(4, seed=1),
        architecture="three-layer",
        bias="penalised",
        beta_fraction=0.15,
        known=Known(0.5083545414102308, dimension=0, m_star=1),
    ),
    Entry(
        "three-layer-peak",
        "4 points on a line at which three layers are better than two",
        "a dual variable at which units of three layers score higher than those of two",
        three_layer_peak,
        architecture="three-layer",
        bias="penalised",
        beta=0.3,
        beta_fraction=None,
        known=Known(2.271739581838369, dimension=1, m_star=2),
    ),
    Entry(
        "two-outputs",
        "five random rows with two targets: four neurons, each with its own output vector",
        "seed 0; PyTorch from many starts ends no lower",
        lambda: random_outputs(5, 2, 2),
        beta=0.15 * 2.455025350822275,
        beta_fraction=None,
        known=Known(2.8513270385971223, 4, 0, 4, 4, {4: 24, 5: 1}),
    ),
    Entry(
        "factorisation",
        "X = I, two targets: optimal networks are the completely positive factorisations of a matrix, a continuum",
        "by hand",
        lambda: made(np.eye(2), [[2.1, 1.0], [1.0, 2.1]]),
        beta=0.1,
        beta_fraction=None,
    ),
)

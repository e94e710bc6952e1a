"""Values along curves between two networks, side by side, and the ground truth where there is one."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from dualscape.curves.beside import beside
from dualscape.curves.profile import Profile
from dualscape.errors import InputError
from dualscape.figures.layers import BLUE, GREEN, GREY, ORANGE, PURPLE, RED, Axis, DoesNotApplyError, Layer, Lines
from dualscape.figures.network_paths import times_of
from dualscape.figures.numbers import plural
from dualscape.figures.scene import Scene
from dualscape.landscape.paths.path import Path

#: Numbers n m d up to which a curve is learned for a picture.
LEARNED = 20_000
STYLES = ((GREY, "dash"), (ORANGE, "dash"), (GREEN, "solid"), (PURPLE, "solid"), (RED, "dot"))


def curve_profiles(profiles: Mapping[str, Profile], path: Path | None = None, label: str = "loss") -> Scene:
    """Losses along curves, by their names, and errors where they were measured; the exact path beside them."""
    if not profiles:
        raise InputError("there are no profiles to draw; give one at least, by its name")
    layers: list[Layer] = []
    values = []
    for at, (name, found) in enumerate(profiles.items()):
        colour, dash = STYLES[at % len(STYLES)]
        layers.append(Lines((np.column_stack([found.times, found.values]),), name, colour, 2.0, dash))
        values.append(found.values)
        if found.errors is not None:
            layers.append(Lines((np.column_stack([found.times, found.errors]),), f"{name}: error", colour, 1.2, "dot"))
            values.append(found.errors)
    if path is not None:
        t = times_of(path)
        exact = np.array([path.objective(s) for s in t])
        layers.append(Lines((np.column_stack([t, exact]),), "exact path", BLUE, 2.5))
        values.append(exact)
    every = np.concatenate(values)
    room = max(0.06 * float(np.ptp(every)), 1e-3 * float(np.abs(every).max()), 1e-12)
    barriers = ", ".join(f"{name} {found.barrier:.6g}" for name, found in profiles.items())
    caption = (
        f"Barriers above the greater end, as they were met at points of each curve: {barriers}. Between these points, "
        "and by another curve, it may be otherwise."
    )
    axes = (
        Axis("t along the curve", limits=(0.0, 1.0)),
        Axis(label, limits=(float(every.min()) - room, float(every.max()) + room)),
    )
    return Scene("curve-profiles", "Curves between two networks", caption, axes, tuple(layers), height=420)


def network_path_curves(path: Path) -> Scene:
    """The exact path beside the curves that are commonly drawn between two networks."""
    if path.problem.n * path.width * path.problem.d > LEARNED:
        raise DoesNotApplyError("Learned curves are drawn beside an exact path for small networks alone.")
    if not path.weight_decay:
        raise DoesNotApplyError("Learned curves are drawn beside an exact path where weight decay counts.")
    try:
        found = beside(path)
    except InputError as reason:
        raise DoesNotApplyError(f"No curves are learned beside the path: {reason}.") from None
    named = {
        "straight line": found.straight,
        "straight line, neurons matched": found.matched,
        "learned curve": found.learned,
    }
    scene = curve_profiles(named, path, "objective")
    caption = (
        f"{found.explain()} The barrier of the exact path is that of all its networks; those of the other curves are "
        f"the greatest at {plural(len(found.straight.times), 'point')} of each. A learned curve that climbs proves no "
        "barrier."
    )
    return replace(scene, name="network-path-curves", title="Other curves between the same networks", caption=caption)

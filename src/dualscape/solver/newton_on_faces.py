"""Sliding: masses and directions improved together, by Newton's method on the linear pieces around the units.

Near a unit the column depends linearly on the scaled direction w_j = c_j u_j as long as w_j stays on its face, so that

    F(v) = L(sum_j J_j v_j, y) + beta sum_j |v_j|          w_j = basis_j v_j

is convex and smooth off v_j = 0. At the optimum the faces are those of the local maximisers at nu, and Newton's
method on them converges quadratically to rounding: it is also the polish.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from dualscape.model.architectures.base import Faces, UnitSpace
from dualscape.model.architectures.products import Products
from dualscape.model.losses import Loss
from dualscape.solver.descent import descend_jointly
from dualscape.solver.master import FLAT
from dualscape.solver.newton_on_compositions import slide_composed
from dualscape.solver.newton_on_products import newton_on_products, newton_work
from dualscape.solver.task import Task
from dualscape.units import Units

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
#: More coordinates than this, and the dense Newton matrix costs more than it gives.
LARGEST_SYSTEM = 4000
#: A rough slide ends Newton's method at this residual, relative to beta; and at this one when a search found next to
#: nothing.
ROUGH, FINER = 1e-2, 1e-8
#: While units are missing it already costs more from so many coordinates on: climbs alone lead on as far.
LARGEST_ROUGH_SYSTEM = 600
#: Units times entries of the data above which their Jacobians are not written out, and entries of the data times its
#: lesser length above which a climb takes the better part of a second: a few steps of descent take the place of
#: Newton's method; more where outputs turn as well, which no master sets right in between.
LARGEST_JACOBIAN, LARGEST_CLIMB, DESCENT_STEPS, TURNING_STEPS = 100_000_000, 10_000_000, 10, 100
#: What a unit without mass begins with, as a share of all mass, where units are composed.
LITTLE = 1e-6
#: The same for pieces without borders, rows times squared coordinates, some seconds of work; while units are missing,
#: where outputs turn; the residual that Newton's method ends at there in any case, and the steps of descent.
LARGEST_GRAM, LARGEST_ROUGH_GRAM, BORDERLESS, BORDERLESS_STEPS = 3e10, 3e8, 1e-12, 30


def can_climb(space: UnitSpace) -> bool:
    """Whether the data are small enough for many exact climbs."""
    return space.borderless or space.size * min(space.n, space.d) <= LARGEST_CLIMB


def newton_on_faces(
    faces: Faces,
    x: Vector,
    y: Vector,
    beta: float,
    loss: Loss,
    *,
    precision: float,
    in_time: Callable[[], bool] = lambda: True,
    steps: int = 30,
) -> Vector:
    """Minimiser of F from x, the v_j side by side (q,); blocks that shrink to nothing come back as zero.

    It ends where the gradient is at most `precision` times beta, or as small as rounding lets it be, or out of time.
    """
    J, owner = faces.jacobian, faces.owner
    count = int(owner.max(initial=-1)) + 1
    # Along a unit only the loss is curved: where it is flat, a step would have no length.
    least = 0.0 if loss.strictly_convex else FLAT
    gram = _gram(loss.hessian(y, y).root(J)) if loss.quadratic else None

    def norms_of(x: Vector) -> Vector:
        return np.asarray(np.sqrt(np.bincount(owner, x * x, minlength=count)))

    def value_of(x: Vector) -> float:
        return loss.value(J @ x, y) + beta * float(norms_of(x).sum())

    value = value_of(x)
    best_residual, stale = np.inf, 0
    best = x
    for _ in range(steps):
        norms = norms_of(x)
        live_block = norms > 1e-11 * norms.sum()
        live = live_block[owner]
        x = np.where(live, x, 0.0)
        f = J @ x
        unit = np.where(live, x / np.where(norms > 0, norms, 1.0)[owner], 0.0)
        gradient = J.T @ loss.gradient(f, y) + beta * unit
        residual = float(np.abs(gradient[live]).max(initial=0.0)) / beta
        if residual < best_residual:
            best, best_residual, stale = x, residual, 0
        else:
            stale += 1
        if residual <= precision or stale > 3 or not live.any() or not in_time():
            break
        if gram is None:
            H = _gram(loss.hessian(f, y).raised(least).root(J[:, live], overwrite=True))
        else:
            H = gram.copy() if live.all() else gram[np.ix_(live, live)]
        step = _newton_step(H, owner[live], beta / norms[owner[live]], unit[live], gradient[live])
        if step is None:
            break
        move = np.zeros_like(x)
        move[live] = step
        # A block that would pass through zero is only shrunk: beyond zero the model is another one.
        along = np.bincount(owner, (x + move) * unit, minlength=count)
        crossing = live_block & (along < 0.1 * norms)
        move = np.where(crossing[owner], -0.9 * x, move)
        slope = float(gradient @ move)
        t = 1.0
        while t > 1e-10:
            new = value_of(x + t * move)
            if new <= value + 1e-4 * t * min(slope, 0.0) + 4e-16 * abs(value):
                break
            t *= 0.5
        else:
            break
        x, value = x + t * move, min(value, new)
    return best


def _gram(J: Matrix) -> Matrix:
    return J.T @ J


def _newton_step(
    H: Matrix, owner: NDArray[np.intp], stiffness: Vector, unit: Vector, gradient: Vector
) -> Vector | None:
    """The step for the curvature H (q, q) (overwritten) of the loss and beta / |v_j| across each block's unit vector.

    Args:
        H: curvature of the loss.
        owner: (q,) the block of each coordinate, rising.
        stiffness: (q,) beta / |v_j| of its block.
        unit: (q,) the blocks' unit vectors.
        gradient: (q,).
    """
    # All pairs of coordinates of one block.
    ends, starts = np.searchsorted(owner, owner, side="right"), np.searchsorted(owner, owner)
    sizes = ends - starts
    one = np.repeat(np.arange(len(owner)), sizes)
    other = np.arange(len(one)) + np.repeat(starts - np.cumsum(sizes) + sizes, sizes)
    H[one, other] -= stiffness[one] * unit[one] * unit[other]
    diagonal = np.arange(len(unit))
    H[diagonal, diagonal] += stiffness
    # Diagonal scaling first: tiny masses make stiff blocks. Then the least ridge that lets Cholesky pass.
    scale = 1.0 / np.sqrt(np.maximum(H[diagonal, diagonal], 1e-300))
    H *= scale[:, None]
    H *= scale
    rhs = -scale * gradient
    ridge = 1e-15
    while ridge < 1e-3:
        try:
            # Symmetric, and Cholesky wants it column by column.
            damped = H.T.copy(order="F")
            damped[diagonal, diagonal] += ridge
            factor = cho_factor(damped, overwrite_a=True, check_finite=False)
        except LinAlgError:
            ridge *= 100
            continue
        with np.errstate(over="ignore", invalid="ignore"):  # a step that overflows is no step
            z = cho_solve(factor, rhs, check_finite=False)
            z += cho_solve(factor, rhs - H @ z, check_finite=False)  # refine against the undamped matrix
            step = scale * z
        return np.asarray(step) if np.isfinite(step).all() else None
    return None


def slide(
    task: Task,
    units: Units,
    masses: Vector,
    nu: Vector,
    precision: float,
    in_time: Callable[[], bool] = lambda: True,
) -> tuple[Units, Vector]:
    """Units and masses after one Newton solve on the faces that they climb to at nu.

    Whether the result is better is for the caller to see: outside its face a unit's column is another one. With too
    many coordinates for Newton's method it is the climbed units with the masses as they were; on data too large for
    climbs, and where there are no faces, a few steps of descent; and out of time what was given.
    """
    space = task.space
    if space.borderless:
        return _slide_borderless(task, units, masses, nu, precision, in_time)
    composition = space.composed(units, np.where(masses > 0, masses, LITTLE * masses.sum()))
    if composition is not None and len(composition.x) <= LARGEST_SYSTEM // 4:
        return slide_composed(task, composition, precision, in_time)
    large = len(masses) * space.size > LARGEST_JACOBIAN or not can_climb(space)
    found = None if large else space.faces(nu, units, lambda: not in_time())
    if found is None:
        steps = TURNING_STEPS if space.turning_outputs else DESCENT_STEPS
        return descend_jointly(task, units, masses, steps=steps, in_time=in_time)
    climbed, dimensions, faces_of = found
    if not in_time():
        return units, masses
    leaders, masses = space.measured(climbed).merged(masses)
    units = climbed.take(leaders)
    if len(masses) == 0:
        return units, masses
    if dimensions[leaders].sum() > (LARGEST_ROUGH_SYSTEM if precision >= ROUGH else LARGEST_SYSTEM):
        return units, masses
    return _minimised(task, faces_of(leaders), units, masses, precision, in_time)


def _slide_borderless(
    task: Task, units: Units, masses: Vector, nu: Vector, precision: float, in_time: Callable[[], bool]
) -> tuple[Units, Vector]:
    """`slide` where pieces have no borders: units of one piece become one, and Newton's method ends at the optimum."""
    units, masses = task.space.gathered(units, masses)
    if precision >= ROUGH:
        # Newton's method has to begin where hardly a unit will come to nothing.
        units, masses = descend_jointly(task, units, masses, steps=BORDERLESS_STEPS, in_time=in_time)
    found = task.space.faces(nu, units)
    assert found is not None
    size = int(found[1].sum())
    if not in_time():
        return units, masses
    work, most = task.space.n * float(size) ** 2, LARGEST_GRAM
    if task.space.turning_outputs:
        # Not convex in both layers: it takes more steps, and far from the optimum descent leads on as far.
        work, most = newton_work(task, size), LARGEST_GRAM if precision < ROUGH else LARGEST_ROUGH_GRAM
    if size > LARGEST_SYSTEM or work > most:
        if precision >= ROUGH:
            return units, masses
        return descend_jointly(task, units, masses, steps=TURNING_STEPS, in_time=in_time)
    # Nothing else will move these units, and the last digits cost a step or two.
    return _minimised(task, found[2](np.arange(len(units))), units, masses, min(precision, BORDERLESS), in_time)


def _minimised(
    task: Task, faces: Faces | Products, units: Units, masses: Vector, precision: float, in_time: Callable[[], bool]
) -> tuple[Units, Vector]:
    """Units and masses at the minimum over their faces."""
    if isinstance(faces, Products):
        return newton_on_products(task, faces, units, masses, precision=precision, in_time=in_time)
    start = (faces.basis * units.directions[faces.owner].T).sum(axis=0)
    x = np.maximum(masses, 1e-9 * masses.sum())[faces.owner] * start
    x = newton_on_faces(faces, x, task.y, task.beta, task.loss, precision=precision, in_time=in_time)
    directions, masses = faces.units(x, len(units))
    alive = masses > 0
    return units.turned(directions).take(alive), masses[alive]

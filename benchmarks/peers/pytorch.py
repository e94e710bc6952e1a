"""PyTorch in double precision: Adam, then L-BFGS, from several random starts; networks without biases.

Two layers of width 100, or three with 20 subnetworks of 10 inner neurons. A start is that of PyTorch's linear layers:
uniform, within 1 over the root of what comes in.
"""

import sys

import torch

from peers.harness import INNER, KINDS, RESTARTS, SUBNETWORKS, WIDTH, Matrix, Race, main

ADAM_STEPS = 2000
LBFGS_STEPS = 5000


def started(race: Race) -> list[torch.Tensor]:
    """The weights to begin with: U (m, d) and alpha (m,) or (m, c), or W (m, r, d), w (m, r) and alpha (m,)."""
    d = race.X.shape[1]
    if race.kind == "three layers":
        shapes = [((SUBNETWORKS, INNER, d), d), ((SUBNETWORKS, INNER), INNER), ((SUBNETWORKS,), SUBNETWORKS)]
    else:
        shapes = [((WIDTH, d), d), ((WIDTH,) if race.outputs == 1 else (WIDTH, race.outputs), WIDTH)]
    return [
        torch.empty(shape, dtype=torch.float64).uniform_(-(inputs**-0.5), inputs**-0.5).requires_grad_()
        for shape, inputs in shapes
    ]


def cost(race: Race, X: torch.Tensor, y: torch.Tensor, weights: list[torch.Tensor]) -> torch.Tensor:
    """The training objective."""
    if len(weights) == 2:
        f = torch.relu(X @ weights[0].T) @ weights[1]
        decay = 0.5 * sum((part * part).sum() for part in weights)
    else:
        W, w, alpha = weights
        hidden = torch.relu(X @ W.reshape(-1, X.shape[1]).T).reshape(len(X), *w.shape)
        f = torch.relu((hidden * w).sum(dim=2)) @ alpha
        decay = sum((part.reshape(len(part), -1) ** 2).sum(dim=1).pow(1.5).sum() for part in weights) / 3
    if race.loss == "multinomial":
        fitted = torch.nn.functional.cross_entropy(f, y, reduction="sum")
    elif race.loss == "logistic":
        fitted = torch.nn.functional.softplus(-y * f).sum()
    else:
        fitted = 0.5 * ((f - y) ** 2).sum()
    return fitted + race.beta * decay


def train(race: Race, restart: int) -> bool:
    """Train from one start; whether it ended before the time was up."""
    torch.manual_seed(restart)
    X, y = torch.from_numpy(race.X), torch.from_numpy(race.y)
    weights = started(race)

    def network() -> tuple[Matrix, ...]:
        return tuple(part.detach().numpy() for part in weights)

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        value = cost(race, X, y, weights)
        value.backward()
        return value

    optimizer: torch.optim.Optimizer = torch.optim.Adam(weights, lr=1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, ADAM_STEPS)
    for _ in range(ADAM_STEPS):
        optimizer.step(closure)
        schedule.step()
        race.report(network, restart=restart, phase="Adam")
        if race.over():
            return False
    optimizer = torch.optim.LBFGS(
        weights,
        max_iter=20,
        history_size=20,
        tolerance_grad=1e-10,
        tolerance_change=0.0,
        line_search_fn="strong_wolfe",
    )
    before = float("inf")
    for _ in range(LBFGS_STEPS // 20):
        value = float(optimizer.step(closure).detach())
        race.report(network, restart=restart, phase="L-BFGS")
        if race.over():
            return False
        if before - value <= 1e-13 * value:
            break
        before = value
    race.report(network, always=True, restart=restart, phase="L-BFGS")
    return True


def contestant(race: Race) -> None:
    """One start after the other until the time is up."""
    finished = 0
    while finished < RESTARTS and not race.over() and train(race, finished):
        finished += 1
    width = f"{SUBNETWORKS} subnetworks of {INNER}" if race.kind == "three layers" else f"width {WIDTH}"
    race.finish(note=f"{width}, {finished} of {RESTARTS} starts finished")


if __name__ == "__main__":
    sys.exit(main(contestant, kinds=KINDS))

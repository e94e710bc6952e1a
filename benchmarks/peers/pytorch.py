"""PyTorch in double precision: Adam, then L-BFGS, from several random starts; a width-100 network without biases."""

import sys

import torch

from peers.harness import RESTARTS, WIDTH, Matrix, Race, Vector, main

ADAM_STEPS = 2000
LBFGS_STEPS = 5000


def weights(model: torch.nn.Sequential) -> tuple[Matrix, Vector]:
    """(U, alpha) of the model."""
    return model[0].weight.detach().numpy(), model[2].weight.detach().numpy()[0]


def train(race: Race, restart: int) -> bool:
    """Train from one start; whether it ended before the time was up."""
    torch.manual_seed(restart)
    X, y = torch.from_numpy(race.X), torch.from_numpy(race.y)
    model = torch.nn.Sequential(
        torch.nn.Linear(race.X.shape[1], WIDTH, bias=False, dtype=torch.float64),
        torch.nn.ReLU(),
        torch.nn.Linear(WIDTH, 1, bias=False, dtype=torch.float64),
    )

    def loss() -> torch.Tensor:
        decay = sum((p * p).sum() for p in model.parameters())
        f = model(X)[:, 0]
        fitted = 0.5 * ((f - y) ** 2).sum() if race.loss == "squared" else torch.nn.functional.softplus(-y * f).sum()
        return fitted + 0.5 * race.beta * decay

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        value = loss()
        value.backward()
        return value

    optimizer: torch.optim.Optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, ADAM_STEPS)
    for _ in range(ADAM_STEPS):
        optimizer.step(closure)
        schedule.step()
        race.report(lambda: weights(model), restart=restart, phase="Adam")
        if race.over():
            return False
    optimizer = torch.optim.LBFGS(
        model.parameters(),
        max_iter=20,
        history_size=20,
        tolerance_grad=1e-10,
        tolerance_change=0.0,
        line_search_fn="strong_wolfe",
    )
    before = float("inf")
    for _ in range(LBFGS_STEPS // 20):
        value = float(optimizer.step(closure).detach())
        race.report(lambda: weights(model), restart=restart, phase="L-BFGS")
        if race.over():
            return False
        if before - value <= 1e-13 * value:
            break
        before = value
    race.report(lambda: weights(model), always=True, restart=restart, phase="L-BFGS")
    return True


def contestant(race: Race) -> None:
    """One start after the other until the time is up."""
    finished = 0
    while finished < RESTARTS and not race.over() and train(race, finished):
        finished += 1
    race.finish(note=f"width {WIDTH}, {finished} of {RESTARTS} starts finished")


if __name__ == "__main__":
    sys.exit(main(contestant, losses=("squared", "logistic")))

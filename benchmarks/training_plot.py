"""The plot of the training benchmark: excess over the best known objective against time, one panel for each case."""

from pathlib import Path

from contestants import CONTESTANTS
from training_runs import best_known, best_so_far, by_contestant, cases

LOWEST = 1e-9
COLOURS = dict(zip(CONTESTANTS, ("black", *(f"C{i}" for i in range(len(CONTESTANTS) - 1))), strict=True))


def draw(results: dict, path: Path) -> None:
    """Draw all cases; a contestant that reports only once is a dot."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    groups = cases(results["runs"])
    columns = min(len(groups), 4)
    rows = -(-len(groups) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(3.6 * columns, 2.9 * rows), squeeze=False, layout="constrained")
    for panel in axes.ravel()[len(groups) :]:
        panel.set_visible(False)
    handles = {}
    for panel, ((problem, beta), runs) in zip(axes.ravel(), groups.items(), strict=False):
        known = best_known(runs)
        for name, mine in by_contestant(runs).items():
            if known is None or not CONTESTANTS[name].comparable:
                continue
            for run in mine:
                points = [(seconds, max(value / known - 1, LOWEST)) for seconds, value in best_so_far(run)]
                if not points:
                    continue
                x, y = zip(*points, strict=True)
                width = 2.2 if name == "dualscape" else 1.2
                line = panel.plot(x, y, drawstyle="steps-post", color=COLOURS[name], linewidth=width)[0]
                panel.plot(x[-1:], y[-1:], "o", color=COLOURS[name], markersize=4)
                handles[name] = line
        panel.set(xscale="log", yscale="log", ylim=(LOWEST / 2, 30), title=f"{problem}, beta = {beta:.4g}")
        panel.grid(alpha=0.3)
    figure.supxlabel(
        f"seconds; excess = objective / best known - 1, drawn at {LOWEST:g} when it is less", fontsize="medium"
    )
    figure.supylabel("excess")
    if handles:
        shown = [name for name in CONTESTANTS if name in handles]
        titles = [CONTESTANTS[name].title for name in shown]
        lines = [handles[name] for name in shown]
        figure.legend(lines, titles, loc="outside upper center", ncols=4, frameon=False)
    figure.savefig(path, dpi=110)
    plt.close(figure)

"""A scene: a picture that knows who draws it.

Figures compute a Scene from the library's objects; a renderer draws it. So a figure can be tested by its
coordinates, and every figure exists for the screen (plotly) and for paper (matplotlib).
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dualscape.errors import InputError
from dualscape.figures.layers import Picture

if TYPE_CHECKING:
    from matplotlib.figure import Figure as MatplotlibFigure
    from plotly.graph_objects import Figure as PlotlyFigure


@dataclass(frozen=True)
class Scene(Picture):
    """A picture that is drawn on request: plotly and matplotlib are imported only then."""

    def to_plotly(self) -> "PlotlyFigure":
        """An interactive figure."""
        from dualscape.figures.plotly_renderer import to_figure

        return to_figure(self)

    def to_matplotlib(self) -> "MatplotlibFigure":
        """A static figure."""
        from dualscape.figures.matplotlib_renderer import to_figure

        return to_figure(self)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the picture; .html is interactive and self-contained, .png, .svg and .pdf are static."""
        target = Path(path)
        if target.suffix == ".html":
            from dualscape.figures.plotly_renderer import page

            target.write_text(page(self), encoding="utf-8")
        elif target.suffix in (".png", ".svg", ".pdf"):
            self.to_matplotlib().savefig(target)
        else:
            raise InputError(f"cannot draw to {target.name!r}; use a name that ends in .html, .png, .svg or .pdf")

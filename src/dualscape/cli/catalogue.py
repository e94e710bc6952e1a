"""`dualscape catalogue`: the named problems."""

from typing import TYPE_CHECKING

import click

from dualscape.cli.group import CATALOGUE

if TYPE_CHECKING:
    from dualscape.data.entry import Entry


@click.command()
@click.argument("name", required=False)
def catalogue(name: str | None) -> None:
    """List the named problems, or show what is known of one."""
    from dualscape.data.catalogue import ENTRIES, get

    if name is not None:
        _show_entry(get(name.removeprefix(CATALOGUE)))
        return
    from rich.console import Console
    from rich.table import Table as RichTable

    table = RichTable(box=None, pad_edge=False)
    table.add_column("name", no_wrap=True)
    table.add_column("what it is")
    table.add_column("answer")
    for entry in ENTRIES.values():
        table.add_row(entry.name, entry.summary, "known" if entry.known.components else "")
    Console(highlight=False).print(table)
    click.echo("\ndualscape catalogue NAME shows one; dualscape analyze catalogue:NAME uses it")


def _defaults(entry: "Entry") -> str:
    model = f"{entry.loss} loss, bias {entry.bias}" if entry.weighed else f"{entry.loss}, bias {entry.bias}"
    model += "" if entry.activation == "relu" else f", activation {entry.activation}"
    model += "" if entry.architecture == "relu" else f", architecture {entry.architecture}"
    model += "" if entry.features_per_neuron is None else f", features per neuron {entry.features_per_neuron}"
    model += "" if entry.free == "none" else f", free {entry.free}"
    model += "" if entry.free_decay == 0 else f" of decay {entry.free_decay:g}"
    beta = "" if entry.beta is None else f", beta {entry.beta:g}"
    return model + (beta if entry.beta_fraction is None else f", beta {entry.beta_fraction:g} beta_max")


def _show_entry(entry: "Entry") -> None:
    table, known = entry.table(), entry.known
    click.echo(f"{entry.name}: {entry.summary}")
    click.echo(f"source: {entry.source}")
    click.echo(f"data: {len(table.y)} rows, {table.X.shape[1]} features ({', '.join(table.feature_names)})")
    click.echo(f"defaults: {_defaults(entry)}")
    for note in table.notes:
        click.echo(f"note: {note}")
    facts = {
        "optimal value": known.value,
        "optimal units": known.k,
        "dimension": known.dimension,
        "m*": known.m_star,
        "M*": known.M_star,
    }
    for label, value in facts.items():
        if value is not None:
            click.echo(f"known {label}: {value:.12g}")
    if known.components:
        steps = ", ".join(f"{m}: {count:,}" for m, count in known.components.items())
        click.echo(f"known components by width: {steps}")

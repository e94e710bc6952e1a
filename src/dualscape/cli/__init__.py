"""The command line. It parses, calls and shows; everything heavy is imported inside the commands."""

import sys
from io import TextIOWrapper

import click

from dualscape import __version__
from dualscape.cli.analyze import analyze
from dualscape.cli.catalogue import catalogue
from dualscape.cli.certify import certify
from dualscape.cli.connect import connect
from dualscape.cli.descend import descend
from dualscape.cli.group import Commands
from dualscape.cli.path import path
from dualscape.cli.predict import predict
from dualscape.running.listener import Listener


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="dualscape")
def commands() -> None:
    """The loss landscape of regularised ReLU networks, exactly."""


for command in (analyze, path, certify, descend, connect, predict, catalogue):
    commands.add_command(command)


def main(listener: Listener | None = None) -> None:
    """The `dualscape` program; a listener that is given hears Ctrl-C already."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A terminal that cannot show a character of a column name is no reason to fail.
            stream.reconfigure(errors="replace")
    commands(obj=listener)

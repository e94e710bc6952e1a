"""A table of houses, and the command line on it."""

import csv
import io

import numpy as np
from click.testing import CliRunner

from dualscape.cli import commands

RNG = np.random.default_rng(0)
SIZE, AGE = RNG.uniform(50, 200, 24).round(1), RNG.uniform(0, 80, 24).round(0)
PRICE = (1000 * SIZE - 300 * AGE + RNG.normal(0, 2000, 24)).round(0)
SOLD = np.where(SIZE - AGE + RNG.normal(0, 20, 24) > 80, "yes", "no")


def run(*arguments, **options):
    return CliRunner().invoke(commands, [str(argument) for argument in arguments], **options)


def written(path, header, *columns):
    lines = [",".join(map(str, row)) for row in zip(*columns, strict=True)]
    path.write_text("\n".join([*([header] if header else []), *lines]) + "\n", encoding="utf-8")
    return path


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))

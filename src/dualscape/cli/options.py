"""Options of the program: each is given once; positive numbers."""

from collections.abc import Mapping
from math import isnan
from typing import Any

import click
from click.core import ParameterSource


class Positive(click.FloatRange):
    """A positive number; NaN, which is in every range for click, is none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number."""
        number: float = super().convert(value, param, ctx)
        if isnan(number):
            self.fail(f"{value} is no positive number.", param, ctx)
        return number


class Once(click.Option):
    """An option that is refused when it is given twice with one value each, instead of keeping the last.

    A flag may be repeated, but not beside its opposite.
    """

    def __init__(self, *names: Any, several: str = "give it once", **settings: Any) -> None:
        """An option as click's; `several` is what to do instead of giving it twice."""
        super().__init__(*names, **settings)
        self._several = several

    def add_to_parser(self, parser: Any, ctx: click.Context) -> None:
        """Have the parser collect all values that are given."""
        if not self.is_flag:
            parser.add_option(obj=self, opts=self.opts, dest=self.name, action="append", nargs=self.nargs)
            return
        for names, value in ((self.opts, True), (self.secondary_opts, False)):
            if names:
                parser.add_option(obj=self, opts=names, dest=self.name, action="append_const", const=value)

    def consume_value(self, ctx: click.Context, opts: Mapping[str, Any]) -> tuple[Any, ParameterSource]:
        """The one value, and where it comes from.

        Raises:
            UsageError: there are several.
        """
        value, source = super().consume_value(ctx, opts)
        if source is not ParameterSource.COMMANDLINE:
            return value, source
        if self.is_flag:
            if len(set(value)) > 1:
                raise click.UsageError(f"{self.opts[0]} and {self.secondary_opts[0]} were both given; give one of them")
        elif len(value) > 1:
            shown = f"{', '.join(map(repr, value[:-1]))} and {value[-1]!r}"
            raise click.UsageError(f"{self.opts[0]} was given {len(value)} times: {shown}; {self._several}")
        return value[-1], source


def option(*names: str, **settings: Any) -> Any:
    """click.option, of an option that is given once."""
    return click.option(*names, cls=Once, **settings)

"""How commands end: what every command of the program has in common."""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NoReturn

import click

from dualscape.errors import ContradictionError, DualscapeError
from dualscape.running.listener import INTERRUPTED, Listener

CATALOGUE = "catalogue:"
NOTHING_YET = "interrupted before there was a result; nothing was written"

#: Exit code after a contradiction (EX_SOFTWARE of sysexits).
CONTRADICTION = 70


class Commands(click.Group):
    """Commands that end with exit code 0, with 2 and one line on the error stream, or after Ctrl-C with 130.

    70 says that dualscape has contradicted itself, which is never the fault of the input.
    """

    def main(self, args: Sequence[str] | None = None, *rest: Any, **extra: Any) -> Any:
        """Run and exit."""
        extra["standalone_mode"] = False
        listener = extra["obj"] = extra.get("obj") or Listener()
        given = sys.argv[1:] if args is None else list(args)
        try:
            super().main(given or ["--help"], *rest, **extra)
        except (click.ClickException, DualscapeError) as error:
            message = error.format_message() if isinstance(error, click.ClickException) else str(error)
            code = CONTRADICTION if isinstance(error, ContradictionError) else 2
            stop(listener, " ".join(message.split()), code)
        except (click.Abort, KeyboardInterrupt):
            stop(listener, NOTHING_YET, INTERRUPTED)
        except OSError as error:
            if error.filename is not None or isinstance(error, ConnectionError):
                raise
            _drop_output()
            stop(listener, f"standard output cannot be written: {error.strerror or error}")
        except MemoryError:
            stop(listener, "out of memory; use fewer rows or features, a smaller --max-vertices, or --oracle ascent")
        listener.leave(0 if listener.wish.since is None else INTERRUPTED)


def stop(listener: Listener, message: str, code: int = 2) -> NoReturn:
    """Say what is wrong in one line and exit; after Ctrl-C with the code of that."""
    click.echo(f"error: {message}", err=True)
    listener.leave(code if listener.wish.since is None else INTERRUPTED)


def _drop_output() -> None:
    """What standard output could not take is not tried again when Python ends."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)

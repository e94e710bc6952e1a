"""A measurement in a process of its own, so that its memory and its failures are its own and it can be ended."""

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection


def call(function: Callable[..., dict], *arguments: object, seconds: float) -> dict:
    """What the function returns, or {"failure": text} when it raises, dies or takes longer than that."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(sender, function, arguments))
    process.start()
    sender.close()
    try:
        if not receiver.poll(seconds):
            return {"failure": f"ended by force after {seconds:g} s"}
        return receiver.recv()
    except EOFError:
        process.join()
        return {"failure": f"the process died (exit code {process.exitcode})"}
    finally:
        process.kill()
        process.join()


def _answer(sender: Connection, function: Callable[..., dict], arguments: tuple) -> None:
    try:
        sender.send(function(*arguments))
    except (ValueError, ArithmeticError, MemoryError, RuntimeError) as error:
        sender.send({"failure": f"{type(error).__name__}: {error}"})

"""Where the `dualscape` program begins: it listens to Ctrl-C before it imports anything that takes time."""

from dualscape.running.listener import Listener


def main() -> None:
    """Entry point of the `dualscape` program."""
    listener = Listener()
    listener.listen()
    from dualscape import cli

    cli.main(listener)


if __name__ == "__main__":
    main()

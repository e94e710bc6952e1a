"""What the command line shows of a network."""

from rich.console import Console
from rich.text import Text

from dualscape.prediction.certify import Certification
from dualscape.report.certification_words import sentences


def show_certification(found: Certification, notes: tuple[str, ...]) -> None:
    """The verdict and what else is known, in words.

    Args:
        found: the certification.
        notes: sentences about the network and the data.
    """
    console = Console(highlight=False)
    console.print(Text(f"{found.problem.title}, beta = {found.problem.beta:.6g}"))
    for note in dict.fromkeys(notes):
        console.print(Text(f"note: {note}", style="yellow"))
    console.print()
    console.print(Text(found.explain(), style="bold green" if found.verdict == "global" else "bold yellow"))
    for sentence in sentences(found):
        console.print(Text(sentence))

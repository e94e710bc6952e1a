"""`dualscape predict`: a saved network put to use on new rows."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dualscape.cli.group import NOTHING_YET, stop
from dualscape.cli.options import option
from dualscape.errors import InputError
from dualscape.running.listener import INTERRUPTED, Listener

if TYPE_CHECKING:
    from dualscape.prediction.new_rows import Predictions

STREAM = "-"


@click.command()
@click.argument("result", type=click.Path(path_type=Path))
@click.argument("new", metavar="NEW.csv")
@option("--output", default=STREAM, metavar="OUT.csv", help="Where to write; - is standard output, and the default.")
@option("--header/--no-header", default=None, help="Whether NEW.csv begins with column names; found out if unsaid.")
@click.pass_obj
def predict(listener: Listener, result: Path, new: str, output: str, header: bool | None) -> None:
    """Predict the target of new rows with the network of RESULT, which `analyze --json` has written.

    NEW.csv is a table with the columns of the features, found by their names in whatever order; - reads standard input.
    Standardising is repeated as it was for the training data.

    \b
    dualscape analyze data.csv --target price --beta-fraction 0.1 --standardize --json result.json
    dualscape predict result.json new.csv --output out.csv

    The output has the columns of NEW.csv as they are, and the last column is `prediction`: in the units of the target,
    or the label of the class. For two classes `probability`, that of the second class, stands before it. Where NEW.csv
    has the target too, the fit is shown. Of several targets each has its own last column, `prediction_NAME`.
    """
    from dualscape.running.files import write_whole

    _check_output(output, result, new)
    found = listener.run(lambda: _predictions(result, new, header), grace=0.0)
    if found is None:
        stop(listener, NOTHING_YET, INTERRUPTED)
    for note in found.notes:
        click.echo(f"note: {note}", err=True)
    if output == STREAM:
        click.echo(found.csv(), nl=False)
    else:
        write_whole(Path(output), found.csv())
    said = [found.fit.explain()] if found.fit is not None else []
    said += [f"wrote {output}"] if output != STREAM else []
    for line in said:
        click.echo(line, err=output == STREAM)


def _check_output(output: str, result: Path, new: str) -> None:
    from dualscape.running.files import check_writable, followed

    if output == STREAM:
        return
    path = Path(output)
    for source in (result, Path(new)):
        if followed(path) == followed(source):
            raise InputError(f"{path} is read and would be overwritten; give another output file")
    check_writable(path)


def _predictions(result: Path, new: str, header: bool | None) -> "Predictions":
    from dualscape.prediction.new_rows import predict_table
    from dualscape.prediction.predictor import load_result

    predictor = load_result(result)
    return predict_table(predictor, Path(new), header=header)

"""Files of data as tests write and read them."""

import pytest

from dualscape.data.tables import read_table
from dualscape.errors import InputError


def write(folder, content, name="data.csv"):
    """The path of a new file with this text (UTF-8, line ends as they are) or these bytes."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read(folder, content, name="data.csv", **options):
    """The table in a new file; the target is the last column if unsaid."""
    return read_table(write(folder, content, name), **({"target": -1} | options))


def refusal(path, **options):
    """What is said of a file that cannot be read as a table: one line."""
    with pytest.raises(InputError) as caught:
        read_table(path, **({"target": -1} | options))
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    return message

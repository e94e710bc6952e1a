"""Named problems, many with known answers (THEORY section 12); `dualscape catalogue` lists them.

>>> entry = get("square")
>>> entry.known.m_star, entry.known.components
(2, {2: 4, 3: 2, 4: 1})
>>> entry.problem().n
4
"""

from difflib import get_close_matches

from dualscape.data.entry import Entry
from dualscape.data.made_problems import MADE
from dualscape.data.real_problems import REAL
from dualscape.errors import InputError

#: All entries by name.
ENTRIES: dict[str, Entry] = {entry.name: entry for entry in MADE + REAL}


def get(name: str) -> Entry:
    """The entry of that name; InputError with the nearest name when there is none."""
    if name not in ENTRIES:
        near = get_close_matches(name, ENTRIES, n=1)
        hint = f"did you mean {near[0]!r}?" if near else "`dualscape catalogue` lists all"
        raise InputError(f"the catalogue has no problem {name!r}; {hint}")
    return ENTRIES[name]

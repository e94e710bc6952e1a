"""One base class for everything dualscape refuses, so that one `except` catches it all.

A message is one line that says what is wrong, where, and what to do about it.
"""


class DualscapeError(ValueError):
    """Base class of all errors that dualscape raises on purpose."""


class InputError(DualscapeError):
    """The data, a parameter or a file cannot be used as given."""


class BudgetError(DualscapeError):
    """An exact answer was asked for that would exceed the stated budget."""


class NotCertifiedError(DualscapeError):
    """An exact statement was asked for where only a search was made."""

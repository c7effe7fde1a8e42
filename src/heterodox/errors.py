"""The one exception that a user can cause."""


class UserError(Exception):
    """Something outside the code is wrong: one line that names the file or key, the fault, and the remedy."""

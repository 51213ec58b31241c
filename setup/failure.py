"""The one error of the set-up: its text is the line a person reads."""


class Failure(Exception):
    """A step or a task failed; the message says which, and what to do where that is known."""

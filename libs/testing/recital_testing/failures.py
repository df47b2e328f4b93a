"""The one error of this room: something does not start, stop or move; its text is for the person at the keys."""


class HouseError(Exception):
    """The house cannot do what was asked."""

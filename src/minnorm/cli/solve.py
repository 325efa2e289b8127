"""`minnorm solve` and `minnorm verify`."""


def solve() -> None:
    """x"""


def verify() -> None:
    """x"""

"""What the page says at its top."""

from collections.abc import Callable


class Messages:
    """What a view says last, below what stays until the reader changes something: what was wrong when it was opened."""

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show
        self._opening = True
        self._standing: list[str] = []
        self._said = ""

    def say(self, text: str) -> None:
        """Show a message; "" takes the last one away."""
        if self._opening and text and text not in self._standing:
            self._standing.append(text)
        self._said = text
        self._refresh()

    def opened(self) -> None:
        """The view is there: what has been said until now stays."""
        self._opening = False

    def heard(self) -> None:
        """The reader has changed something."""
        if not self._opening:
            self._standing.clear()
            self._refresh()

    def _refresh(self) -> None:
        self._show("\n".join(dict.fromkeys([*self._standing, *self._said.splitlines()])))

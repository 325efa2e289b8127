"""The fenced blocks of a page, as the tests run them and notebooks are made of them.

A block's first line says what is in it: its language, then, in quotes after `title=`, a file's name for toml, csv and
modules, or, for Python and sh, the reason why it is not run.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

NOT_RUN = "Not run here: "
_FENCE = re.compile(
    r'^```(\w*)(?: title="([^"\n]*)")?[^\n]*\n(.*?)^```$', re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, title, text, and the page's line where its text begins."""

    language: str
    title: str
    text: str
    line: int

    @property
    def action(self) -> Literal["python", "sh", "write", "show"]:
        """What is to be done with it: execute it, run its commands, write it to the file of its title, or show it."""
        if self.title.startswith(NOT_RUN):
            return "show"
        if self.language == "python" and self.title.endswith(".py"):
            return "write"
        if self.language in ("python", "sh"):
            return self.language  # type: ignore[return-value]
        return "write" if self.language in ("toml", "csv") and self.title else "show"

    def commands(self) -> list[str]:
        """The commands of a shell block, one each, without comments; a backslash continues a line."""
        lines = re.sub(r"\\\n\s*", "", self.text).splitlines()
        return [
            part.strip()
            for line in lines
            for part in re.sub(r"(^|\s)#.*", "", line).split("&&")
            if part.strip()
        ]


def parts(page: str) -> Iterator[str | Block]:
    """The page in order: its prose, and its blocks."""
    end = 0
    for found in _FENCE.finditer(page):
        yield page[end : found.start()]
        language, title, text = found.groups(default="")
        yield Block(language, title, text, page.count("\n", 0, found.start(3)) + 1)
        end = found.end()
    yield page[end:]

"""The reference: each section of `api.md` is a page, with a table of what is on it; `api.md` has all the tables."""

import inspect
import re
from importlib import import_module
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

SOURCE = "api.md"
_NAME = re.compile(r"^::: ([\w.]+)$", re.MULTILINE)
_LINK = re.compile(r"\]\((?:\.\./)*api\.md#(minnorm[\w.]*)\)")


def sections(text: str) -> dict[str, str]:
    """Titles of the sections and what is below them."""
    _, *parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def place(title: str) -> str:
    """The page of a section."""
    words = re.sub(r"`.*?`", "", title).lower()
    return f"api/{re.sub(r'[^a-z]+', '-', words).strip('-')}.md"


def label(title: str) -> str:
    """A section's title in the navigation."""
    return re.sub(r":? `(.+)`$", r" (\1)", title)


def summary(name: str) -> str:
    """The first sentence of a name's docstring; nothing where it has none of its own."""
    *path, last = name.split(".")
    for depth in range(len(path), 0, -1):
        try:
            found: Any = import_module(".".join(path[:depth]))
        except ModuleNotFoundError:
            continue
        for part in [*path[depth:], last]:
            found = getattr(found, part)
        break
    else:
        raise ValueError(f"{SOURCE}: {name} is not there")
    said = inspect.getdoc(found) if callable(found) or inspect.ismodule(found) else None
    first = (said or "").partition("\n\n")[0].replace("\n", " ")
    return first.split(": ", 1)[0].rstrip(".") if len(first) > 140 else first


def breakable(name: str) -> str:
    """A name in a table: it may be broken after its dots."""
    return name.removeprefix("minnorm.").replace(".", ".\u200b")


def table(names: list[str]) -> str:
    """Names with links, and a sentence each."""
    rows = [
        f"| [`{breakable(name)}`][{name}] | {summary(name).replace('|', chr(92) + '|')} |"
        for name in names
    ]
    return "\n".join(["| name | what it is |", "|---|---|", *rows]) + "\n"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the sections' pages, and name them in the navigation."""
    source = files.get_file_from_path(SOURCE)
    assert source is not None
    entries: list[Any] = [{"All names": SOURCE}]
    for title, text in sections(source.content_string).items():
        content = f"# {title}\n\n{_first_table(text)}\n{text}"
        files.append(File.generated(config, place(title), content=content))
        entries.append({label(title): place(title)})
    nav = config.nav
    assert isinstance(nav, list)
    config.nav = [
        {"API": entries} if entry == {"API": SOURCE} else entry for entry in nav
    ]
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Links to names find their pages; `api.md` becomes the tables of all sections."""
    if page.file.src_uri == SOURCE:
        markdown = (
            markdown.partition("\n## ")[0]
            + "\n"
            + "".join(
                f"\n## [{title}]({place(title)})\n\n{_first_table(text)}"
                for title, text in sections(markdown).items()
            )
        )
    return _LINK.sub(r"][\1]", markdown)


def _first_table(text: str) -> str:
    names = _NAME.findall(text)
    return table(names) if names else ""

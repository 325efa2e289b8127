"""Tutorials: each page is executed as a notebook when the site is built, and can be downloaded as one.

A page is plain Markdown. Its Python blocks become cells, shell blocks cells of `%%bash`, and files it shows are
written; what the cells print and draw goes below them. Executed notebooks are kept in `.cache` until the page or the
library changes. A cell that fails stops the build.
"""

import base64
import hashlib
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import nbformat
from blocks import Block, parts
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "tutorials"
FOLDER = "tutorials/"
_SETUP = "%config InlineBackend.figure_formats = ['svg']"
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_MAGIC = {"python": "", "sh": "%%bash\n", "write": "%%writefile {title}\n"}


def notebook(page: str) -> nbformat.NotebookNode:
    """The notebook of a page, not yet executed."""
    cells = []
    for part in parts(page):
        if isinstance(part, Block) and part.action != "show":
            source = _MAGIC[part.action].format(title=part.title) + part.text
            cells.append(
                nbformat.v4.new_code_cell(source.rstrip("\n"), id=f"cell-{len(cells)}")
            )
        else:
            text = (
                f"```{part.language}\n{part.text}```"
                if isinstance(part, Block)
                else part.strip()
            )
            if text:
                cells.append(
                    nbformat.v4.new_markdown_cell(text, id=f"cell-{len(cells)}")
                )
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})


def missing(page: str) -> str | None:
    """The first library that a page says it needs, in a comment, and that is not installed."""
    needs = re.search(r"<!-- needs: ([\w ]+) -->", page)
    names = needs[1].split() if needs else []
    return next((name for name in names if find_spec(name) is None), None)


def executed(page: str) -> nbformat.NotebookNode:
    """The same with its outputs; an exception if a cell fails."""
    content = notebook(page)
    setup = nbformat.v4.new_code_cell(_SETUP, id="setup")
    content.cells.insert(0, setup)
    before = os.environ["PATH"]
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{before}"
    try:
        with tempfile.TemporaryDirectory() as folder:
            where = {"metadata": {"path": folder}}
            quiet = ["--log-level=ERROR"]
            NotebookClient(
                content,
                kernel_name="python3",
                timeout=600,
                resources=where,
                extra_arguments=quiet,
            ).execute()
    finally:
        os.environ["PATH"] = before
    content.cells.remove(setup)
    for cell in content.cells:
        cell.metadata.pop("execution", None)  # times
    return content


def rendered(
    page: str, content: nbformat.NotebookNode, name: str
) -> tuple[str, dict[str, bytes]]:
    """The page with what its cells said below them, and the pictures they drew, by file name."""
    code = iter(cell for cell in content.cells if cell.cell_type == "code")
    text, pictures = [], {}
    for part in parts(page):
        if not isinstance(part, Block):
            text.append(part)
            continue
        heading = f' title="{part.title}"' if part.title else ""
        text.append(f"```{part.language}{heading}\n{part.text}```\n")
        for output in _merged(next(code).outputs) if part.action != "show" else []:
            if isinstance(output, str):
                if part.action != "write":
                    text.append(f'\n```text title="Output"\n{output}\n```\n')
                continue
            kind = "svg" if "image/svg+xml" in output else "png"
            picture = f"{name}-{len(pictures) + 1}.{kind}"
            pictures[picture] = (
                output["image/svg+xml"].encode()
                if kind == "svg"
                else base64.b64decode(output["image/png"])
            )
            text.append(f"\n![What the code above draws]({picture})\n")
    return "".join(text), pictures


def _merged(outputs: list[Any]) -> Iterator[str | dict[str, str]]:
    """What a cell printed, in one piece, and the pictures it drew; nothing of its warnings and progress."""
    said = "".join(
        output["text"]
        if output.output_type == "stream"
        else output["data"]["text/plain"] + "\n"
        for output in outputs
        if output.get("name", "stdout") == "stdout" and not _picture(output)
    )
    if said.strip():
        yield _COLOUR.sub("", said).rstrip()
    yield from (output["data"] for output in outputs if _picture(output))


def _picture(output: Any) -> bool:
    return any(kind.startswith("image/") for kind in output.get("data", {}))


def _version() -> bytes:
    """A hash of the library, and of how pages are made."""
    digest = hashlib.sha256()
    for path in sorted(
        [*(ROOT / "src").rglob("*.py"), *Path(__file__).parent.glob("*.py")]
    ):
        digest.update(path.read_bytes())
    return digest.digest()


def _from_cache(page: str, version: bytes) -> nbformat.NotebookNode:
    path = CACHE / f"{hashlib.sha256(version + page.encode()).hexdigest()[:20]}.ipynb"
    if not path.exists():
        content = executed(page)
        CACHE.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}")
        nbformat.write(content, part)
        part.replace(path)
    return nbformat.read(path, as_version=4)


_pages: dict[str, str] = {}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Execute the tutorials, and add notebooks and pictures to the site."""
    version = _version()
    for file in [
        file for file in files.documentation_pages() if file.src_uri.startswith(FOLDER)
    ]:
        if file.name == "index":
            continue
        page = file.content_string
        if missing(page):
            continue  # shown as it is
        content = _from_cache(page, version)
        _pages[file.src_uri], pictures = rendered(page, content, file.name)
        files.append(
            File.generated(
                config, f"{FOLDER}{file.name}.ipynb", content=nbformat.writes(content)
            )
        )
        for name, picture in pictures.items():
            files.append(File.generated(config, FOLDER + name, content=picture))
    return files


def on_page_markdown(
    markdown: str, page: Page, config: MkDocsConfig, files: Files
) -> str:
    """A tutorial with its outputs, and where its notebook is."""
    if page.file.src_uri not in _pages:
        return markdown
    heading, _, rest = _pages[page.file.src_uri].partition("\n")
    return f"{heading}\n\n[Download as a notebook]({page.file.name}.ipynb)\n{rest}"


def main(arguments: list[str]) -> Any:
    """Write the notebooks of the pages named, not executed: `python docs/site/notebooks.py docs/tutorials/first.md`."""
    for name in arguments:
        nbformat.write(
            notebook(Path(name).read_text()), Path(name).with_suffix(".ipynb").name
        )


if __name__ == "__main__":
    main(sys.argv[1:])

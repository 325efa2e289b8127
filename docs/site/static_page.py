"""The page that needs no server, as a page of the site: `static.html`."""

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from minnorm.explore.static.page import static_page


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the page to what is copied."""
    files.append(File.generated(config, "static.html", content=static_page()))
    return files

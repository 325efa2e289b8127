"""The static page, put together from its parts."""

from importlib import resources

from minnorm.explore.page.theme import DARK, LIGHT, Theme

_COLOURS = ("paper", "surface", "ink", "soft", "faint", "accent", "function", "other", "band", "learned", "point")
_TABLES = ("bumps", "regions")


def static_page() -> str:
    """The page as one HTML document: it asks nobody for anything, wherever it lies.

    >>> page = static_page()
    >>> page.startswith("<!doctype html>"), len(page.encode()) < 500_000
    (True, True)
    """
    tables = ",".join(f'"{name}":{_read(f"{name}.json").strip()}' for name in _TABLES)
    parts = {
        "colours": _colours(),
        "style": _read("page.css"),
        "tables": "{" + tables.replace("<", "\\u003c") + "}",
        "script": _read("page.js").replace("</script", "<\\/script"),
    }
    page = _read("page.html")
    for name, content in parts.items():
        page = page.replace("{{" + name + "}}", content)
    return page


def _colours() -> str:
    light, dark = _variables(LIGHT), _variables(DARK)
    return "\n".join(
        [
            f":root {light}",
            f"@media (prefers-color-scheme: dark) {{ :root {dark} }}",
            f':root[data-theme="light"] {light}',
            f':root[data-theme="dark"] {dark}',
        ]
    )


def _variables(theme: Theme) -> str:
    colours = " ".join(f"--{name}: {getattr(theme, name)};" for name in _COLOURS)
    return f"{{ color-scheme: {theme.name}; {colours} }}"


def _read(name: str) -> str:
    return resources.files("minnorm.explore.static").joinpath(name).read_text("utf-8")

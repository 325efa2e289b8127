"""What all views share, in a real browser: history, messages, words, themes, phones."""

from urllib.parse import parse_qs, urlsplit

import pytest

from minnorm import known

pytestmark = [pytest.mark.browser, pytest.mark.slow]

VIEWS = ["line", "bump", "plane", "regions", "atlas"]
HAT = "x=-1~0~1&y=0~1~0"


def enter(page, label: str, number: float) -> None:
    field = page.get_by_label(label)
    field.fill(str(number))
    field.press("Enter")


def shown(page, y: float) -> None:
    """Until the hat of this height is in the address, in the table, on the plot and solved."""
    page.wait_for_function("(y) => new URLSearchParams(location.search).get('y') === `0~${y}~0`", arg=y)
    field = page.get_by_label("y of point 2")
    page.wait_for_function("([field, y]) => Number(field.value) === y", arg=[field.element_handle(), y])
    page.wait_for_function(
        """(y) => Array.from(Bokeh.documents[0].get_model_by_name("function").renderers
          .find((renderer) => renderer.name === "points").data_source.data.y)[1] === y""",
        arg=y,
    )
    norm = known.line([-1, 0, 1], [0, y, 0]).value
    page.locator("dd").first.filter(has_text=f"{norm:g}").wait_for()


def test_gestures_are_undone_and_redone_by_keys_buttons_and_the_browser(open_page):
    page = open_page("line", HAT)
    shown(page, 1)
    undo, redo = (page.get_by_role("button", name=name, exact=True) for name in ("Undo", "Redo"))
    assert undo.is_disabled()
    assert redo.is_disabled()
    for height in (2, 3):
        enter(page, "y of point 2", height)
        shown(page, height)
    page.keyboard.press("Control+z")
    shown(page, 2)
    undo.click()
    shown(page, 1)
    assert undo.is_disabled()
    page.keyboard.press("Control+Shift+z")
    shown(page, 2)
    redo.click()
    shown(page, 3)
    page.go_back()
    shown(page, 2)
    enter(page, "y of point 2", 5)
    shown(page, 5)
    assert redo.is_disabled()
    page.go_back()
    shown(page, 2)


def test_in_a_field_that_is_typed_into_undo_is_the_fields_own(open_page):
    page = open_page("line", HAT)
    enter(page, "y of point 2", 2)
    shown(page, 2)
    page.get_by_label("y of point 3").focus()
    page.keyboard.type("7")
    page.keyboard.press("Control+z")
    page.keyboard.press("Enter")
    assert parse_qs(urlsplit(page.url).query)["y"] == ["0~2~0"]


def test_what_is_wrong_in_a_url_stays_until_something_is_changed(open_page):
    page = open_page("line", "x=1~2&y=3")
    alert = page.get_by_role("alert")
    alert.filter(has_text="2 numbers x and 1 numbers y").wait_for()
    page.locator("dd").first.filter(has_text="4.5").wait_for()
    assert "2 numbers x" in alert.inner_text()
    enter(page, "y of point 2", 0.2)
    page.locator("#message:empty").wait_for(state="attached")


def test_questions_are_answered_by_the_glossary(open_page):
    page = open_page("line", HAT)
    page.get_by_role("button", name="What is: lower bound?").click()
    box = page.get_by_role("dialog", name="Glossary")
    box.filter(has_text="A number that no network of any width is below").wait_for()
    page.keyboard.press("Escape")
    box.wait_for(state="hidden")


def test_a_hint_is_there_until_it_has_been_read(open_page):
    page = open_page("line", HAT)
    hint = page.get_by_label("Hint")
    hint.filter(has_text="Drag the points").wait_for()
    hint.get_by_role("button").click()
    hint.wait_for(state="hidden")
    page.reload()
    page.wait_for_function("globalThis.Bokeh?.documents?.[0]?.is_idle")
    assert not hint.is_visible()


def test_examples_are_one_gesture(open_page):
    page = open_page("line", HAT)
    shown(page, 1)
    page.get_by_label("Example").select_option("four points: many minimisers")
    page.get_by_label("x of point 4").wait_for()
    page.get_by_text("all functions in the shaded band").wait_for()
    page.wait_for_url("**y=0~1~1~0**")
    page.keyboard.press("Control+z")
    shown(page, 1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_theme_of_the_system_is_no_part_of_the_address(open_page, scheme):
    page = open_page("line", HAT, color_scheme=scheme)
    page.wait_for_function(
        """(dark) => document.readyState === "complete" &&
          (parseInt(getComputedStyle(document.documentElement).backgroundColor.slice(4)) < 64) === dark""",
        arg=scheme == "dark",
    )
    assert "theme" not in page.url
    other = "light" if scheme == "dark" else "dark"
    page.get_by_role("button", name=f"{other.capitalize()} theme").click()
    page.get_by_role("button", name=f"{scheme.capitalize()} theme").wait_for()
    assert "theme" not in page.url


@pytest.mark.parametrize("view", VIEWS)
def test_a_phone_has_the_plot_first_controls_in_drawers_and_no_sideways_scroll(open_page, view):
    page = open_page(view, viewport={"width": 390, "height": 844})
    page.wait_for_function("document.documentElement.scrollWidth <= 390")
    for button in page.locator("#drawers button").all():
        button.click()
        assert button.get_attribute("aria-expanded") == "true"
    assert page.locator("#drawers button[aria-expanded=true]").count() == 1
    page.wait_for_function("document.documentElement.scrollWidth <= 390")


def test_a_drawer_has_controls_that_work(open_page):
    page = open_page("line", HAT, viewport={"width": 390, "height": 844})
    shown(page, 1)
    field = page.get_by_label("y of point 2")
    assert not field.is_visible()
    page.get_by_role("button", name="Points and penalty").click()
    enter(page, "y of point 2", 2)
    shown(page, 2)
    page.get_by_role("button", name="Points and penalty").click()
    field.wait_for(state="hidden")


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("width", [1400, 390])
def test_stops_of_the_tab_key_have_names_and_axe_finds_nothing(open_page, violations, view, width):
    page = open_page(view, viewport={"width": width, "height": 900})
    page.wait_for_function("!document.querySelector('main').textContent.includes('at work')")
    page.wait_for_function(
        """() => Bokeh.documents[0].roots().every((root) => Array.from(root.references()).every((plot) => {
          const layer = plot.type === "Figure" ? Bokeh.index.find_one(plot)?.canvas_view?.events_el : null;
          return !layer || layer.hasAttribute("aria-label");
        }))"""
    )
    for _ in range(120):
        page.keyboard.press("Tab")
        stop = page.evaluate(
            """() => {
              let at = document.activeElement;
              while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
              if (!at || at === document.body) return null;
              const name = at.getAttribute("aria-label") || at.labels?.[0]?.textContent || at.textContent?.trim();
              return [name || "", at.outerHTML.slice(0, 100)];
            }"""
        )
        if stop is None:
            break
        assert stop[0], stop[1]
    assert violations(page) == []


def test_a_repaint_leaves_style_sheets_that_stay_the_same(open_page):
    page = open_page("line", HAT)
    shown(page, 1)
    sheets, written = page.evaluate(
        """() => {
          const view = Bokeh.index.find_one(Bokeh.documents[0].get_model_by_name("function"));
          const sheets = view.computed_renderer_views.map((part) => part.position?.el).filter(Boolean);
          view.repaint();
          const texts = sheets.map((sheet) => sheet.firstChild);
          view.repaint();
          return [sheets.length, sheets.filter((sheet, i) => sheet.firstChild !== texts[i]).length];
        }"""
    )
    assert sheets > 0
    assert written == 0


def test_a_store_opens_in_the_atlas(serve, browser, tmp_path):
    (tmp_path / "results").mkdir()
    with serve(str(tmp_path / "results")) as served:
        page = browser.new_page()
        page.goto(served.url)
        assert page.url == served.at("atlas")
        page.close()


def test_a_button_may_change_before_it_is_drawn(open_page):
    page = open_page("line")
    changed = page.evaluate("""() => {
      const models = Bokeh.documents[0].roots().flatMap((root) => [...root.references()]);
      const view = Bokeh.index.find_one(models.find((model) => model.label === "Stop"));
      view.button_el = undefined;
      view.model.disabled = false;
      return view.button_el.disabled;
    }""")
    assert changed is False

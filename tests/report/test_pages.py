"""The registry of pages and the pages themselves agree."""

from pathlib import Path

import pytest

import minnorm.report
from minnorm.report.html import page
from minnorm.study.specification.pages import PAGES


def test_every_page_is_registered_and_every_entry_has_its_page():
    folder = Path(minnorm.report.__file__).parent
    assert set(PAGES) == {path.parent.name for path in folder.glob("*/section.py")}
    assert all(one.about for one in PAGES.values())


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_nothing_to_say_of_no_studies_that_are_done(name, tmp_path, make_small):
    from minnorm import study

    store = study.Store(tmp_path)
    store.begin(study.parse(make_small()))
    with pytest.raises(ValueError, match=r"no shard .*is done.*run the study first"):
        page(name).sections([store])

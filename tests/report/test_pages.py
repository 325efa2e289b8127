"""The registry of pages and the pages themselves agree."""

from pathlib import Path

import pytest

import minnorm.report
from minnorm.study.specification.pages import Page, known, page


def test_every_package_of_reports_is_a_page_called_as_it_is():
    folder = Path(minnorm.report.__file__).parent
    packages = {path.parent.name for path in folder.glob("*/section.py")}
    assert packages <= set(known())
    for word in packages:
        assert isinstance(page(word), Page)
        assert page(word).word == word
        assert page(word).__doc__


@pytest.mark.parametrize("name", known())
def test_a_page_has_nothing_to_say_of_no_studies_that_are_done(name, tmp_path, make_small):
    from minnorm import study

    store = study.Store(tmp_path)
    store.begin(study.parse(make_small()))
    with pytest.raises(ValueError, match=r"no shard .*is done.*run the study first"):
        page(name).sections([store])

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest


@pytest.fixture(autouse=True)
def nothing_stays():
    """No test leaves a figure or a setting to the next, or opens a window."""
    before = mpl.get_backend()
    plt.switch_backend("agg")
    settings = dict(mpl.rcParams)
    yield
    assert {name: mpl.rcParams[name] for name in settings} == settings
    plt.close("all")
    plt.switch_backend(before)

"""What several files of tests of training share."""

import jax
import pytest
from jax.experimental.compilation_cache import compilation_cache


@pytest.fixture(scope="module")
def compiled_once(tmp_path_factory):
    """Grids of one shape are one program, so tests that use them share theirs through a cache on disk."""
    settings = {
        "jax_compilation_cache_dir": str(tmp_path_factory.mktemp("programs")),
        "jax_persistent_cache_min_compile_time_secs": 0.0,
    }
    before = {name: getattr(jax.config, name) for name in settings}
    for now in (settings, before):
        compilation_cache.reset_cache()
        for name, value in now.items():
            jax.config.update(name, value)
        if now is settings:
            yield
    compilation_cache.reset_cache()

"""How every test runs: the same examples each time, and no clock; what takes long is made once, the slowest first."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import settings

from tests.shared import FOLDER

# the same examples on every machine, however slow it is
settings.register_profile("house", deadline=None, derandomize=True, database=None)
settings.load_profile("house")

# begun first, so that at the end no worker waits for the other: each samples posteriors for a minute or more
SLOWEST = ("test_self_check.py", "test_validation.py", "test_sampler.py", "test_run.py")


def pytest_configure(config):
    """Give all processes of these tests one folder for programs that JAX compiled and for `made_once`; then remove it.

    Processes that the first one starts inherit where it is.
    """
    if "PYTEST_XDIST_WORKER" in os.environ:
        return
    folder = TemporaryDirectory(prefix="sciatrial-tests-")
    config.add_cleanup(folder.cleanup)
    os.environ[FOLDER] = folder.name
    os.environ["JAX_COMPILATION_CACHE_DIR"] = str(Path(folder.name, "compiled"))


def pytest_collection_modifyitems(items):
    """Put the slowest files of calibration first; the others keep their order."""
    first = {Path(__file__).parent / "calibration" / name: place for place, name in enumerate(SLOWEST)}
    items.sort(key=lambda item: first.get(item.path, len(first)))

"""What takes minutes is made by the first process of a test run that asks for it, and read by the others."""

import os
import pickle
from pathlib import Path

from filelock import FileLock

FOLDER = "SCIATRIAL_TESTS"


def made_once(name, make):
    """Return what `make` gives, as whichever process came first made it."""
    path = Path(os.environ[FOLDER], f"{name}.pickle")
    with FileLock(path.with_suffix(".lock")):
        if not path.exists():
            made = pickle.dumps(make())
            path.write_bytes(made)
    return pickle.loads(path.read_bytes())

"""COPASI (LSODA) on every exported case."""

import sys
from pathlib import Path

import basico
import COPASI
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
from every_case import compare

from sciatrial.exchange import Case, to_sbml


def course(case: Case, days: np.ndarray) -> dict[str, np.ndarray]:
    """Return every output on these days (dims ``day``)."""
    model = basico.load_model_from_string(to_sbml(case))
    names = [item.name for item in case.model.outputs]
    shown = [f"Values[{name.replace('_', ' ')}]" for name in names]  # COPASI calls things by their SBML name
    table = basico.run_time_course_with_output(
        shown, values=[0.0, *days], r_tol=1e-12, a_tol=1e-14, method="deterministic", max_steps=1_000_000
    ).to_numpy()
    basico.remove_datamodel(model)
    return {name: table[1:, place] for place, name in enumerate(names)}


if __name__ == "__main__":
    compare("copasi", COPASI.__version__, course)

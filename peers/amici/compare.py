"""AMICI (SUNDIALS, generated C++) on every exported case. Needs a C++ compiler, CMake, BLAS; half a minute a case."""

import os
import shutil
import sys
import tempfile
from pathlib import Path

# the peer's own swig, and code that is not optimised: building takes far longer than solving
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
os.environ["ENABLE_AMICI_DEBUGGING"] = "TRUE"

import amici
import amici.sim.sundials as sundials
import numpy as np
from amici.importers.sbml import SbmlImporter

sys.path.insert(0, str(Path(__file__).parents[1]))
from every_case import compare

from sciatrial.exchange import Case, to_sbml


def course(case: Case, days: np.ndarray) -> dict[str, np.ndarray]:
    """Return every output on these days (dims ``day``)."""
    folder = Path(tempfile.mkdtemp())
    try:
        file = folder / "case.xml"
        file.write_text(to_sbml(case), encoding="utf-8")
        model = SbmlImporter(str(file)).sbml2amici(
            case.name,
            str(folder / "built"),
            generate_sensitivity_code=False,
            compute_conservation_laws=False,
            simplify=_as_exported,
        )
        model.set_timepoints(days)
        solver = model.create_solver()
        solver.set_relative_tolerance(1e-12)
        solver.set_absolute_tolerance(1e-14)
        solver.set_max_steps(1_000_000)
        run = sundials.run_simulation(model, solver)
        states, rules = list(model.get_state_ids()), list(model.get_expression_ids())
        return {
            item.name: run["x"][:, states.index(item.name)]
            if item.name in states
            else run["w"][:, rules.index(item.name)]
            for item in case.model.outputs
        }
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _as_exported(formula: object) -> object:
    """Leave a formula as it is: rearranging them takes a third of the time and changes nothing."""
    return formula


if __name__ == "__main__":
    compare("amici", amici.__version__, course)

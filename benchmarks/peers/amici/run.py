"""AMICI (CVODES, generated and optimised C++, sparse analytic Jacobian) with our exported SBML, from event to event."""

import hashlib
import logging
import os
import shutil
import sys
from pathlib import Path

# the environment's own swig and CMake
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

import amici
import amici.sim.sundials as sundials
import numpy as np
from amici.importers.sbml import SbmlImporter
from amici.importers.utils import MeasurementChannel

sys.path.append(str(Path(__file__).parents[1]))
from worker import Inputs, one_by_one, serve

MODEL = "sciatica_bench"


def built(inputs: Inputs):
    """Return the model's module, compiled unless the same was compiled before."""
    # the states as what is measured: to be given these alone saves AMICI more time than solving takes
    measured = [MeasurementChannel(id_=f"seen_{name}", formula=name) for name in inputs.state_names]
    key = hashlib.sha256((inputs.text("model.xml") + amici.__version__ + repr(measured)).encode()).hexdigest()[:16]
    folder = inputs.folder / f"amici_{key}"
    if not (folder / "done").exists():
        shutil.rmtree(folder, ignore_errors=True)
        SbmlImporter(str(inputs.folder / "model.xml")).sbml2amici(
            MODEL, str(folder), generate_sensitivity_code=False, compute_conservation_laws=False,
            observation_model=measured,
        )  # fmt: skip
        (folder / "done").touch()
    return amici.import_model_module(MODEL, str(folder))


def prepare(inputs: Inputs):
    """Return its two formulas, and its two sensible linear solvers for the stiff one."""
    logging.disable(logging.ERROR)  # it has a word about each run
    model = built(inputs).get_model()
    known = list(model.get_free_parameter_ids())
    of_parameters = [known.index(name) for name in inputs.parameter_names]
    states = list(model.get_state_ids())
    of_states = [states.index(name) for name in inputs.state_names]
    numbers, start = np.array(model.get_free_parameters()), np.zeros(len(states))

    def solver(formula, linear):
        integrator = model.create_solver()
        integrator.set_linear_multistep_method(formula)
        integrator.set_linear_solver(linear)
        integrator.set_max_steps(100_000)
        integrator.set_return_data_reporting_mode(sundials.RDataReporting_observables_likelihood)
        integrator.set_stability_limit_flag(False)  # Adams does not go with it

        def with_tolerance(tolerance: float):
            integrator.set_relative_tolerance(tolerance)
            integrator.set_absolute_tolerance(0.01 * tolerance)

            def of_one(row: int) -> np.ndarray:
                numbers[of_parameters] = inputs.parameters[row]
                model.set_free_parameters(numbers)

                def solve(y, segment):
                    start[of_states] = y
                    model.set_t0(segment.start)
                    model.set_timepoints(segment.days)
                    model.set_initial_state(start)
                    run = sundials.run_simulation(model, integrator)
                    if run.status != sundials.AMICI_SUCCESS:
                        raise ArithmeticError(f"status {run.status}")
                    return np.asarray(run.y)

                return inputs.course(row, solve)

            return of_one

        return with_tolerance

    solvers = {
        "CVODES BDF KLU": solver(sundials.LinearMultistepMethod_BDF, sundials.LinearSolver_KLU),
        "CVODES BDF dense": solver(sundials.LinearMultistepMethod_BDF, sundials.LinearSolver_dense),
        "CVODES Adams": solver(sundials.LinearMultistepMethod_adams, sundials.LinearSolver_KLU),
    }
    return {name: one_by_one(inputs, item) for name, item in solvers.items()}


if __name__ == "__main__":
    serve(prepare, amici.__version__, notes=["our SBML; generated C++; from event to event"])

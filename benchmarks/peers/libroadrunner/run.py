"""libRoadRunner (CVODE) with our exported SBML; what events do to states is set between them."""

import sys
from pathlib import Path

import numpy as np
import roadrunner

sys.path.append(str(Path(__file__).parents[1]))
from worker import Inputs, one_by_one, serve


def prepare(inputs: Inputs):
    """Return CVODE by its stiff and by its non-stiff formulas.

    Its RK45 is left out: from event to event its values were wrong at every setting.
    """
    roadrunner.Logger.setLevel(roadrunner.Logger.LOG_CRITICAL)
    runner = roadrunner.RoadRunner(str(inputs.folder / "model.xml"))
    known = list(runner.model.getGlobalParameterIds())
    of_parameters = [known.index(name) for name in inputs.parameter_names]
    of_states = [known.index(name) for name in inputs.state_names]
    runner.setIntegrator("cvode")
    runner.timeCourseSelections = inputs.state_names

    def solver(*, is_stiff: bool):
        def with_tolerance(tolerance: float):
            settings = {"stiff": is_stiff, "relative_tolerance": tolerance, "absolute_tolerance": 0.01 * tolerance}
            for setting, value in (settings | {"maximum_num_steps": 100_000}).items():
                runner.integrator.setValue(setting, value)

            def of_one(row: int) -> np.ndarray:
                runner.reset()
                runner.model.setGlobalParameterValues(of_parameters, list(inputs.parameters[row]))

                def solve(y, segment):
                    runner.model.setGlobalParameterValues(of_states, list(y))
                    runner.integrator.restart(segment.start)
                    return np.array(runner.simulate(times=[segment.start, *segment.days]))[1:]

                return inputs.course(row, solve)

            return of_one

        return with_tolerance

    solvers = {"CVODE BDF": solver(is_stiff=True), "CVODE Adams": solver(is_stiff=False)}
    return {name: one_by_one(inputs, item) for name, item in solvers.items()}


if __name__ == "__main__":
    serve(prepare, roadrunner.__version__, notes=["our SBML; from event to event"])

"""pydiffsol (diffsol, in Rust) with the model in its own language, compiled by its own compiler."""

import sys
from functools import cache
from pathlib import Path

import numpy as np
import pydiffsol

sys.path.append(str(Path(__file__).parents[1]))
from worker import Inputs, one_by_one, serve

MATRICES = {"dense": pydiffsol.nalgebra_dense, "sparse": pydiffsol.faer_sparse}
METHODS = {
    "BDF": pydiffsol.bdf, "TR-BDF2": pydiffsol.tr_bdf2, "ESDIRK34": pydiffsol.esdirk34, "Tsit5": pydiffsol.tsit45,
}  # fmt: skip


def prepare(inputs: Inputs):
    """Return every method with dense and with sparse matrices."""
    code = inputs.text("rates.diffsl")

    @cache  # compiled when first asked for
    def compiled(matrix, method):
        return pydiffsol.Ode(code, matrix_type=MATRICES[matrix], ode_solver=METHODS[method])

    def solver(matrix: str, method: str):
        def with_tolerance(tolerance: float):
            ode = compiled(matrix, method)
            ode.rtol, ode.atol = tolerance, 0.01 * tolerance

            def of_one(row: int) -> np.ndarray:
                numbers = np.concatenate([inputs.parameters[row], inputs.initial[row]])
                n = len(inputs.parameters[row])

                def solve(y, segment):
                    numbers[n:] = y
                    return np.asarray(ode.solve_dense(numbers, segment.days - segment.start).ys).T

                return inputs.course(row, solve)

            return of_one

        return with_tolerance

    solvers = {
        f"{method} {matrix}": solver(matrix, method)
        for method in METHODS
        for matrix in (MATRICES if method != "Tsit5" else ["dense"])
    }
    return {name: one_by_one(inputs, item) for name, item in solvers.items()}


if __name__ == "__main__":
    serve(prepare, pydiffsol.version(), notes=["model in DiffSL"])

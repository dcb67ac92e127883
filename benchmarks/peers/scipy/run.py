"""scipy with the right-hand side, and where it helps the Jacobian, that our engine generates for numba."""

import sys
from pathlib import Path

import numba
import numpy as np
import scipy
from scipy.integrate import odeint, solve_ivp

sys.path.append(str(Path(__file__).parents[1]))
from worker import Inputs, one_by_one, serve

METHODS = ("RK45", "DOP853", "LSODA", "BDF", "Radau")


def prepare(inputs: Inputs):
    """Return odeint (LSODA in Fortran or C, its loop too) and the methods of solve_ivp."""
    source: dict = {"kernel": lambda signature: numba.njit(signature, error_model="numpy", fastmath=True)}
    exec(inputs.text("kernels.py"), source)
    n, places = len(inputs.state_names), source["PLACES"]

    def of_patient(row: int):
        c = np.empty(source["CONSTANTS"])
        source["fill_constants"](inputs.parameters[row], c)
        f, j, full = np.empty(n), np.empty(len(places[0])), np.zeros((n, n))

        def rates(_, y):
            source["rates"](y, c, f)
            return f.copy()

        def jacobian(_, y):
            source["rates_and_jacobian"](y, c, f, j)
            full[places] = -j
            return full

        return rates, jacobian

    def by_odeint(tolerance: float):
        def of_one(row: int) -> np.ndarray:
            rates, jacobian = of_patient(row)

            def solve(y, segment):
                days = np.concatenate([[segment.start], segment.days])
                found, told = odeint(
                    rates, y, days, tfirst=True, Dfun=jacobian, rtol=tolerance, atol=tolerance * 0.01 * inputs.scales,
                    mxstep=20_000, full_output=True,
                )  # fmt: skip
                if told["message"] != "Integration successful.":
                    raise ArithmeticError(told["message"])
                return found[1:]

            return inputs.course(row, solve)

        return of_one

    def by_solve_ivp(method: str):
        def with_tolerance(tolerance: float):
            def of_one(row: int) -> np.ndarray:
                rates, jacobian = of_patient(row)
                more = {"jac": jacobian} if method in ("LSODA", "BDF", "Radau") else {}

                def solve(y, segment):
                    done = solve_ivp(
                        rates, (segment.start, segment.days[-1]), y, method, segment.days, rtol=tolerance,
                        atol=tolerance * 0.01 * inputs.scales, **more,
                    )  # fmt: skip
                    if not done.success:
                        raise ArithmeticError(done.message)
                    return done.y.T

                return inputs.course(row, solve)

            return of_one

        return with_tolerance

    solvers = {"odeint": by_odeint} | {method: by_solve_ivp(method) for method in METHODS}
    return {name: one_by_one(inputs, solver) for name, solver in solvers.items()}


if __name__ == "__main__":
    serve(prepare, scipy.__version__, notes=["our generated right-hand side and Jacobian, by numba"])

"""numbalsoda with the right-hand side that our engine generates: LSODA, and DOP853 for the not so stiff."""

import sys
from importlib.metadata import version
from pathlib import Path

import numba
import numpy as np
from numbalsoda import dop853, lsoda, lsoda_sig

sys.path.append(str(Path(__file__).parents[1]))
from worker import Inputs, serve


def prepare(inputs: Inputs):
    """Compile a loop over patients for each method."""
    source: dict = {"kernel": lambda _: numba.njit(error_model="numpy", fastmath=True)}
    exec(inputs.text("kernels.py"), source)
    n, n_constants = len(inputs.state_names), source["CONSTANTS"]
    fill_constants, rates = source["fill_constants"], source["rates"]

    @numba.cfunc(lsoda_sig)
    def right_hand_side(_, y, f, c):
        rates(numba.carray(y, (n,)), numba.carray(c, (n_constants,)), numba.carray(f, (n,)))

    address = right_hand_side.address

    def loop(method, absolute):
        @numba.njit
        def solve(rows, relative, parameters, initial, visits, event_start, event_day, event_state, factor, amount):
            states = np.full((len(rows), len(visits), n), np.nan)
            c = np.empty(n_constants)
            for place in range(len(rows)):
                row = rows[place]
                fill_constants(parameters[row], c)
                y = initial[row].copy()
                event, visit, day = event_start[row], 0, 0.0
                while visit < len(visits) and visits[visit] <= day:
                    states[place, visit] = y
                    visit += 1
                while visit < len(visits):
                    while event < event_start[row + 1] and event_day[event] <= day:
                        y[event_state[event]] = factor[event] * y[event_state[event]] + amount[event]
                        event += 1
                    stop = visits[-1]
                    if event < event_start[row + 1] and event_day[event] < stop:
                        stop = event_day[event]
                    days = np.empty(len(visits) + 2)
                    days[0] = day
                    count = 0
                    while visit + count < len(visits) and visits[visit + count] <= stop:
                        days[1 + count] = visits[visit + count]
                        count += 1
                    n_days = 1 + count
                    if days[n_days - 1] < stop:
                        days[n_days] = stop
                        n_days += 1
                    found, is_solved = method(address, y, days[:n_days].copy(), c, relative, absolute * relative)
                    if not is_solved:
                        states[place] = np.nan
                        break
                    states[place, visit : visit + count] = found[1 : 1 + count]
                    y = found[n_days - 1].copy()
                    visit += count
                    day = stop
            return states

        def run(tolerance, rows):
            return solve(
                rows, tolerance, inputs.parameters, inputs.initial, inputs.visits, inputs.event_start,
                inputs.event_day, inputs.event_state, inputs.event_factor, inputs.event_amount,
            )  # fmt: skip

        return run

    return {"LSODA": loop(lsoda, 0.01), "DOP853": loop(dop853, 0.01)}


if __name__ == "__main__":
    serve(prepare, version("numbalsoda"), notes=["our generated right-hand side"])

"""diffrax (JAX) with the model as JAX source, compiled for a batch of patients; one loop goes from event to event."""

import sys
from importlib.metadata import version
from pathlib import Path

import diffrax
import jax
import jax.numpy as jnp
import numpy as np

sys.path.append(str(Path(__file__).parents[1]))
from worker import Inputs, serve

BATCH = 8  # larger ones were slower: all wait for the one with the most steps
MOST_STEPS = 4096
METHODS = ("Kvaerno3", "Kvaerno5", "Tsit5")


def padded(inputs: Inputs):
    """Return the segments of all patients as arrays of one length: starts, ends, factors and amounts of the states."""
    n, n_states = len(inputs.initial), len(inputs.state_names)
    longest = max(len(segments) for segments in inputs.segments)
    start, stop = (np.full((n, longest), inputs.visits[-1]) for _ in range(2))
    factor, amount = np.ones((n, longest, n_states)), np.zeros((n, longest, n_states))
    for row, segments in enumerate(inputs.segments):
        for place, segment in enumerate(segments):
            start[row, place], stop[row, place] = segment.start, segment.days[-1]
            factor[row, place] = segment.changed(np.ones(n_states)) - segment.changed(np.zeros(n_states))
            amount[row, place] = segment.changed(np.zeros(n_states))
    return start, stop, factor, amount


def prepare(inputs: Inputs):
    """Return the solvers; patients with like numbers of events go into one batch."""
    jax.config.update("jax_enable_x64", True)
    source: dict = {}
    exec(inputs.text("rates_jax.py"), source)
    visits = jnp.asarray(inputs.visits)
    term = diffrax.ODETerm(lambda _, y, c: source["rates"](y, c))
    arrays = padded(inputs)
    counts = np.array([len(segments) for segments in inputs.segments])

    def solver(method: str):
        def course(tolerance, n_segments, parameters, y, start, stop, factor, amount):
            c = source["constants"](parameters)
            controller = diffrax.PIDController(rtol=tolerance, atol=0.01 * tolerance * jnp.asarray(inputs.scales))

            def segment(place, carried):
                y, states = carried
                first, last = start[place], stop[place]
                y = factor[place] * y + amount[place]
                done = diffrax.diffeqsolve(
                    term, getattr(diffrax, method)(), first, last, 0.01, y, c,
                    saveat=diffrax.SaveAt(ts=jnp.clip(visits, first, last), t1=True), stepsize_controller=controller,
                    max_steps=MOST_STEPS, throw=False,
                )  # fmt: skip
                is_here = (visits > first) & (visits <= last)
                states = jnp.where(is_here[:, None], done.ys[:-1], states)
                return jnp.where(last > first, done.ys[-1], y), states

            at_first = jnp.where((visits <= 0.0)[:, None], y, jnp.nan)
            return jax.lax.fori_loop(0, n_segments, segment, (y, at_first))[1]

        compiled = jax.jit(jax.vmap(course, (None, None, 0, 0, 0, 0, 0, 0)))

        def solve(tolerance: float, rows: np.ndarray) -> np.ndarray:
            order = rows[np.argsort(counts[rows], kind="stable")]
            states = np.empty((len(inputs.initial), len(visits), len(inputs.state_names)))
            for low in range(0, len(order), BATCH):
                batch = order[low : low + BATCH]
                filled = np.concatenate([batch, np.repeat(batch[-1:], BATCH - len(batch))])
                given = [item[filled] for item in (inputs.parameters, inputs.initial, *arrays)]
                found = compiled(tolerance, counts[filled].max(), *given)
                states[batch] = np.asarray(found)[: len(batch)]
            return states[rows]

        return solve

    return {method: solver(method) for method in METHODS}


if __name__ == "__main__":
    serve(prepare, version("diffrax"), notes=[f"model in JAX; batches of {BATCH}, like numbers of events together"])

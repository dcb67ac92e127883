"""Derivatives: patients a second, and how far they are from differences of the tight solver and from JAX's own.

Every derivative is on frozen steps. Against JAX, which follows the same steps through the plain laws, only rounding
is left; against the tight solver, the error of the steps is left as well, which falls with the tolerance.
"""

from __future__ import annotations

import time

import jax
import numpy as np
from tests.engine.test_differentiable import largest_difference

from sciatrial.engine import Events, freeze, sensitivities, simulate
from sciatrial.model import sciatica_model
from sciatrial.parameters import CELL_EFFECTS, read_prior, reference_draw
from sciatrial.population import cohort_named, sample_patients

NAMES = (
    "firing_decay_rate", "consolidation_rate", "mediators_for_half_firing", "anchored_epidural_cell_loss_rate",
    "herniated_volume", "irritancy_clearance_rate", "mediator_turnover_rate",
)  # fmt: skip
OUTPUTS = ("leg_pain", "disability")
DAYS = np.array([0.0, 14.0, 90.0, 180.0, 365.0])
N_PATIENTS = 400


def setting(model, n: int):
    """Return parameters, states and events of treated patients."""
    draw = reference_draw(read_prior(), included=CELL_EFFECTS)
    found = sample_patients(model, draw, cohort_named("chronic_radicular"), n_patients=n, seed=4)
    events = Events.joined(
        Events.every(model, np.arange(n), 3.0, "anchored_epidural_cells", amount=8.0),
        Events.every(model, np.arange(n), 40.0, "steroid_depot", factor=0.5, amount=30.0),
    )
    return found.parameters, found.entry_states, events


def by_tight_differences(model, parameters, initial, events, name: str) -> np.ndarray:
    """Return the derivative by one name; dims ``patient, visit, output``."""
    point = np.concatenate([parameters, initial], axis=1)
    column = (*model.parameter_names, *model.state_names).index(name)
    change = 1e-4 * np.maximum(np.abs(point[:, column]), 1e-6)
    ends = []
    for sign in (1, -1):
        moved = point.copy()
        moved[:, column] += sign * change
        run = simulate(
            model, moved[:, : parameters.shape[1]], moved[:, parameters.shape[1] :], times_days=DAYS, events=events,
            outputs=OUTPUTS, tolerance=1e-11,
        )  # fmt: skip
        ends.append((run.values, moved[:, column]))
    return (ends[0][0] - ends[1][0]) / (ends[0][1] - ends[1][1])[:, None, None]


def main() -> None:
    """Print the figures."""
    jax.config.update("jax_enable_x64", True)
    model = sciatica_model()
    parameters, initial, events = setting(model, N_PATIENTS)
    reference = [by_tight_differences(model, parameters, initial, events, name) for name in NAMES]
    for tolerance in (1e-3, 1e-4, 1e-6):
        mesh = freeze(model, parameters, initial, times_days=DAYS, events=events, outputs=OUTPUTS, tolerance=tolerance)
        start = time.perf_counter()
        found = sensitivities(mesh, parameters, initial, with_respect_to=NAMES)
        seconds = time.perf_counter() - start
        away = []
        for place, truth in enumerate(reference):
            scale = np.abs(truth).max(axis=(1, 2), keepdims=True)
            kept = scale[:, 0, 0] > 1e-3 * scale.max()
            away.append((np.abs(found.derivatives[kept, ..., place] - truth[kept]) / scale[kept]).max(axis=(1, 2)))
        away = np.concatenate(away)
        print(
            f"tolerance {tolerance:g}: {N_PATIENTS / seconds:.0f} patients/s with {len(NAMES)} derivatives each; from "
            f"the tight solver's, relative to a patient's largest: median {np.median(away):.1e}, 99 % within "
            f"{np.quantile(away, 0.99):.1e}"
        )
    few = 2
    mesh = freeze(
        model, parameters[:few], initial[:few], times_days=DAYS, events=events.of(np.arange(few)), outputs=OUTPUTS
    )
    start = time.perf_counter()
    worst = largest_difference(model, mesh, 0, NAMES)
    print(f"from JAX's own, on the same steps: {worst:.1e} at most ({time.perf_counter() - start:.0f} s, mostly JAX)")


if __name__ == "__main__":
    main()

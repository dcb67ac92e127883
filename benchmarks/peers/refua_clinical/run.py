"""Trials a second of refua-clinical: 300 patients, four arms, five visits, dropout; one look, and three.

It samples patients from its population and simulates their outcome in each trial. Allocation adapts in none of them.
"""

from __future__ import annotations

import json
import statistics
import time
from dataclasses import replace

from refua_clinical.models import (
    AdaptiveDesignSpec,
    ArmSpec,
    EndpointSpec,
    EnrollmentSpec,
    StoppingSpec,
    default_simulation_config,
)
from refua_clinical.trial import _population_table_for_config, _simulate_trials_with_population

N_TRIALS, ROUNDS = 40, 3


def main() -> None:
    """Print trials a processor second as JSON."""
    doses = {"sham": 0.0, "saline": 10.0, "low": 80.0, "high": 140.0}
    arms = [ArmSpec(name, name, dose, is_control=dose == 0) for name, dose in doses.items()]
    rows = {}
    for name, stopping in (
        ("1 look", StoppingSpec(enabled=False)),
        ("3 looks", StoppingSpec(enabled=True, min_interim_n=120, max_interims=2)),
    ):
        config = replace(
            default_simulation_config(),
            replicates=N_TRIALS,
            arms=arms,
            endpoint=EndpointSpec(assessment_day=364, visit_days=[28, 91, 182, 273, 364]),
            enrollment=EnrollmentSpec(total_n=300, accrual_per_block=90, dropout_base=0.15),
            adaptive=AdaptiveDesignSpec(enabled=False),
            stopping=stopping,
        )
        people = _population_table_for_config(config)
        speeds = []
        for _ in range(ROUNDS):
            start = time.process_time()
            _simulate_trials_with_population(config, people)
            speeds.append(N_TRIALS / (time.process_time() - start))
        rows[f"patients, 4 arms, {name}"] = statistics.median(speeds)
    print(json.dumps(rows))


if __name__ == "__main__":
    main()

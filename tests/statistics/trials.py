"""Made-up trials for the tests of this room."""

import numpy as np

COVARIANCE = 100 * (0.3 + 0.7 * 0.6 ** np.abs(np.subtract.outer(np.arange(4), np.arange(4))))
EFFECTS = np.array([-2.0, -4.0, -5.0, -6.0])


def trials(n_trials=3, n_patients=60, seed=1, missing=0.15):
    """Return change (trial, patient, visit), arms (patient) and baseline (trial, patient)."""
    rng = np.random.default_rng(seed)
    baseline = rng.normal(60.0, 12.0, (n_trials, n_patients))
    arms = np.arange(n_patients) % 2
    error = rng.multivariate_normal(np.zeros(4), COVARIANCE, (n_trials, n_patients))
    change = -0.5 * (baseline[..., None] - 60) + arms[:, None] * EFFECTS + error
    change[rng.random(change.shape) < missing] = np.nan
    return change, arms, baseline


def crossed_design(arms, baseline):
    """Return the design of the model for repeated measures; dims trial, patient, visit, coefficient."""
    covariates = np.stack([np.ones_like(baseline), np.broadcast_to(arms, baseline.shape), baseline], axis=-1)
    design = np.einsum("tpz,vw->tpvwz", covariates, np.eye(4))
    return covariates, design.reshape(*baseline.shape, 4, 12)

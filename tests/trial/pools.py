"""Pools whose patients are invented: normal scores, nothing simulated."""

import numpy as np
import pandas as pd

from sciatrial.trial.pool import PatientPool, settings_of_pool


def invented_pool(design, *, n=None, window=None, effects=(), seed=3, rescued_share=0.0, unsolved_share=0.0):
    """Return a pool with normal scores; `effects` are the arms' means, 0 where left out.

    What a patient shows at one visit is correlated with the others and with the baseline, and is the same in every arm
    but for the effect.
    """
    generator = np.random.default_rng(seed)
    window = design.size if window is None else window
    n = 50 * window if n is None else n
    visits, arms = len(design.visits_months), len(design.arms)
    shifts = np.array([*effects, *[0.0] * (arms - len(effects))])
    baseline = generator.normal(60, 12, n)
    values = 20 + 0.6 * baseline[:, None] + generator.normal(0, 8, (n, 1)) + generator.normal(0, 8, (n, visits))
    scores = np.empty((arms, n, visits + 1))
    scores[:, :, 0] = baseline
    scores[:, :, 1:] = values + shifts[:, None, None]
    rescued = np.zeros(scores.shape, dtype=bool)
    needs = generator.uniform(size=(arms, n)) < rescued_share
    rescued[:, :, 1] = needs
    pairs = [(list(design.arms).index(item.arm), list(design.arms).index(item.control)) for item in design.compared()]
    truth = np.array([shifts[arm] - shifts[control] for arm, control in pairs])
    return PatientPool(
        place=0,
        seed=seed,
        window=window,
        arms=tuple(design.arms),
        visits_months=tuple(design.visits_months),
        outcome=str(design.endpoint.outcome),
        made_for=settings_of_pool(design),
        scores=scores,
        rescued=rescued,
        is_solved=generator.uniform(size=(arms, n)) >= unsolved_share,
        covariates=pd.DataFrame({"age_years": generator.normal(50, 9, n)}),
        screening={"screened": n, "eligible": n, "unsolved": 0},
        truth=truth,
        truth_errors=np.zeros(len(truth)),
        own=truth,
        own_errors=np.zeros(len(truth)),
    )

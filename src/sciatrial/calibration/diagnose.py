"""Whether a fit can be believed, what it learned, what it could not, and on which studies it hangs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sciatrial.calibration.cells import CellDraws
from sciatrial.calibration.fit import FEWEST_PATIENTS, LARGEST_GAP, Calibration, reached
from sciatrial.calibration.problem import SD_SPREADS, SPREADS, Likelihood
from sciatrial.calibration.sampler import Sample, libraries
from sciatrial.calibration.space import TRIAL_SHIFTS, centred
from sciatrial.parameters import CELL_EFFECTS, prior_quantile
from sciatrial.synthesis import Diagnostics, diagnose

_STRONG_CORRELATION = 0.4
_LEARNED = 0.1  # contraction from which a parameter counts as learned
_EDGE = 1.2  # prior standard deviations from the middle of the range
_HIGH_PARETO_K = 0.7
_MOST_FAILED = 0.02
_LEAST_OF_CELLS = 100  # for a probability to within some five percent
_LEAST_EXPLAINED = 0.5


def convergence(problem: Likelihood, sample: Sample) -> Diagnostics:
    """Return R-hat, effective sizes, divergences and E-BFMI of everything that was sampled."""
    reported = {
        "coordinate": sample.z,
        "effect": sample.present.astype(float),
        "discrepancy": sample.discrepancy,
        "spread": sample.spreads,
        "shift": sample.shift_sds,
    }
    names = {
        "coordinate": problem.space.keys,
        "effect": problem.space.groups,
        "discrepancy": problem.columns.names,
        "spread": (*SPREADS, *SD_SPREADS),
    }
    return diagnose(reported, sample.divergent, sample.energy, names=names, seconds=sample.seconds)


def parameter_table(problem: Likelihood, sample: Sample) -> pd.DataFrame:
    """Return prior and posterior of every number that varies.

    Returns
    -------
    pandas.DataFrame
        One row a coordinate: ``key, basis, inclusion, prior_05, prior_50, prior_95, posterior_05, posterior_50,
        posterior_95`` on the parameter's own scale (where an effect is present), ``contraction`` (1 − posterior
        variance over prior variance of the coordinate), ``shift`` (posterior mean of the coordinate, in prior standard
        deviations), ``is_at_edge`` (far from the middle of its range), ``sources``.
    """
    from scipy.special import ndtr

    space = problem.space
    rows = {row.key: row for row in space.prior.entries}
    z, present = sample.flat("z"), sample.flat("present")
    made = []
    for column, key in enumerate(space.keys):
        row = centred(rows[key])
        mine = z[:, column]
        if space.gate[column] >= 0:
            mine = mine[present[:, space.gate[column]]]
        told: dict[str, Any] = {"key": key, "basis": row.basis, "inclusion": row.inclusion}
        shares = np.array([0.05, 0.5, 0.95])
        for word, value in zip(("05", "50", "95"), prior_quantile(row, shares), strict=True):
            told[f"prior_{word}"] = float(value)
        after = prior_quantile(row, ndtr(np.quantile(mine, shares))) if len(mine) > 1 else np.full(3, np.nan)
        for word, value in zip(("05", "50", "95"), after, strict=True):
            told[f"posterior_{word}"] = float(value)
        contraction = 1 - float(np.var(mine)) if len(mine) > 1 else np.nan
        is_shift = key in TRIAL_SHIFTS
        told |= {
            "contraction": 0.0 if is_shift else contraction,
            "shift": float(np.mean(mine)) if len(mine) else np.nan,
            "is_at_edge": bool(len(mine) and abs(np.mean(mine)) > _EDGE),
            "sources": row.sources,
        }
        made.append(told)
    return pd.DataFrame(made)


def effect_table(problem: Likelihood, sample: Sample, cells: CellDraws, inclusion_probability: float) -> pd.DataFrame:
    """Return the probability of each effect that may be absent, before and after; those of cells from `cells`.

    Returns
    -------
    pandas.DataFrame
        Columns ``group, prior, posterior, error`` (Monte-Carlo standard error), ``bayes_factor`` (for the effect).
    """
    libraries()
    import arviz

    made = []
    for column, group in enumerate(problem.space.groups):
        flags = sample.present[..., column].astype(float)
        share = float(flags.mean())
        constant = np.ptp(flags) == 0
        # chains that turn at every step seem to tell more than as many independent draws
        size = flags.size if constant else min(float(arviz.ess(flags)), float(flags.size))
        error = float(np.sqrt(max(share * (1 - share), 0.25 / size) / size))
        if group in CELL_EFFECTS:
            share = min(float(cells.weights @ cells.present[:, CELL_EFFECTS.index(group)]), 1.0)
            error = cells.error(share)
        odds = np.inf if share == 1 else share / (1 - share)
        before = inclusion_probability / (1 - inclusion_probability) if inclusion_probability < 1 else np.inf
        made.append(
            {
                "group": group, "prior": inclusion_probability, "posterior": share,
                "error": error, "bayes_factor": odds / before,
            }
        )  # fmt: skip
    return pd.DataFrame(made)


def confounded_pairs(problem: Likelihood, sample: Sample) -> pd.DataFrame:
    """Return pairs of numbers that the data hold together: columns ``first, second, correlation``, strongest first."""
    z = sample.flat("z")
    correlation = np.corrcoef(z.T)
    keys = problem.space.keys
    found = [
        {"first": keys[a], "second": keys[b], "correlation": float(correlation[a, b])}
        for a, b in np.argwhere(np.triu(np.abs(correlation) > _STRONG_CORRELATION, k=1))
    ]
    table = pd.DataFrame(found, columns=["first", "second", "correlation"])
    return table.sort_values("correlation", key=lambda c: -c.abs(), kind="stable", ignore_index=True)


def influence(problem: Likelihood, sample: Sample, mask: NDArray[np.bool_]) -> pd.DataFrame:
    """Return how much each study weighs, by Pareto-smoothed importance sampling.

    Returns
    -------
    pandas.DataFrame
        Columns ``study, elpd, pareto_k, is_influential`` (k above 0.7: the posterior without the study can't be told
        from this one; an exact refit can), most influential first; facts count as studies.
    """
    libraries()
    import arviz

    logs = sample.study_log_likelihood
    place = {name: column for column, name in enumerate(problem.studies)}
    group = problem.terms.rows["group"].to_numpy().astype(object)
    if problem.facts is not None:
        group = np.concatenate([group, [f"fact: {name}" for name in problem.facts.rows["fact"]]])
    counted = [name for name in problem.studies if mask[group == name].any()]
    columns = [place[name] for name in counted]
    data = arviz.from_dict(posterior={"spreads": sample.spreads}, log_likelihood={"study": logs[..., columns]})
    loo: Any = arviz.loo(data, pointwise=True, var_name="study")
    table = pd.DataFrame(
        {"study": counted, "elpd": np.asarray(loo.loo_i).ravel(), "pareto_k": np.asarray(loo.pareto_k).ravel()}
    )
    table["is_influential"] = table["pareto_k"] > _HIGH_PARETO_K
    return table.sort_values("pareto_k", ascending=False, kind="stable", ignore_index=True)


def power_scaled(problem: Likelihood, sample: Sample, table: pd.DataFrame) -> pd.DataFrame:
    """Return how far the learned numbers move when prior or likelihood is made a little stronger.

    Power-scaling sensitivity (Kallioinen et al. 2024, doi:10.1007/s11222-023-10366-5); above 0.05 the answer hangs on
    it, and above it for both prior and likelihood they speak against each other.

    Returns
    -------
    pandas.DataFrame
        Columns ``key, prior, likelihood, verdict`` of the numbers with a contraction above a tenth.
    """
    libraries()
    import arviz

    keys = table.loc[table["contraction"] > _LEARNED, "key"].tolist()
    columns = [problem.space.keys.index(key) for key in keys]
    if not columns:
        return pd.DataFrame(columns=["key", "prior", "likelihood", "verdict"])
    log_prior = -0.5 * sample.z**2
    data = arviz.from_dict(
        posterior={"z": sample.z[..., columns]}, log_likelihood={"study": sample.study_log_likelihood}
    )
    data.add_groups(log_prior={"z": log_prior})  # the group that from_dict does not know
    made = {part: np.asarray(arviz.psens(data, component=part)["z"]).ravel() for part in ("prior", "likelihood")}
    told = pd.DataFrame({"key": keys, **made})
    strong_prior, strong_data = told["prior"] > 0.05, told["likelihood"] > 0.05
    told["verdict"] = np.select(
        [strong_prior & strong_data, strong_prior, strong_data],
        ["prior and data disagree", "hangs on the prior", "speaks by the data"],
        "hardly moves",
    )
    return told


def _explained_of_cells(calibration: Calibration) -> float:
    """Return the median share over numbers that have a say about cells, 0 where there is none."""
    explained = calibration.cells.explained[~calibration.is_alone[calibration.plan.of_cells]]
    return float(np.median(explained)) if len(explained) else 0.0


def checks(calibration: Calibration, sample: Sample, told: Diagnostics, cells: CellDraws) -> pd.DataFrame:
    """Return what must hold for the fit to be believed: columns ``check, found, wanted, holds``."""
    arms = reached(calibration)
    failed = float(np.isnan(calibration.runs.values).all(axis=1).mean())
    explained = float(np.median(calibration.problem.emulator.explained))
    verdicts = arms["verdict"].tolist()
    few, refused = verdicts.count("few"), verdicts.count("refused")
    rows = [
        ("R-hat", f"{told.worst_r_hat:.3f} ({told.worst_parameter})", "at most 1.01", told.worst_r_hat <= 1.01),
        (
            "effective sample", f"{min(told.least_bulk_ess, told.least_tail_ess):.0f} ({told.thinnest_parameter})",
            "400 or more", min(told.least_bulk_ess, told.least_tail_ess) >= 400,
        ),
        ("divergences", f"{told.divergences}", "at most 1 in 1000",
         told.divergences <= 0.001 * sample.divergent.size),
        ("E-BFMI", f"{told.least_e_bfmi:.2f}", "0.3 or more", told.least_e_bfmi >= 0.3),
        ("runs of the simulator that failed", f"{failed:.1%}", f"at most {_MOST_FAILED:.0%}", failed <= _MOST_FAILED),
        ("variance that the emulator explains, median", f"{explained:.2f}", f"{_LEAST_EXPLAINED} or more",
         explained >= _LEAST_EXPLAINED),
        ("simulator beside emulator in what cells do: Pareto k", cells.told_k, f"at most {_HIGH_PARETO_K}",
         not cells.pareto_k > _HIGH_PARETO_K),
        ("draws that tell of cells, effective", f"{cells.effective_size:.0f} of {len(cells.kept)}",
         f"{_LEAST_OF_CELLS} or more", cells.effective_size >= _LEAST_OF_CELLS),
        ("variance of what cells change that the emulator explains, median", f"{_explained_of_cells(calibration):.2f}",
         "told: the simulator has the last word", True),
        (f"arms of fewer than {FEWEST_PATIENTS:.0f} effective patients", f"{few} of {len(arms)}", "flagged", True),
        (f"arms whose baseline is {LARGEST_GAP:.0f} points out of reach", f"{refused} of {len(arms)}",
         "refused, not extrapolated", True),
    ]  # fmt: skip
    return pd.DataFrame([{"check": c, "found": f, "wanted": w, "holds": bool(h)} for c, f, w, h in rows])

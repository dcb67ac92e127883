"""Print bias, error and coverage of each analysis against its own estimand: python -m tests.trial.estimand_bias.

Trials of 200 patients at the reference values, a fifth lost in a year, rescue above 45; the table stands in
docs/how-to/choose-an-estimand.md.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sciatrial.model import sciatica_model
from sciatrial.parameters import CELL_EFFECTS, read_prior, reference_draw
from sciatrial.population import cohort_named, sample_patients
from sciatrial.trial import Design
from sciatrial.trial.analysis import effects_seen
from sciatrial.trial.calendar import known_endpoints
from sciatrial.trial.conduct import Luck, conduct
from sciatrial.trial.conducted import Conducted
from sciatrial.trial.summaries import mean_of, share_of
from sciatrial.trial.truth import world_of
from sciatrial.trial.worlds import outcomes_by_world, population_value
from tests.trial.conftest import small_design

_RESCUE = {"score": "leg_pain", "above": 45, "intervention": "nsaid", "course_weeks": 20, "from_month": 1}
_AT = {"outcome": "leg_pain", "month": 6}
_RESPONSE = {**_AT, "measure": "response", "rule": "responder_30pct_pain", "missing": "observed_only"}
_SUCCESS = {**_RESPONSE, "rule": "composite_50pct_pain_15pt_odi_no_intervention"}
_CATEGORY = {**_AT, "measure": "category", "categories": (10, 30, 50)}
_STEPS = ({"event": "rescue"}, {"score": "disability", "margin": 15}, {"score": "leg_pain", "margin": 10})
_HIERARCHY = {**_AT, "measure": "hierarchy", "hierarchy": _STEPS}


def _case(analysis: str, strategy: str, summary: str = "difference_in_means", endpoint: Any = None) -> dict[str, Any]:
    return {
        "analysis": analysis,
        "endpoint": endpoint or _AT,
        "estimand": {"rescue": strategy, "summary_measure": summary},
    }


CASES = {
    "treatment policy, ANCOVA": _case("ancova", "treatment_policy"),
    "treatment policy, MMRM": _case("mmrm", "treatment_policy"),
    "treatment policy, constrained": _case("clda", "treatment_policy"),
    "hypothetical, MMRM": _case("mmrm", "hypothetical"),
    "hypothetical, constrained": _case("clda", "hypothetical"),
    "composite, ANCOVA": _case("ancova", "composite"),
    "while on treatment, ANCOVA": _case("ancova", "while_on_treatment"),
    "principal stratum, ANCOVA of those without rescue": _case("ancova", "principal_stratum"),
    "risk difference, observed only": _case("responders", "treatment_policy", "risk_difference", _RESPONSE),
    "risk difference, lost is no responder": _case(
        "responders", "treatment_policy", "risk_difference", _RESPONSE | {"missing": "non_responder"}
    ),
    "risk difference, standardised": _case("logistic", "treatment_policy", "risk_difference", _RESPONSE),
    "composite success, risk difference": _case("responders", "composite", "risk_difference", _SUCCESS),
    "log odds ratio, conditional": _case("logistic", "treatment_policy", "odds_ratio", _RESPONSE),
    "log odds ratio, marginal": _case("logistic", "treatment_policy", "marginal_odds_ratio", _RESPONSE),
    "log odds ratio, four categories": _case("proportional_odds", "composite", "common_odds_ratio", _CATEGORY),
    "log win odds": _case("win_statistics", "composite", "win_odds", _HIERARCHY),
    "log win ratio": _case("win_statistics", "composite", "win_ratio", _HIERARCHY),
    "net benefit": _case("win_statistics", "composite", "net_benefit", _HIERARCHY),
}
_HEAD = "| estimand and analysis | truth | bias | root mean square error | coverage, % | mean standard error |"
_N_PATIENTS, _N_TRUE = 200, 12_000
_SEED = 11


def _design(name: str) -> Design:
    return small_design(n_total=_N_PATIENTS, dropout_per_year=0.2, rescue=_RESCUE, **CASES[name])


def _told(value: float, error: float, digits: int) -> str:
    return f"{value:.{digits}f} ± {error:.{digits}f}"


def rows(name: str, trials: Sequence[Conducted], worlds: Mapping[tuple[bool, Luck], Conducted]) -> list[str]:
    """Return the rows of one case; a principal stratum has a second truth."""
    design = _design(name)
    has_rescue = world_of(design).rescue is not None
    effects = effects_seen(design, trials, [known_endpoints(design, trial) for trial in trials])
    estimate, low, high = effects.estimate[:, 0], effects.low[:, 0], effects.high[:, 0]
    digits = 2 if design.estimand.summary_measure == "difference_in_means" else 3
    is_stratum = design.estimand.rescue == "principal_stratum"
    lines = []
    for luck in Luck if is_stratum else (Luck.SHARED,):
        outcomes = outcomes_by_world(design, worlds[has_rescue, luck])[:, 0]
        truth, error = population_value(design, outcomes)
        miss = (estimate - truth)[np.isfinite(estimate)]
        covered = ((low <= truth) & (truth <= high))[np.isfinite(estimate)]
        bias, bias_error, _ = mean_of(miss)
        square, square_error, _ = mean_of(miss**2)
        share, share_error, _ = share_of(covered)
        inside = f", {luck} luck ({np.isfinite(outcomes).all(axis=(1, 2)).mean():.0%} in it)" if is_stratum else ""
        cells = [
            _told(truth, error, digits), _told(bias, float(np.hypot(bias_error, error)), digits),
            _told(square**0.5, square_error / (2 * square**0.5), digits),
            _told(100 * share, 100 * share_error, 1), f"{np.nanmean(effects.standard_error):.{digits}f}",
        ]  # fmt: skip
        lines.append(f"| {name}{inside} | {' | '.join(cells)} |")
    return lines


def main() -> None:
    """Print the table; a number of trials may be given."""
    n_trials = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    model, plan = sciatica_model(), _design("treatment policy, ANCOVA")
    draws = reference_draw(read_prior(), included=CELL_EFFECTS, n_draws=1)
    cohort = cohort_named("chronic_radicular")
    patients = sample_patients(model, draws, cohort, n_patients=n_trials * _N_PATIENTS, seed=_SEED)
    groups = [patients.only(slice(_N_PATIENTS * at, _N_PATIENTS * (at + 1))) for at in range(n_trials)]
    trials = conduct(model, plan, groups, [_SEED + at for at in range(n_trials)])
    others = sample_patients(model, draws, cohort, n_patients=_N_TRUE, seed=_SEED + 1)
    worlds = {
        (has_rescue, luck): conduct(
            model, plan if has_rescue else plan.model_copy(update={"rescue": None}), [others], [_SEED],
            every_arm=True, luck=luck,
        )[0]
        for has_rescue, luck in ((True, Luck.SHARED), (True, Luck.INDEPENDENT), (False, Luck.SHARED))
    }  # fmt: skip
    sys.stdout.write(f"{_HEAD}\n|---|---|---|---|---|---|\n")
    for name in CASES:
        sys.stdout.write("\n".join(rows(name, trials, worlds)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

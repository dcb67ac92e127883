"""Estimates and Monte-Carlo errors equal what R prints (see README.md)."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sciatrial.clinic import SCORES, Protocol
from sciatrial.foundation import Score
from sciatrial.trial import Comparison, Design, Endpoint
from sciatrial.trial.conducted import Conducted
from sciatrial.trial.monitoring import monitor, rows_without_patients
from sciatrial.trial.summaries import summarise

HERE = Path(__file__).parent
ARMS = ("sham", "low", "high")
PATIENTS = pd.read_csv(HERE / "ancova.csv")
EXPECTED = pd.read_csv(HERE / "ancova_expected.csv")
WILSON = pd.read_csv(HERE / "wilson.csv")


def trial_of_the_file():
    n = len(PATIENTS)
    scores = np.full((n, 2, len(SCORES)), np.nan)
    scores[:, :, SCORES.index(Score.LEG_PAIN)] = PATIENTS[["baseline", "endpoint"]]
    observed = np.isfinite(scores[:, :, SCORES.index(Score.LEG_PAIN)])
    assigned = PATIENTS["arm"].map(ARMS.index).to_numpy()
    nothing = np.zeros((n, 2), dtype=bool)
    return Conducted(None, assigned, scores, nothing, np.ones(n, bool), observed, {})


def design(arm, control, alpha):
    usual = Protocol(intervention="usual_care")
    return Design(
        arms=dict.fromkeys(ARMS, usual),
        n_total=len(PATIENTS),
        visits_months=(6,),
        endpoint=Endpoint(outcome="leg_pain", month=6),
        comparisons=(Comparison(arm=arm, control=control),),
        alpha=alpha,
    )


@pytest.mark.parametrize("expected", EXPECTED.to_dict("records"), ids=lambda row: f"{row['arm']}-{row['alpha']}")
def test_a_comparison_equals_lm_and_confint(expected):
    mine = design(expected["arm"], expected["control"], expected["alpha"])
    row = monitor(mine, [trial_of_the_file()])[0].contrasts.iloc[0]
    for name in ("estimate", "standard_error", "degrees_of_freedom", "ci_low", "ci_high", "p_value"):
        assert row[name] == pytest.approx(expected[name], rel=1e-9), name


@pytest.mark.parametrize("share", [0, 1])
@pytest.mark.parametrize("expected", WILSON.to_dict("records"), ids=lambda row: f"{row['n_trials']:g}")
def test_the_error_of_a_share_of_none_or_all_comes_from_wilsons_interval(expected, share):
    n = int(expected["n_trials"])
    row = rows_without_patients(design("sham", "low", 0.05), "")
    decided = row.assign(scenario="prior", truth=-5.0, truth_error=0.1, decision="efficacy" if share else "ended")
    summary = summarise(pd.concat([decided] * n, ignore_index=True)).set_index("quantity")
    assert summary.loc["success", "value"] == share
    assert summary.loc["success", "monte_carlo_se"] == pytest.approx(expected["error"], rel=1e-9)

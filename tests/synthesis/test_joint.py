import dataclasses

import pandas as pd
import pytest

from sciatrial.foundation import EvidenceError
from sciatrial.synthesis.comparison import synthesise
from sciatrial.synthesis.joint import pool_jointly
from sciatrial.synthesis.question import Question

ASKED = Question("leg_pain", 12)


def with_disability(evidence, plant, studies):
    """Return the tables with disability beside the pain of some planted trials."""
    extra = []
    for study, (cells, saline) in studies.items():
        row = plant(evidence, "spare", cells=cells, saline=saline, outcome="disability").outcomes.tail(2)
        extra.append(row.assign(study_id=study))
    return dataclasses.replace(evidence, outcomes=pd.concat([evidence.outcomes, *extra], ignore_index=True))


@pytest.fixture(scope="module")
def both(planted, plant):
    return with_disability(planted, plant, {"planted1": (-25.0, -10.0), "planted4": (-22.0, -10.0)})


def test_each_outcome_has_a_row_for_each_correlation(both):
    made = pool_jointly(both, ASKED, outcomes=("leg_pain", "disability"), correlations=(0.2, 0.6))
    assert made.groupby("outcome")["correlation"].apply(list).to_dict() == {
        "leg_pain": [0.2, 0.4, 0.6], "disability": [0.2, 0.4, 0.6],
    }  # fmt: skip
    assert made.set_index("outcome").loc["leg_pain", "n_trials"].tolist() == [4, 4, 4]


def test_without_correlation_and_spread_each_is_what_it_is_alone(both):
    made = pool_jointly(both, ASKED, outcomes=("leg_pain", "disability"), correlations=(0.0,)).set_index(
        ["outcome", "correlation"]
    )
    alone = synthesise(both, ASKED, with_sensitivity=False).effects.set_index("model").loc["common effect"]
    assert made.loc[("leg_pain", 0.0), "estimate"] == pytest.approx(alone["estimate"], abs=0.3)


def test_a_trial_that_tells_only_pain_moves_disability_through_the_correlation(both):
    made = pool_jointly(both, ASKED, outcomes=("leg_pain", "disability"), correlations=(0.0, 0.8))
    disability = made[made["outcome"] == "disability"].set_index("correlation")["estimate"]
    assert abs(disability[0.8] - disability[0.0]) > 0.01


def test_an_outcome_that_no_trial_tells_gives_no_row(planted):
    assert pool_jointly(planted, ASKED, outcomes=("leg_pain", "disability")).empty


@pytest.mark.parametrize("outcomes", [("pain",), ("pain", "responder")])
def test_what_cannot_be_pooled_together_is_refused(evidence, outcomes):
    with pytest.raises(EvidenceError, match="two scores or more"):
        pool_jointly(evidence, outcomes=outcomes)


def test_many_trials_have_a_free_covariance(planted, plant):
    full = {f"planted{n}": (-20.0 - 3 * n, -10.0) for n in range(1, 5)}
    made = pool_jointly(with_disability(planted, plant, full), ASKED, outcomes=("leg_pain", "disability"))
    assert made["tau"].notna().all()
    assert len(made) == 6

"""Goals are set by the risk, verdicts follow from numbers, and what nobody did reads "not done"."""

import pytest
from tests.calibration.credible import assess, found_of, made_blind, made_validation, posterior_with, small_errors
from tests.calibration.unseen import prior_as_posterior

from sciatrial.calibration import ABOUT_CELLS, Credibility
from sciatrial.calibration.credibility import GRADATIONS, model_risk, risk_matrix
from sciatrial.foundation import CalibrationError


@pytest.fixture(scope="module")
def made():
    return assess(made_validation())


@pytest.mark.parametrize(
    ("influence", "consequence", "risk"),
    [("low", "low", 1), ("low", "high", 3), ("medium", "medium", 3), ("medium", "high", 4), ("high", "high", 5)],
)
def test_the_risk_weighs_influence_and_consequence_alike(influence, consequence, risk):
    assert model_risk(influence, consequence) == risk == model_risk(consequence, influence)


def test_a_word_that_is_no_rating_is_refused_with_all_that_is_wrong():
    with pytest.raises(CalibrationError) as error:
        model_risk("some", "dire")
    assert "influence" in str(error.value)
    assert "consequence" in str(error.value)
    with pytest.raises(CalibrationError, match="impact"):
        assess(impact="vast")


def test_the_goal_rises_with_the_risk():
    goals = [set(assess(influence=word, consequence=word).factors["goal"]) for word in ("low", "medium", "high")]
    assert goals == [{"b"}, {"c"}, {"e"}]


def test_a_low_risk_can_be_met_and_a_high_one_with_the_same_numbers_is_not():
    low = assess(made_validation(), influence="low", consequence="low")
    assert low.is_met
    assert "Every criterion is met" in low.m15["content"].iloc[-1]
    high = assess(made_validation(), influence="high", consequence="high")
    assert not high.is_met
    assert "may not stand as evidence" in high.m15["content"].iloc[-1]


def test_a_missing_validation_is_not_done_and_meets_nothing():
    made = assess()
    for name in ("test samples", "test conditions", "output comparison", "relevance of the quantities of interest"):
        row = found_of(made, name)
        assert row["level"] == "a"
        assert row["evidence"].lower().startswith("not done")
        assert not row["met"]
    assert "prediction of unseen studies" in set(made.limits["limit"])


def test_what_the_posterior_says_of_cells_is_among_the_limits(made):
    assert ABOUT_CELLS in set(made.limits["found"])


def test_a_simpler_model_that_predicts_better_is_among_the_limits():
    limits = assess(made_validation(apart=2.0)).limits
    worse = limits[limits["limit"] == "predicts arms worse than a simpler model"]
    assert len(worse) == 3
    assert worse["found"].str.contains("time course").any()
    few = assess(made_validation(apart=2.0, n_cells=4)).limits
    assert few["found"].str.contains("untested: 4 studies").any()


def test_a_fit_that_does_not_hold_is_the_first_limit():
    made = assess(made_validation(), posterior=posterior_with(effective="12 (a)"))
    assert made.limits["limit"].iloc[0] == "THE FIT DOES NOT HOLD"
    assert "12 (a)" in made.limits["found"].iloc[0]


def test_every_element_of_the_assessment_table_is_filled_in(made):
    assert made.m15["element"].tolist() == [
        "question of interest", "context of use", "model influence", "consequence of a wrong decision", "model risk",
        "model impact", "technical criteria", "appropriateness of the proposed approach",
        "evaluation of model and outcomes", "outcome of the assessment",
    ]  # fmt: skip
    assert (made.m15["content"].str.len() > 10).all()


def test_a_question_of_ones_own_stands_in_the_context():
    made = assess(question="Does it last?", context_of_use="Choosing the last visit.")
    assert made.context["content"].tolist()[:2] == ["Does it last?", "Choosing the last visit."]


def test_each_effect_of_cells_is_told_with_its_error(made):
    effects = made.uncertainty[made.uncertainty["unit"] == "probability"]
    assert len(effects) == 5
    assert effects["found"].str.contains("before: 0.50; Monte-Carlo error 0.01").sum() == 4


def test_what_cells_change_is_told_without_each_trial_and_not_claimed_without_a_control(made):
    answers = made.uncertainty[made.uncertainty["source"].str.startswith("what cells change")]["found"].tolist()
    assert answers[0] == "−4.0 (90 % interval −7.0 to −1.0); without one trial −1.0 to −1.0"
    assert "NO CLAIM: not applicable, no trials of cells with a control" in answers[1]


def test_what_the_prior_cites_and_what_is_assumed_are_limits(made):
    assert made.limits["found"].str.contains("1 rows, 1 studies").any()
    assert "differences are normal" in set(made.limits["found"])


def test_a_posterior_without_its_tables_is_not_done_where_they_are_needed():
    bare = assess(posterior=prior_as_posterior())
    assert found_of(bare, "model inputs")["evidence"] == "Not done"
    assert found_of(bare, "numerical solver error")["level"] == "b"


def test_blind_predictions_alone_are_a_validation():
    made = assess(None, made_blind())
    assert found_of(made, "output comparison")["level"] == "e"
    assert made.made_with["validation"] is None


def test_every_level_of_every_factor_says_what_it_asks_for():
    assert all(len(levels) == 5 and levels[0] == "not done" for levels in GRADATIONS.values())
    assert risk_matrix().shape == (3, 4)


def test_the_record_can_be_kept_and_tells_what_is_not_met(made, tmp_path):
    again = Credibility.load(made.save(tmp_path / "credibility"))
    assert again.fingerprint() == made.fingerprint()
    assert "goals met" in repr(again)
    assert made.not_met
    assert all(name in repr(again) for name in made.not_met)


def test_numerical_checks_are_made_where_nobody_brings_them():
    made = assess(checks=None, n_patients=4)
    assert len(made.numerical) == len(small_errors())
    assert found_of(made, "discretisation error")["level"] in "de"

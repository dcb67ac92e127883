"""Answers: planted effects come back, honesty where there is little, and what was assumed stands beside them."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from sciatrial.foundation import EvidenceError
from sciatrial.synthesis.comparison import (
    COMMON,
    PRIOR,
    RANDOM,
    SINGLE,
    Pooled,
    r_of_answer,
    synthesise,
    synthesise_many,
)
from sciatrial.synthesis.heterogeneity import TauMethod
from sciatrial.synthesis.pool import Test, pool_effects
from sciatrial.synthesis.question import Question

ASKED = Question("leg_pain", 12)


@pytest.fixture(scope="module")
def answer(planted):
    return synthesise(planted, ASKED)


def test_a_planted_effect_comes_back(answer):
    assert len(answer.studies) == 4
    assert answer.main["model"] == RANDOM
    assert answer.main["low"] < -20 < answer.main["high"]
    assert answer.main["estimate"] == pytest.approx(-20, abs=1.5)


def test_an_answer_is_that_of_pool_effects_on_its_own_rows(answer):
    again = pool_effects(answer.studies["estimate"], answer.studies["se"] ** 2, test=Test.HARTUNG_KNAPP_TRUNCATED)
    row = answer.effects.set_index("model").loc[RANDOM]
    assert [row["estimate"], row["low"], row["prediction_low"]] == pytest.approx(
        [again.estimate, again.low[0], again.hts_low]
    )


def test_a_difference_has_the_standard_error_of_its_arms(answer):
    row = answer.studies.iloc[0]
    assert row["se"] == pytest.approx(24 * np.sqrt(2 / 100))
    assert row["estimate"] == pytest.approx(row["value_treatment"] - row["value_comparator"])


def test_weights_add_up_to_100(answer):
    assert answer.studies["weight"].sum() == pytest.approx(100)


def test_leaving_a_trial_out_is_told_for_each(answer):
    assert list(answer.leave_one_out["without"]) == list(answer.studies["study"])
    assert (answer.leave_one_out["n_studies"] == 3).all()
    assert (answer.leave_one_out["probability_better"] > 0.9).all()


def test_every_assumption_is_varied_and_the_first_row_is_as_asked(answer):
    assert answer.sensitivity["variation"].iloc[0] == "as asked"
    assert len(answer.sensitivity) > 8
    assert answer.sensitivity["estimate"].notna().all()


def test_cells_by_the_epidural_route_for_leg_pain_have_no_answer_and_say_so(evidence):
    answer = synthesise(evidence, ASKED)
    assert answer.unanswered
    assert answer.studies.empty
    assert "no answer" in repr(answer)
    with pytest.raises(EvidenceError, match="no randomised trial"):
        _ = answer.main


def test_one_trial_is_quoted_as_it_is_and_a_new_trial_with_a_prior_on_the_spread(evidence):
    answer = synthesise(evidence, Question("pain", 12), with_sensitivity=False)
    assert list(answer.studies["study"]) == ["noriega2017"]
    assert answer.main["model"] == SINGLE
    row = answer.studies.iloc[0]
    assert [answer.main[name] for name in ("estimate", "low", "high")] == pytest.approx(
        [row["estimate"], row["low"], row["high"]]
    )
    assert answer.main["prediction_low"] == answer.effects.set_index("model").loc[PRIOR, "prediction_low"]
    assert np.isnan(answer.effects.set_index("model").loc[RANDOM, "prediction_low"])
    assert answer.main["prediction_low"] < answer.main["low"]


def test_leaving_out_the_only_trial_leaves_nothing(evidence):
    answer = synthesise(evidence, Question("pain", 12), with_sensitivity=False)
    assert answer.leave_one_out["n_studies"].tolist() == [0]
    assert answer.leave_one_out["estimate"].isna().all()


def test_responders_are_pooled_as_log_odds_by_exact_likelihood(evidence):
    answer = synthesise(evidence, Question("responder", 12), with_sensitivity=False)
    assert answer.scale == "log odds ratio"
    levi = answer.studies.set_index("study").loc["levi2025"]
    a, n, c, m = 0.44 * 45, 45, 0.56 * 18, 18
    assert levi["estimate"] == pytest.approx(np.log(a * (m - c) / ((n - a) * c)))
    assert 0 < answer.main["probability_better"] < 1


def test_null_trials_count_as_they_should(planted, plant):
    before = synthesise(planted, ASKED, with_sensitivity=False).main["estimate"]
    with_null = plant(planted, "null1", cells=-20.0, saline=-20.0, n=400)
    after = synthesise(with_null, ASKED, with_sensitivity=False)
    assert after.main["estimate"] > before + 3
    assert after.main["high"] > 0 or after.main["prediction_high"] > 0


def test_a_trial_that_was_not_randomised_enters_only_as_a_labelled_variation(planted, plant):
    mixed = plant(planted, "open1", cells=-80.0, saline=-10.0, design="controlled_nonrandomised")
    answer = synthesise(mixed, ASKED)
    assert "open1" not in set(answer.studies["study"])
    rows = answer.sensitivity.set_index("variation")
    assert rows.loc["controlled studies that were not randomised too", "n_studies"] == 5


def test_several_questions_give_the_answers_of_each_alone(planted):
    asked = [ASKED, Question("pain", 12)]
    together = synthesise_many(planted, asked, with_sensitivity=False)
    for question, one in zip(asked, together, strict=True):
        alone = synthesise(planted, question, with_sensitivity=False)
        assert one.fingerprint() == alone.fingerprint()


def test_an_answer_can_be_saved_and_loaded(answer, tmp_path):
    back = Pooled.load(answer.save(tmp_path / "answer"))
    assert back.main["estimate"] == answer.main["estimate"]
    assert back.question == ASKED


def test_progress_may_stop_between_two_questions(planted):
    class Once:
        def start(self, label, total):
            """Begin."""

        def advance(self, n):
            return False

        def finish(self):
            """End."""

    assert len(synthesise_many(planted, [ASKED, ASKED], with_sensitivity=False, progress=Once())) == 1


def test_the_common_effect_has_no_spread(answer):
    assert answer.effects.set_index("model").loc[COMMON, "tau"] == 0


def test_a_large_trial_alone_is_quoted_as_precisely_as_it_is(evidence, plant):
    answer = synthesise(plant(evidence, "big", n=2000, sd=20.0), ASKED, with_sensitivity=False)
    assert answer.main["high"] - answer.main["low"] == pytest.approx(2 * 1.96 * 20 * np.sqrt(2 / 2000), rel=1e-3)


def test_the_press_counts_less_for_responders_too(evidence):
    shares = synthesise(evidence, Question("responder", 12), with_sensitivity=False).studies.set_index("study")
    assert shares.loc["amirdelfan2021", "factor"] == 1.5
    assert shares.loc["levi2025", "factor"] == 1.0
    trusted = synthesise(evidence, Question("responder", 12)).sensitivity.set_index("variation")
    assert "reviews and press trusted as papers" in trusted.index


def test_a_visit_that_lacks_one_of_the_two_does_not_hide_one_that_has_both(evidence, plant):
    both = plant(plant(evidence, "two1", month=12.0), "spare", month=11.0)
    moved = both.outcomes.copy()
    moved.loc[(moved["study_id"] == "two1"), "month"] = 11.0
    only = both.outcomes[(both.outcomes["study_id"] == "two1") & (both.outcomes["arm_id"] == "cells")]
    outcomes = pd.concat([moved, only.assign(month=12.0)], ignore_index=True)
    answer = synthesise(dataclasses.replace(both, outcomes=outcomes), ASKED, with_sensitivity=False)
    assert "two1" in set(answer.studies["study"])


def test_the_code_for_r_names_the_method_and_the_interval_for_a_new_trial(planted):
    answer = synthesise(planted, ASKED, method=TauMethod.DL, with_sensitivity=False)
    code = r_of_answer(answer)
    assert 'method = "DL"' in code
    assert 'pi.type = "riley"' in code


def test_a_treatment_that_is_none_comes_with_those_that_are(evidence):
    with pytest.raises(EvidenceError, match="cell_therapy"):
        synthesise(evidence, Question("pain", 12, treatment="cels"))

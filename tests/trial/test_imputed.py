from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sciatrial.statistics import ReferenceRule, analyse_imputations, impute_visits
from sciatrial.trial import imputed_effects
from sciatrial.trial.accrual import Arrivals
from sciatrial.trial.run import patient_rows
from tests.trial.conftest import invented_trial, small_design

RULES = ("missing_at_random", "jump_to_reference")


class Numbered:
    """Stands for patients of whom the number alone is asked."""

    def __init__(self, n):
        self.numbers = np.arange(n)


def told(design, seed=1, effect=-12.0):
    trial = replace(invented_trial(design, seed, effect=effect), patients=Numbered(design.size))
    return trial, imputed_effects(design, patient_rows(design, trial), seed=4)


def imputing(**changes):
    words = {"n_total": 120, "dropout_per_year": 0.5, "imputation": {"rules": RULES, "n_imputations": 20}}
    return small_design(**words | changes)


def test_the_rows_are_those_of_the_statistics_room():
    design = imputing()
    trial, found = told(design)
    change = np.where(trial.is_observed[:, 1:4], trial.scores[:, 1:4, 0] - trial.scores[:, :1, 0], np.nan)
    arms = (trial.assigned == 0).astype(int)
    room = analyse_imputations(
        impute_visits(
            change, arms, trial.scores[:, 0, 0], rule=ReferenceRule.JUMP_TO_REFERENCE, seed=4, n_imputations=20
        )
    )
    row = found.iloc[1]
    assert row["estimate"] == room.estimate[0, 0]
    assert row["p_value"] == room.p_value[0, 0]
    assert row["imputed"] == np.isnan(change[:, -1]).sum()


def test_whoever_jumps_to_the_reference_takes_effect_away_and_findings_tip_sooner():
    _, found = told(imputing())
    at_random, jump = found["estimate"]
    assert at_random < jump < 0
    deltas = found["tipping_delta"]
    assert (deltas > 0).all()  # worse pain
    assert deltas.iloc[1] < deltas.iloc[0]


def test_where_nothing_is_found_there_is_nothing_to_tip():
    _, found = told(imputing(), effect=0.0)
    assert found["tipping_delta"].tolist() == [0.0, 0.0]


def test_scores_after_rescue_are_filled_in_a_hypothetical_estimand():
    rescue = {"score": "leg_pain", "above": 50}
    design = imputing(rescue=rescue, analysis="mmrm", estimand={"rescue": "hypothetical"}, dropout_per_year=0.0)
    trial = replace(invented_trial(design, 2), patients=Numbered(design.size))
    trial.rescued[:, 2] = trial.scores[:, 2, 0] > 60
    found = imputed_effects(design, patient_rows(design, trial), seed=4)
    assert found["imputed"].tolist() == [int(trial.rescued[:, 2].sum())] * 2


def test_what_the_analysis_adjusts_for_is_in_the_imputation_and_in_its_analysis():
    words = ("sex", "age_years", "site", "back_pain")
    design = imputing(
        adjust_for=words, dropout_per_year=0.5,
        accrual={"per_month": 5, "arrivals": "poisson", "sites": {"number": 3, "months_between_openings": 0}},
    )  # fmt: skip
    rng = np.random.default_rng(5)
    n = design.size
    people = pd.DataFrame({"is_female": rng.random(n) < 0.5, "age_years": rng.normal(50, 10, n)})
    sites = np.arange(n) % 3
    trial = replace(
        invented_trial(design, 1, effect=-6.0), patients=Numbered(n), covariates=people,
        arrivals=Arrivals(np.zeros(n), sites),
    )  # fmt: skip
    trial.scores[:, 1:, 0] += 0.8 * people["age_years"].to_numpy()[:, None] + 5 * (sites == 2)[:, None]
    found = imputed_effects(design, patient_rows(design, trial), seed=4)
    change = np.where(trial.is_observed[:, 1:4], trial.scores[:, 1:4, 0] - trial.scores[:, :1, 0], np.nan)
    # back pain at entry repeats leg pain here, and has no slope
    columns = [people["is_female"], people["age_years"], sites == 1, sites == 2]
    made = impute_visits(
        change, (trial.assigned == 0).astype(int), trial.scores[:, 0, 0], np.stack(columns, axis=1).astype(float),
        rule=ReferenceRule.JUMP_TO_REFERENCE, seed=4, n_imputations=20,
    )  # fmt: skip
    row, room = found.iloc[1], analyse_imputations(made)
    assert row["estimate"] == pytest.approx(room.estimate[0, 0], rel=1e-9)
    without = design.model_copy(update={"adjust_for": ()})
    alone = imputed_effects(without, patient_rows(without, trial), seed=4)
    assert row["standard_error"] < 0.9 * alone["standard_error"].iloc[1]


def test_a_design_without_imputation_has_no_rows():
    _, found = told(small_design(n_total=40))
    assert isinstance(found, pd.DataFrame)
    assert found.empty


@pytest.mark.parametrize("missing", [1, 3])
def test_a_visit_at_which_nobody_was_seen_is_told(missing):
    design = imputing()
    trial = replace(invented_trial(design, 1), patients=Numbered(design.size))
    trial.is_observed[:, missing] = False
    found = imputed_effects(design, patient_rows(design, trial), seed=4)
    assert found["why_not"].str.contains("nobody was seen").all()

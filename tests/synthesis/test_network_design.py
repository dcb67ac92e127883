import numpy as np
import pytest

from sciatrial.foundation import EvidenceError
from sciatrial.synthesis import Consistency
from sciatrial.synthesis.arm_tables import arms_of
from sciatrial.synthesis.network_design import design_of, random_of

from .simulated import normal_arms


def test_deviates_of_a_study_have_variance_1_and_correlation_one_half():
    matrix = random_of(np.zeros(4, dtype=int), np.arange(4))
    covariance = matrix @ matrix.T
    assert covariance[0] == pytest.approx(np.zeros(4))
    assert covariance[1:, 1:] == pytest.approx((np.eye(3) + 1) / 2)


def test_every_row_is_relative_to_the_first_arm_of_its_study():
    arms = arms_of(normal_arms(), reference="usual")
    design = design_of(arms)
    assert (design.matrix[arms.treatment == arms.base] == 0).all()


def test_unrelated_mean_effects_have_one_column_for_each_comparison_made():
    design = design_of(arms_of(normal_arms(), reference="usual"), consistency=Consistency.UNRELATED)
    assert design.columns == ("block vs usual", "cells vs usual", "drug vs usual", "drug vs cells")


def test_a_covariate_has_one_value_a_study():
    frame = normal_arms().assign(age=np.arange(33))
    with pytest.raises(EvidenceError, match="several values"):
        design_of(arms_of(frame, reference="usual", numbers=("age",)), covariates=("age",))


def test_a_class_of_an_unknown_treatment_is_refused():
    with pytest.raises(EvidenceError, match="drug"):
        design_of(arms_of(normal_arms(), reference="usual"), classes={"drg": "drugs"})

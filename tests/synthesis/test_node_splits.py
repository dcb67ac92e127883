import numpy as np
import pytest

from sciatrial.foundation import EvidenceError
from sciatrial.synthesis import (
    Correlation,
    CorrelationKind,
    Course,
    CourseHeterogeneity,
    Effects,
    Sampler,
    Shape,
    TimeCourseModel,
    split_courses,
    split_nodes,
    splittable,
)

from .simulated import normal_arms, visits

SAMPLER = Sampler(seed=2, n_draws=500)


def split(frame, **more):
    return split_nodes(frame, reference="usual", sampler=SAMPLER, effects=Effects.COMMON, **more)


def test_a_comparison_without_a_loop_is_not_split():
    assert ("block", "usual") not in splittable(normal_arms(), reference="usual")
    with pytest.raises(EvidenceError, match="cannot be split"):
        split(normal_arms(), comparisons=[("block", "usual")])


def test_planted_inconsistency_is_found():
    frame = normal_arms(spread=0.0)
    pairs = frame.groupby("study")["treatment"].transform(lambda names: {"drug", "cells"} <= set(names)).astype(bool)
    frame.loc[pairs & (frame["treatment"] == "cells"), "estimate"] += 3
    frame.loc[pairs & (frame["treatment"] == "drug"), "estimate"] -= 3
    found = split(frame, comparisons=[("cells", "drug")]).splits.iloc[0]
    assert found["p_value"] < 0.01
    assert found["difference_low"] < 6 < found["difference_high"]
    turned = split(frame, comparisons=[("drug", "cells")]).splits.iloc[0]
    assert turned["difference"] == pytest.approx(-found["difference"], abs=0.15)


def test_consistent_evidence_is_not_called_inconsistent():
    found = split(normal_arms(seed=11, spread=0.0))
    assert found.converged
    assert (found.splits["p_value"] > 0.01).all()


def test_direct_evidence_of_two_arms_is_that_of_their_studies_alone():
    frame = normal_arms(spread=0.0)
    three = frame.groupby("study")["treatment"].transform("nunique") == 3
    frame = frame[~three]
    found = split(frame, comparisons=[("cells", "drug")]).splits.iloc[0]
    wide = frame.pivot_table(index="study", columns="treatment", values=["estimate", "se"])
    both = wide[wide["estimate"][["cells", "drug"]].notna().all(axis=1)]
    gap = both["estimate"]["cells"] - both["estimate"]["drug"]
    weight = 1 / (both["se"]["cells"] ** 2 + both["se"]["drug"] ** 2)
    expected = (gap * weight).sum() / weight.sum()
    assert found["direct"] == pytest.approx(expected, abs=5 / np.sqrt(weight.sum() * 2000))


def test_courses_are_split_at_a_month():
    model = TimeCourseModel(
        Shape(Course.TWO_EXPONENTIALS),
        Correlation(CorrelationKind.COMPOUND_SYMMETRY, 0.5),
        heterogeneity=CourseHeterogeneity.NONE,
    )
    frame = visits()
    pairs = frame.groupby("study")["treatment"].transform(lambda names: set(names) == {"drug", "cells"}).astype(bool)
    frame.loc[pairs & (frame["treatment"] == "cells") & (frame["months"] > 0), "estimate"] += 8
    arguments = {"reference": "usual", "model": model, "sampler": SAMPLER}
    found = split_courses(frame, month=6.0, comparisons=[("cells", "drug")], **arguments).splits.iloc[0]
    assert found["p_value"] < 0.01

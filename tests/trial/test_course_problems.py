import pytest

from sciatrial.trial.course_problems import course_problems, shared_control
from tests.trial.conftest import CELLS, SALINE, SHAM, small_design

THREE = {"cells": CELLS, "more": CELLS.model_copy(update={"dose_million_cells": 80}), "saline": SALINE}


def test_the_control_is_the_arm_that_every_other_one_is_compared_with():
    assert shared_control(small_design(arms=THREE)) == "saline"
    assert shared_control(small_design(arms={"cells": CELLS, "saline": SALINE, "sham": SHAM})) is None
    only_one = [{"arm": "cells", "control": "saline"}]
    assert shared_control(small_design(arms=THREE, comparisons=only_one)) is None


def test_a_plain_design_with_accrual_has_nothing_that_cannot_go_with_a_course():
    assert course_problems(small_design(arms=THREE, accrual={"per_month": 4}), "platform") == []


def test_the_comparisons_that_are_needed_are_written_out():
    only_one = [{"arm": "cells", "control": "saline"}]
    (problem,) = course_problems(small_design(arms=THREE, accrual={"per_month": 4}, comparisons=only_one), "platform")
    both = '{ arm = "cells", control = "saline" }, { arm = "more", control = "saline" }'
    assert problem.endswith(f"write comparisons = [ {both} ]")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"randomisation": {"strata": ["sex"]}}, "randomisation: has no meaning beside platform"),
        ({"looks": {"information": [0.5], "deciding": {"arm": "cells", "control": "saline"}}}, "looks.information"),
        ({"imputation": {}}, "imputation: knows no periods of platform"),
    ],
)
def test_what_cannot_go_with_a_course_is_named(words, told):
    problems = course_problems(small_design(arms=THREE, n_total=60, accrual={"per_month": 4}, **words), "platform")
    assert len(problems) == 1
    assert told in problems[0]

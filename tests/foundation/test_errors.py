import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sciatrial.foundation import (
    CalibrationError,
    CohortError,
    EvidenceError,
    ModelError,
    Problem,
    Route,
    SciatrialError,
    SolverError,
    StudyError,
    TrialError,
    nearest,
    unknown_word,
)

ROUTE = Problem("arms.cells.route", "'perinural' is not known", "one of perineural, oral", "did you mean 'perineural'?")
DOSE = Problem("arms.cells.dose_million_cells", "is -3", "more than 0", "correct the dose")


def test_a_problem_tells_where_found_expected_and_next_step():
    assert str(ROUTE).splitlines() == [
        "arms.cells.route: 'perinural' is not known",
        "  expected: one of perineural, oral",
        "  next: did you mean 'perineural'?",
    ]


def test_a_problem_leaves_out_the_parts_that_it_does_not_have():
    assert str(Problem("seed", "is missing")) == "seed: is missing"


def test_an_error_lists_every_problem_in_order():
    message = str(StudyError("study.toml", [ROUTE, DOSE]))
    assert message.startswith("study.toml: 2 problems\n")
    assert message.index("arms.cells.route") < message.index("arms.cells.dose_million_cells")


def test_an_error_with_one_problem_says_so_in_the_singular():
    assert str(StudyError("study.toml", DOSE)).startswith("study.toml: 1 problem\n")


def test_an_error_keeps_its_problems_for_programs_to_read():
    assert EvidenceError("outcomes.csv", iter([ROUTE, DOSE])).problems == (ROUTE, DOSE)


@pytest.mark.parametrize(
    "kind", [EvidenceError, StudyError, ModelError, CalibrationError, CohortError, TrialError, SolverError]
)
def test_every_error_can_be_caught_as_a_sciatrial_error(kind):
    with pytest.raises(SciatrialError, match="more than 0"):
        raise kind("somewhere", DOSE)


def test_an_error_survives_the_way_to_another_process():
    there = pickle.loads(pickle.dumps(CohortError("cohort", [ROUTE, DOSE])))
    assert (type(there), there.subject, there.problems) == (CohortError, "cohort", (ROUTE, DOSE))


def test_nearest_finds_a_misspelt_word():
    assert nearest("epidural_transforaminial", Route) == "epidural_transforaminal"


def test_nearest_finds_nothing_when_nothing_is_near():
    assert nearest("helicopter", Route) is None


@given(st.sampled_from(list(Route)))
def test_nearest_of_a_known_word_is_the_word_itself(route):
    assert nearest(route, Route) == route


def test_an_unknown_word_is_told_with_every_choice_and_the_nearest():
    problem = unknown_word("arms.cells.route", "perinural", Route, kind="route")
    assert problem.found == "'perinural' is not a known route"
    assert all(str(route) in problem.expected for route in Route)
    assert problem.next_step == "did you mean 'perineural'?"


def test_an_unknown_word_like_no_other_still_has_a_next_step():
    assert unknown_word("route", "helicopter", Route).next_step == "choose one of these"

from sciatrial.clinic import Protocol
from sciatrial.study.problems import validated
from sciatrial.trial import Design


def test_what_is_right_comes_back_as_a_model():
    protocol, problems = validated(Protocol, {"intervention": "nsaid"}, "arms.tablets")
    assert problems == []
    assert protocol.intervention == "nsaid"


def test_a_problem_names_the_whole_key():
    _, problems = validated(Protocol, {"intervention": "nsiad"}, "arms.tablets")
    assert [problem.where for problem in problems] == ["arms.tablets.intervention"]
    assert "'nsaid'" in problems[0].next_step


def test_the_choices_inside_a_table_are_those_of_that_table():
    values = {"rescue": {"scor": "leg_pain", "above": 60}}
    _, problems = validated(Design, values, "trial")
    told = {problem.where: problem for problem in problems}
    assert told["trial.rescue.scor"].expected.startswith("one of score, above")


def test_messages_of_our_own_validators_become_one_problem_each():
    values = {"intervention": "cell_therapy", "route": "oral"}
    _, problems = validated(Protocol, values, "arms.cells")
    assert len(problems) == 4  # three missing words and the route


def test_a_long_value_is_cut_short():
    _, problems = validated(Protocol, {"intervention": "x" * 500}, "arms.cells")
    assert len(str(problems[0].found)) < 120


def test_a_crossover_is_refused_with_its_reason():
    _, problems = validated(Design, {"crossover": {"washout_months": 6}}, "trial")
    mine = next(problem for problem in problems if problem.where == "trial.crossover")
    assert mine.found.startswith("is not simulated: cells do not wash out")
    assert mine.expected == "parallel arms"

import numpy as np
import pytest

from sciatrial.engine import Effect, Events, Rule, Status, simulate
from sciatrial.foundation import SolverError
from sciatrial.model import Parameter, State, assemble, output
from tests.engine.conftest import elimination

TIMES = np.array([0.0, 1.0, 4.0, 9.0])


@pytest.fixture(scope="module")
def crowd(mixed):
    rng = np.random.default_rng(5)
    n = 300
    parameters = np.exp(rng.normal(0, 0.4, (n, 6)))
    parameters[:, 2] += 1
    initial = rng.uniform(0.05, 0.6, (n, 2))
    events = Events.every(mixed, np.arange(n), rng.uniform(0, 8, n), "y", amount=rng.uniform(0, 1, n))
    return parameters, initial, events


def run(mixed, crowd, rows, threads=None):
    parameters, initial, events = crowd
    place = {row: index for index, row in enumerate(rows)}
    keep = [index for index, patient in enumerate(events.patient) if patient in place]
    rest = (getattr(events, name)[keep] for name in ("day", "state", "factor", "amount"))
    mine = Events(np.array([place[p] for p in events.patient[keep]]), *rest)
    return simulate(
        mixed, parameters[rows], initial[rows], times_days=TIMES, events=mine, outputs=["x", "y"], threads=threads
    )


def test_a_patient_is_the_same_whoever_else_is_simulated(mixed, crowd):
    everybody = run(mixed, crowd, list(range(300)))
    turned = list(np.random.default_rng(1).permutation(300))
    again = run(mixed, crowd, turned)
    assert np.array_equal(again.values, everybody.values[turned])
    assert np.array_equal(again.steps, everybody.steps[turned])
    alone = run(mixed, crowd, [117])
    assert np.array_equal(alone.values[0], everybody.values[117])


def test_threads_change_nothing(mixed, crowd):
    rows = list(range(300))
    assert np.array_equal(run(mixed, crowd, rows, threads=1).values, run(mixed, crowd, rows, threads=3).values)


@pytest.fixture(scope="module")
def perilous(explosive):
    """Patients of whom some fail, some set off a rule and get a delayed effect, and some do neither."""
    rng = np.random.default_rng(3)
    n = 200
    rates, initial = rng.uniform(0, 0.3, (n, 1)), rng.uniform(0.5, 1.5, (n, 1))

    def run(rows, threads=1):
        above = Rule("relief", "z", np.full((len(rows), 4), 1.6), (Effect("z", factor=0.5, delay_days=0.5),), 2)
        return simulate(
            explosive, rates[rows], initial[rows], times_days=TIMES, outputs=["z"], rules=[above], threads=threads,
            max_failed_fraction=1.0,
        )  # fmt: skip

    return run


def everything(run):
    return [run.values, run.final_states, run.status, run.stopped_day, run.steps, run.triggered]


def test_failures_and_rules_of_others_change_nothing(perilous):
    everybody = perilous(np.arange(200))
    assert 0 < np.count_nonzero(everybody.status) < 200
    assert 0 < everybody.triggered.any(axis=(1, 2)).sum() < 200
    turned = np.random.default_rng(2).permutation(200)
    for mine, theirs in zip(everything(perilous(turned)), everything(everybody), strict=True):
        assert np.array_equal(mine, theirs[turned], equal_nan=mine.dtype == float)
    for row in (0, 63, 64, 199):
        for mine, theirs in zip(everything(perilous([row])), everything(everybody), strict=True):
            assert np.array_equal(mine[0], theirs[row], equal_nan=mine.dtype == float)


def test_one_thread_and_two_give_the_same_whatever_happens_to_a_patient(perilous):
    one, two = perilous(np.arange(200), threads=1), perilous(np.arange(200), threads=2)
    for mine, theirs in zip(everything(one), everything(two), strict=True):
        assert np.array_equal(mine, theirs, equal_nan=mine.dtype == float)


def test_inputs_are_not_changed(mixed, crowd):
    parameters, initial, _ = crowd
    before = parameters.copy(), initial.copy()
    run(mixed, crowd, list(range(300)))
    assert np.array_equal(parameters, before[0])
    assert np.array_equal(initial, before[1])


def test_what_all_share_may_be_given_once(decay):
    shared = simulate(decay, [0.5], [1.0], times_days=TIMES)
    assert shared.values.shape == (1, 4, 1)
    many = simulate(decay, [0.5], np.ones((3, 1)), times_days=TIMES)
    assert np.array_equal(many.values[2], shared.values[0])


def test_patients_may_have_visits_of_their_own(decay):
    own = simulate(decay, [[0.5]] * 2, [[1.0]], times_days=[[1.0, 2.0], [2.0, 2.0]])
    assert own["seen"][1, 0] == own["seen"][1, 1]
    assert own["seen"][0] == pytest.approx(2 * np.exp([-0.5, -1.0]), rel=1e-3)


def test_formula_outputs_come_by_default(decay):
    assert simulate(decay, [[0.5]], [[1.0]], times_days=TIMES).outputs == ("seen",)


def test_every_number_that_is_not_finite_is_named(mixed, crowd):
    parameters, initial, _ = (crowd[0].copy(), crowd[1].copy(), None)
    parameters[17, 3] = np.nan
    initial[2, 1] = np.inf
    with pytest.raises(SolverError) as caught:
        simulate(mixed, parameters, initial, times_days=TIMES)
    told = [problem.where for problem in caught.value.problems]
    assert told == ["patient 17, parameter spill_rate", "patient 2, initial state y"]


def test_problems_of_different_kinds_are_told_together(decay):
    bad = Rule("r", "seen", np.zeros((2, 1)), (Effect("durg"),))
    with pytest.raises(SolverError) as caught:
        simulate(decay, [[1.0, 2.0]], [[1.0]], times_days=[1.0], outputs=["sen"], tolerance=1.0, rules=[bad])
    told = [problem.where for problem in caught.value.problems]
    assert told == ["parameters", "tolerance", "output 'sen'", "rule r, threshold", "state 'durg'"]


def test_numbers_times_and_events_are_told_together(decay):
    late = Events.every(decay, [0, 3], 1.0, "drug", amount=1.0)
    with pytest.raises(SolverError) as caught:
        simulate(decay, [[np.nan]], [[-np.inf]], times_days=[2.0, 1.0], events=late)
    told = [problem.where for problem in caught.value.problems]
    assert told == [
        "patient 0, parameter elimination_rate", "patient 0, initial state drug", "patient 0, times_days", "event 1",
    ]  # fmt: skip


def test_a_flood_of_problems_is_cut_short(mixed, crowd):
    with pytest.raises(SolverError, match="1780 more such problems"):
        simulate(mixed, np.full((300, 6), np.nan), crowd[1], times_days=TIMES)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"parameters": [[1.0, 2.0]]}, "parameters"),
        ({"initial": [[1.0], [2.0], [3.0]], "parameters": [[1.0]] * 2}, "parameters"),
        ({"parameters": np.ones((1, 1, 1))}, "parameters"),
        ({"initial": [[1.0, 2.0]]}, "initial"),
        ({"initial": [[1.0]] * 2, "parameters": [[1.0]] * 3}, "initial"),
        ({"times_days": [[1.0], [2.0]]}, "times_days"),
        ({"times_days": []}, "times_days"),
        ({"times_days": [1.0, 0.5]}, "never falling"),
        ({"times_days": [-1.0]}, "never falling"),
        ({"times_days": [np.nan]}, "finite"),
        ({"outputs": ["sen"]}, "'seen'"),
        ({"tolerance": 0.0}, "tolerance"),
        ({"tolerance": np.nan}, "tolerance"),
        ({"events": Events(*(np.array([v]) for v in (5, 1.0, 0, 1.0, 0.0)))}, "event 0"),
        ({"events": Events(*(np.array([v]) for v in (0, -1.0, 0, 1.0, 0.0)))}, "event 0"),
        ({"events": Events(*(np.array([v]) for v in (0, 1.0, 7, 1.0, 0.0)))}, "event 0"),
        ({"events": Events(*(np.array([v]) for v in (0, 1.0, 0, np.nan, 0.0)))}, "event 0"),
        ({"rules": [Rule("r", "sen", np.zeros((1, 1)), ())]}, "'seen'"),
        ({"rules": [Rule("r", "seen", np.zeros((2, 1)), ())]}, "threshold"),
        ({"rules": [Rule("r", "seen", np.full((1, 1), np.nan), ())]}, "NaN"),
        ({"rules": [Rule("r", "seen", np.zeros((1, 1)), (), at_most=0)]}, "at_most"),
        ({"rules": [Rule("r", "seen", np.zeros((1, 1)), (Effect("durg"),))]}, "'drug'"),
        ({"rules": [Rule("r", "seen", np.zeros((1, 1)), (Effect("drug", delay_days=-1),))]}, "delay"),
    ],
)
def test_wrong_input_is_told_before_anything_runs(decay, change, told):
    words = {"parameters": [[1.0]], "initial": [[1.0]], "times_days": [1.0], **change}
    parameters, initial = words.pop("parameters"), words.pop("initial")
    with pytest.raises(SolverError, match=told):
        simulate(decay, parameters, initial, **words)


def test_a_patient_that_fails_is_a_value_and_harms_nobody(explosive):
    rates = np.zeros((200, 1))
    rates[50] = 1.0  # infinite on day 1
    run = simulate(explosive, rates, [[1.0]], times_days=[0.5, 2.0, 3.0], outputs=["z"])
    assert run.status[50] in (Status.STEP_TOO_SMALL, Status.NOT_FINITE)
    assert 0.9 < run.stopped_day[50] < 1.1
    assert np.isfinite(run["z"][50]).tolist() == [True, False, False]
    others = np.arange(200) != 50
    assert (run.status[others] == Status.SOLVED).all()
    assert (run["z"][others] == 1.0).all()
    assert np.isnan(run.final_states[50]).all()


def test_more_failures_than_allowed_raise_with_counts_and_examples(explosive):
    with pytest.raises(SolverError) as caught:
        simulate(explosive, np.ones((10, 1)), [[1.0]], times_days=[2.0])
    assert "10 of 10 patients" in str(caught.value)
    assert "patient 0, day" in str(caught.value)


def test_as_many_failures_as_allowed_are_no_error(explosive):
    rates = np.zeros((4, 1))
    rates[0] = 1.0
    words = {"times_days": [2.0], "outputs": ["z"]}
    assert simulate(explosive, rates, [[1.0]], max_failed_fraction=0.25, **words).status[0] != Status.SOLVED
    with pytest.raises(SolverError, match="1 of 4 patients"):
        simulate(explosive, rates, [[1.0]], max_failed_fraction=0.24, **words)


def test_steps_are_counted_and_limited(decay):
    run = simulate(decay, [[50.0]], [[1.0]], times_days=[100.0], max_steps=3, max_failed_fraction=1.0)
    assert run.status[0] == Status.TOO_MANY_STEPS
    assert run.steps[0] == 3
    assert run.stopped_day[0] < 100
    assert np.isnan(run["seen"]).all()
    assert "`max_steps`" in run.failures()[0]


class Counter:
    def __init__(self, stop_after=np.inf):
        self.total = self.done = 0
        self.stop_after = stop_after
        self.finished = False

    def start(self, label, total):
        self.total = total

    def advance(self, n=1):
        self.done += n
        return self.done < self.stop_after

    def finish(self):
        self.finished = True


def test_progress_counts_every_patient(decay):
    counter = Counter()
    simulate(decay, np.full((1000, 1), 0.5), [[1.0]], times_days=TIMES, progress=counter)
    assert (counter.total, counter.done, counter.finished) == (1000, 1000, True)


def test_progress_may_ask_to_stop(decay):
    counter = Counter(stop_after=100)
    with pytest.raises(KeyboardInterrupt):
        simulate(decay, np.full((100_000, 1), 0.5), [[1.0]], times_days=[90.0], tolerance=1e-12, progress=counter)
    assert 100 <= counter.done < 100_000
    assert not counter.finished


def test_no_patients_is_no_error(decay):
    run = simulate(decay, np.zeros((0, 1)), np.zeros((0, 1)), times_days=np.zeros((0, 2)))
    assert run.values.shape == (0, 2, 1)


@output("dimensionless")
def share_of_two(drug, threshold):
    """A share that is no number where both are 0"""
    return drug / (drug + threshold)


def test_a_result_that_is_not_finite_is_no_solution():
    numbers = [Parameter("elimination_rate", "1/day", "rate"), Parameter("threshold", "mg", "threshold")]
    model = assemble("shares", [State("drug", "mg", "drug")], numbers, [share_of_two], [elimination])
    run = simulate(model, [[0.5, 0.0], [0.5, 1.0]], [[0.0], [0.0]], times_days=TIMES, max_failed_fraction=0.5)
    assert run.status.tolist() == [Status.NOT_FINITE, Status.SOLVED]


def test_a_state_that_an_event_makes_infinite_on_the_last_day_is_no_solution(decay):
    twice = Events.joined(*[Events.every(decay, [0], 9.0, "drug", amount=1e308) for _ in range(2)])
    run = simulate(decay, [[0.5]], [[1.0]], times_days=TIMES, events=twice, max_failed_fraction=1)
    assert run.status.tolist() == [Status.NOT_FINITE]


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        ({"max_steps": 0}, "max_steps is 0"), ({"max_steps": 2**70}, "max_steps"), ({"threads": -1}, "threads is -1"),
        ({"max_failed_fraction": float("nan")}, "0 to 1"), ({"outputs": "seen"}, "is the text 'seen'"),
    ],
)  # fmt: skip
def test_limits_that_are_none_are_refused(decay, limits, told):
    with pytest.raises(SolverError) as caught:
        simulate(decay, [[0.5]], [[1.0]], times_days=TIMES, **limits)
    assert told in " ".join(str(caught.value).replace(":", "").split())


@pytest.mark.parametrize("processor", ["vector", "scalar"])
def test_no_patient_makes_more_steps_than_the_limit_even_where_every_step_lands(decay, processor):
    events = Events.every(decay, np.zeros(50, dtype=int), np.linspace(0.1, 5, 50), "drug", amount=0.1)
    run = simulate(
        decay, [[0.5]], [[1.0]], times_days=TIMES, events=events, max_steps=3, max_failed_fraction=1,
        processor=processor,
    )  # fmt: skip
    assert run.status.tolist() == [Status.TOO_MANY_STEPS]
    enough = simulate(decay, [[0.5]], [[1.0]], times_days=TIMES, events=events, processor=processor)
    again = simulate(
        decay, [[0.5]], [[1.0]], times_days=TIMES, events=events, processor=processor, max_steps=int(enough.steps[0])
    )
    assert np.array_equal(again.values, enough.values)


def test_events_of_no_whole_patient_or_state_are_told(decay):
    odd = Events(np.array([0.0]), np.array([1.0]), np.array([np.nan]), np.array([1.0]), np.array([4.0]))
    with pytest.raises(SolverError, match="no whole numbers"):
        simulate(decay, [[0.5]], [[1.0]], times_days=TIMES, events=odd)


def test_a_flood_of_problems_is_counted_and_the_first_are_told(decay):
    with pytest.raises(SolverError) as caught:
        simulate(decay, np.full((100_000, 1), np.nan), [[1.0]], times_days=TIMES)
    assert len(caught.value.problems) == 21
    assert "99980 more" in str(caught.value)


@pytest.mark.parametrize(
    ("parameters", "initial", "times"),
    [
        (np.zeros((0, 1)), np.zeros((0, 1)), [0.0, 1.0]),
        (np.zeros((0, 1)), [[1.0]], [0.0, 1.0]),
        ([[0.5]], np.zeros((0, 1)), [0.0, 1.0]),
        ([[0.5]], [[1.0]], np.zeros((0, 2))),
    ],
)
@pytest.mark.parametrize("how", [{}, {"processor": "scalar"}, {"precision": "single"}])
def test_nobody_stays_nobody(decay, parameters, initial, times, how):
    run = simulate(decay, parameters, initial, times_days=times, **how)
    assert run.values.shape == (0, 2, 1)
    assert run.final_states.shape == (0, 1)


def test_no_day_is_refused(decay):
    with pytest.raises(SolverError, match="one day or more"):
        simulate(decay, [[0.5]], [[1.0]], times_days=[])

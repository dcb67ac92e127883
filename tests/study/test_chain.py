import pytest

from sciatrial.foundation import EvidenceError, StudyError
from sciatrial.study import chain, check_study, read_study
from tests.study.conftest import SMALL, STUDIES


def test_arms_of_the_same_name_stand_beside_each_other():
    inputs = chain.read_inputs(read_study(STUDIES / "mpc_intradiscal.toml"))
    assert chain.same_arm(inputs) == {arm: arm for arm in ("saline", "ha", "mpc_6m", "mpc_18m")}


@pytest.mark.parametrize(
    ("evidence", "told"),
    [
        ('compare_with = "amirdelfan2012"', "amirdelfan2021"),
        ('compare_with = "amirdelfan2021"\nsame_arm = { cells = "mpc" }', "is not an arm of it"),
        ('same_arm = { cells = "mpc_6m" }', "nothing to point at"),
        ('tables = "nowhere"', "no such folder"),
    ],
)
def test_a_comparison_that_the_tables_do_not_hold_is_told(tmp_path, evidence, told):
    path = tmp_path / "study.toml"
    path.write_text(SMALL.replace("[simulation]", f"[evidence]\n{evidence}\n[simulation]"), encoding="utf-8")
    with pytest.raises((StudyError, EvidenceError), match=told):
        check_study(read_study(path))


def test_batches_cover_every_trial_of_every_scenario_once(small):
    places = list(chain.batch_places(small))
    for scenario in chain.Scenario:
        numbers = [n for s, first, count in places if s is scenario for n in range(first, first + count)]
        assert numbers == list(range(12))


def test_batches_of_large_trials_are_small(small_file):
    large = read_study(small_file, changes=["trial.n_total=10000"])
    assert {count for _, _, count in chain.batch_places(large)} == {2}


def test_the_fingerprint_of_a_run_moves_with_the_seed(small_file):
    one, two = (chain.read_inputs(read_study(small_file, changes=[f"seed={seed}"])).fingerprint() for seed in (1, 2))
    assert one != two

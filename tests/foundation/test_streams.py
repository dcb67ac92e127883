import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sciatrial.foundation import derived_seed, normals, uniforms

MANY = np.arange(20_000)
SEEDS = st.integers(0, 2**63 - 1)
PATIENTS = st.lists(st.integers(0, 100_000), min_size=1, max_size=30)


def test_patient_17_is_the_same_in_a_larger_cohort():
    assert uniforms(7, "dropout", np.arange(20))[17] == uniforms(7, "dropout", np.arange(5_000))[17]


def test_patient_17_is_the_same_alone():
    assert uniforms(7, "dropout", [17])[0] == uniforms(7, "dropout", np.arange(20))[17]


@given(SEEDS, PATIENTS)
def test_a_patients_number_does_not_depend_on_who_else_is_asked_for(seed, patients):
    together = uniforms(seed, "dropout", patients)
    alone = np.array([uniforms(seed, "dropout", [patient])[0] for patient in patients])
    assert np.array_equal(together, alone)


@given(SEEDS, PATIENTS)
def test_the_order_of_patients_does_not_matter(seed, patients):
    assert np.array_equal(uniforms(seed, "dropout", patients)[::-1], uniforms(seed, "dropout", patients[::-1]))


@given(SEEDS, st.text(max_size=30), PATIENTS)
def test_uniform_numbers_lie_strictly_between_0_and_1(seed, purpose, patients):
    numbers = uniforms(seed, purpose, patients)
    assert ((numbers > 0) & (numbers < 1)).all()


def test_uniform_numbers_fill_the_interval_evenly():
    counts, _ = np.histogram(uniforms(7, "dropout", MANY), bins=10, range=(0, 1))
    # 2 000 expected in each bin, standard deviation 42
    assert np.abs(counts - 2_000).max() < 5 * 42


@pytest.mark.parametrize("other", [(7, "dropout at month 6"), (8, "dropout")])
def test_another_purpose_or_seed_gives_uncorrelated_numbers(other):
    correlation = np.corrcoef(uniforms(7, "dropout", MANY), uniforms(*other, MANY))[0, 1]
    assert abs(correlation) < 5 / np.sqrt(MANY.size)


def test_neighbouring_patients_are_uncorrelated():
    numbers = uniforms(7, "dropout", MANY)
    assert abs(np.corrcoef(numbers[:-1], numbers[1:])[0, 1]) < 5 / np.sqrt(MANY.size)


def test_no_two_patients_share_a_number():
    assert np.unique(uniforms(7, "dropout", MANY)).size == MANY.size


def test_normal_numbers_have_mean_0_and_sd_1():
    numbers = normals(7, "measurement error", MANY)
    assert abs(numbers.mean()) < 5 / np.sqrt(MANY.size)
    assert abs(numbers.std() - 1) < 5 / np.sqrt(2 * MANY.size)


def test_normal_numbers_keep_the_rank_of_the_uniform_ones():
    ranks = [np.argsort(draw(7, "measurement error", MANY)) for draw in (uniforms, normals)]
    assert np.array_equal(*ranks)


def test_normal_numbers_are_finite():
    assert np.isfinite(normals(7, "measurement error", MANY)).all()


def test_nobody_gets_no_numbers():
    assert uniforms(7, "dropout", []).shape == (0,)


@given(SEEDS, st.text(max_size=30))
def test_a_derived_seed_is_again_a_seed(seed, purpose):
    assert 0 <= derived_seed(seed, purpose) < 2**63


def test_a_derived_seed_is_the_same_each_time_and_another_for_each_purpose():
    assert derived_seed(7, "trial 1") == derived_seed(7, "trial 1")
    assert len({derived_seed(7, f"trial {number}") for number in range(1_000)}) == 1_000

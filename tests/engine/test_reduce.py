import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sciatrial.engine import Status, Trajectories, falls_by, histogram, moments, responders
from sciatrial.foundation import SolverError


def seen(values):
    """Return trajectories whose only output is ``pain``; dims ``patient, visit``."""
    values = np.asarray(values, dtype=float)
    n, visits = values.shape
    return Trajectories(
        ("pain",), np.tile(np.arange(visits, dtype=float), (n, 1)), values[:, :, None], np.zeros((n, 1)),
        np.full(n, Status.SOLVED), np.zeros(n), np.ones(n, dtype=np.int64), np.zeros((n, 0, visits), dtype=bool),
    )  # fmt: skip


many = st.lists(
    st.tuples(st.floats(0, 100, allow_subnormal=False), st.floats(0, 100, allow_subnormal=False)), max_size=30
).map(lambda rows: np.array(rows, dtype=float).reshape(-1, 2))


@given(many, many)
def test_joined_moments_are_those_of_everybody(one, two):
    both = np.concatenate([one, two])
    joined = moments(seen(one)).joined(moments(seen(two)))
    assert joined.n == len(both)
    if len(both):
        np.testing.assert_allclose(joined.mean[:, 0], both.mean(axis=0), atol=1e-9)
    if len(both) > 1:
        np.testing.assert_allclose(joined.sd[:, 0], both.std(axis=0, ddof=1), atol=1e-6)
    else:
        assert np.isnan(joined.sd).all()


def test_moments_are_told_by_visit_and_output():
    table = moments(seen([[10, 20], [30, 60]])).table()
    assert table.to_dict("list") == {
        "visit": [0, 1], "output": ["pain", "pain"], "n": [2, 2], "mean": [20.0, 40.0],
        "sd": [pytest.approx(200**0.5), pytest.approx(800**0.5)],
    }  # fmt: skip


@given(many, many)
def test_a_joined_histogram_is_that_of_everybody(one, two):
    count = histogram("pain", low=0, high=100, n_bins=40)
    joined = count(seen(one)).joined(count(seen(two)))
    assert np.array_equal(joined.counts, count(seen(np.concatenate([one, two]))).counts)
    assert (joined.counts.sum(axis=1) == len(one) + len(two)).all()


def test_quantiles_are_exact_to_the_width_of_a_bin():
    values = np.random.default_rng(1).gamma(3, 8, (20_000, 3))
    found = histogram("pain", low=0, high=100, n_bins=500)(seen(values))
    shares = [0.05, 0.25, 0.5, 0.75, 0.95]
    assert found.width == pytest.approx(0.2)
    np.testing.assert_allclose(found.quantile(shares), np.quantile(values, shares, axis=0), atol=0.2)


def test_a_quantile_outside_of_the_range_is_not_known():
    found = histogram("pain", low=10, high=20, n_bins=10)(seen([[0.0], [0.0], [15.0], [99.0]]))
    quartiles = found.quantile([0.25, 0.6, 1.0])[:, 0]
    assert np.isnan(quartiles[[0, 2]]).all()
    assert quartiles[1] == pytest.approx(15.4)  # 2.4 of 4 patients: four tenths into the bin from 15 to 16


@given(
    st.lists(st.floats(0, 99.9, allow_subnormal=False), min_size=1, max_size=30),
    st.lists(st.floats(0, 1, allow_subnormal=False), min_size=1, max_size=5),
)
def test_a_quantile_lies_in_the_bin_of_a_patient_whatever_gaps_there_are(values, shares):
    found = histogram("pain", low=0, high=100)(seen(np.array(values)[:, None])).quantile(shares)[:, 0]
    # a share that falls between two patients belongs to the one below or above, by rounding
    near = [np.quantile(values, np.clip(np.add(shares, d), 0, 1), method="inverted_cdf") for d in (-1e-9, 0, 1e-9)]
    assert (np.abs(found - near).min(axis=0) <= 0.1001).all()


def test_a_share_outside_of_0_to_1_is_refused_and_so_are_no_rules():
    count = histogram("pain", low=0, high=100)
    with pytest.raises(SolverError, match="0 to 1"):
        count(seen([[1.0]])).quantile(1.5)
    with pytest.raises(SolverError, match="there is none"):
        responders({})


def test_nobody_has_no_quantile():
    assert np.isnan(histogram("pain", low=0, high=1)(seen(np.zeros((0, 1)))).quantile(0.5)).all()


def test_an_empty_range_is_refused():
    with pytest.raises(SolverError, match="a range above 0"):
        histogram("pain", low=5, high=5)


def test_an_output_that_was_not_simulated_is_told():
    with pytest.raises(SolverError, match="was not simulated"):
        histogram("pian", low=0, high=1)(seen([[1.0]]))


def test_responders_are_counted_by_visit_and_nobody_without_pain_responds():
    count = responders({"30 %": falls_by("pain", 30), "50 %": falls_by("pain", 50)})
    one = count(seen([[100, 70, 69, 10], [0, 0, 0, 0]]))
    both = one.joined(count(seen([[10, 5, 5, 11]])))
    assert both.n == 3
    assert both.counts.tolist() == [[0, 2, 2, 1], [0, 1, 1, 1]]
    assert both.percent[1].tolist() == pytest.approx([0, 100 / 3, 100 / 3, 100 / 3])
    assert np.isnan(count(seen(np.zeros((0, 1)))).percent).all()

"""The sums stand for the matrix P = W − W X (X'WX)⁻¹ X'W, with absent studies and with moderators."""

import numpy as np
import pytest

from sciatrial.foundation import EvidenceError
from sciatrial.synthesis.weighted import fit, quadratic, studies_of, trace, trace_twice


def example(n_columns):
    rng = np.random.default_rng(3)
    y, v = rng.normal(size=(2, 7)), rng.uniform(0.1, 1, (2, 7))
    y[1, 4:6] = np.nan
    x = np.column_stack([np.ones(7), rng.normal(size=(7, n_columns - 1))]) if n_columns > 1 else None
    return studies_of(y, v, x)


def full(studies, weights, place):
    kept = studies.present[place] > 0
    w, x = np.diag(weights[place][kept]), studies.moderators[place][kept]
    return w - w @ x @ np.linalg.inv(x.T @ w @ x) @ x.T @ w, kept


@pytest.mark.parametrize("n_columns", [1, 2, 3])
@pytest.mark.parametrize("place", [0, 1])
def test_traces_and_forms_equal_those_of_the_full_matrix(n_columns, place):
    studies = example(n_columns)
    weights = studies.weights(0.2)
    p, kept = full(studies, weights, place)
    fitted = fit(studies, weights)
    spread = studies.variances * studies.present
    s = np.diag(spread[place][kept])
    y = studies.estimates[place][kept]
    assert fitted.q[place] == pytest.approx(y @ p @ y)
    assert trace(studies, weights, fitted)[place] == pytest.approx(np.trace(p))
    assert trace(studies, weights, fitted, spread)[place] == pytest.approx(np.trace(p @ s))
    assert trace_twice(studies, weights, fitted)[place] == pytest.approx(np.trace(p @ p))
    assert trace_twice(studies, weights, fitted, spread)[place] == pytest.approx(np.trace(p @ s @ p @ s))
    assert quadratic(studies, weights, fitted, studies.estimates)[place] == pytest.approx(y @ p @ y)


@pytest.mark.parametrize(
    ("y", "v", "x", "word"),
    [
        ([1.0, 2.0], [0.1, 0.0], None, "variance"),
        ([1.0, 2.0], [0.1], None, "shape"),
        ([1.0, 2.0], [0.1, 0.2], [[1.0, 1.0], [1.0, 1.0]], "repeat"),
        ([1.0], [0.1], [[1.0, 2.0]], "coefficients"),
        ([1.0, 2.0], [0.1, 0.2], [[1.0]], "moderators"),
        ([1.0, np.inf], [0.1, 0.2], None, "finite"),
    ],
)
def test_what_cannot_be_pooled_is_told(y, v, x, word):
    with pytest.raises(EvidenceError, match=word):
        studies_of(y, v, x)

import json
from pathlib import Path

import numpy as np
import pytest

from sciatrial.statistics import (
    DoseCandidate,
    DoseShape,
    dose_contrasts,
    dose_curve,
    dose_response_test,
    dose_test_power,
    fit_doses,
    largest_t_quantile,
    largest_t_tail,
    search_grid,
    target_doses,
)

R, FEW = (
    json.loads((Path(__file__).parent / name).read_text(encoding="utf-8")) for name in ("doses.json", "largest_t.json")
)
SHAPES = {
    "linear": DoseShape.LINEAR, "linlog": DoseShape.LOG_LINEAR, "emax": DoseShape.EMAX,
    "sigEmax": DoseShape.SIGMOID_EMAX, "exponential": DoseShape.EXPONENTIAL, "quadratic": DoseShape.QUADRATIC,
    "logistic": DoseShape.LOGISTIC, "betaMod": DoseShape.BETA,
}  # fmt: skip
# R's quadratic is dose − 0.6 dose², which turns at 1 / 1.2
GUESSES = {
    "linear": (), "linlog": (), "emax": (0.2,), "sigEmax": (0.3, 3), "exponential": (0.25,), "quadratic": (1 / 1.2,),
    "logistic": (0.4, 0.09), "betaMod": (0.33, 2.31),
}  # fmt: skip
CANDIDATES = [DoseCandidate(SHAPES[name], GUESSES[name]) for name in R["shapes"]]
DOSES, MEAN, COVARIANCE = (np.array(R[name]) for name in ("doses", "mean", "covariance"))


def test_contrasts_are_those_of_dosefinding():
    assert dose_contrasts(CANDIDATES, DOSES, COVARIANCE).weights == pytest.approx(np.array(R["contrasts"]), abs=1e-9)
    uneven = dose_contrasts(CANDIDATES, DOSES, R["uneven"])
    assert uneven.weights == pytest.approx(np.array(R["uneven_contrasts"]), abs=1e-9)


def test_the_multiple_contrast_test_is_that_of_dosefinding():
    best = dose_contrasts(CANDIDATES, DOSES, COVARIANCE)
    found = dose_response_test(MEAN, COVARIANCE, best, degrees_of_freedom=95)
    assert found.statistic == pytest.approx(np.array(R["statistic"]), abs=1e-9)
    # both integrate numerically
    assert found.p_value == pytest.approx(np.array(R["p"]), abs=1e-3)
    assert found.p_value[:-1] == pytest.approx(np.array(R["p"])[:-1], abs=1e-4)
    assert found.critical_value == pytest.approx(R["critical"], abs=1e-3)


@pytest.mark.parametrize("name", R["shapes"])
def test_fits_are_those_of_dosefinding(name):
    expected = R["fits"][name]
    fits = fit_doses([SHAPES[name]], DOSES, MEAN, COVARIANCE)
    assert fits.aic[0, 0] == pytest.approx(expected["aic"], abs=1e-5)
    assert target_doses(fits, 0.4)[0] == pytest.approx(expected["target"], rel=1e-3)
    if name not in ("linear", "quadratic", "linlog"):  # which R writes otherwise
        own = [fits.base[0, 0], fits.size[0, 0], *fits.numbers[0, 0, : len(SHAPES[name].numbers)]]
        assert own == pytest.approx(expected["coefficients"], rel=1e-3)


def test_the_power_of_the_test_is_that_of_dosefinding():
    best = dose_contrasts(CANDIDATES, DOSES, COVARIANCE)
    for item, expected in zip(CANDIDATES, R["power"], strict=True):
        grid = dose_curve(item.shape, search_grid(1.0), item.guesses, largest=1.0)
        curve = dose_curve(item.shape, DOSES, item.guesses, largest=1.0) - grid[0]
        means = 0.5 * curve / (grid - grid[0]).max()
        power, error = dose_test_power(means, np.eye(5) * 0.7**2 / 20, best, degrees_of_freedom=95)
        assert abs(power - expected) < error + 2e-3


@pytest.mark.parametrize("degrees_of_freedom", [1, 2, 3, 4])
def test_few_degrees_of_freedom_are_those_of_mvtnorm(degrees_of_freedom):
    for case in FEW["quantiles"]:
        if case["df"] != degrees_of_freedom:
            continue
        p, error = largest_t_tail([case["bound"]], case["correlation"], case["df"])
        assert abs(p[0] - case["alpha"]) < 2 * error[0] + 1e-8
        assert error[0] < 1e-3 * case["alpha"]
        bound = largest_t_quantile(case["alpha"], case["correlation"], degrees_of_freedom=case["df"])
        assert bound == pytest.approx(case["bound"], rel=1e-3)
    for case in FEW["tails"]:
        if case["df"] == degrees_of_freedom:
            p, error = largest_t_tail([case["bound"]], case["correlation"], case["df"])
            assert abs(p[0] - case["p"]) < 2 * error[0] + case["error"] + 1e-8


def test_tails_of_the_largest_statistic_are_those_of_mvtnorm():
    for case in R["tails"]:
        p, error = largest_t_tail([case["bound"]], case["correlation"], case["df"] or np.inf)
        assert abs(p[0] - case["p"]) < 2 * error[0] + case["error"] + 1e-6
        assert error[0] < 2e-3

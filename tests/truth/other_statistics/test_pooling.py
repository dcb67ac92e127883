"""Pooled effects, heterogeneity, influence and small-study tests equal what metafor prints (see README.md)."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sciatrial.synthesis import (
    ArmCounts,
    ArmMeans,
    EffectMeasure,
    Nested,
    TauMethod,
    Test,
    Unstructured,
    WithinStudy,
    begg_test,
    effect_sizes,
    egger_test,
    exact_rate,
    influence,
    mantel_haenszel,
    peters_test,
    pool_binomial_normal,
    pool_effects,
    pool_many,
    pool_multilevel,
    pool_network,
    pool_peto,
    predict_effect,
    profile_interval,
    trim_and_fill,
)
from sciatrial.synthesis.contrast_network import NetworkModel, contrasts_of_arms

HERE = Path(__file__).parent
DATA = pd.read_csv(HERE / "pooling.csv")
FITS = pd.read_csv(HERE / "pooling_expected.csv")
LISTS = pd.read_csv(HERE / "pooling_lists.csv")
TESTS = {"z": Test.NORMAL, "knha": Test.HARTUNG_KNAPP, "adhoc": Test.HARTUNG_KNAPP_TRUNCATED}
COLUMNS = {"mean": [], "x": ["x"], "xz": ["x", "z"]}
SETS = sorted(DATA["set"].unique())


def data(number):
    frame = DATA[DATA["set"] == number]
    return frame[frame["vi"].notna()]


def arms(frame):
    return ArmCounts(frame["a"], frame["n"]), ArmCounts(frame["c"], frame["m"])


def listed(number, what):
    rows = LISTS[(LISTS["set"] == number) & (LISTS["what"] == what)].sort_values("place")
    return rows["value"].to_numpy()


def numbers_with(what):
    """Return the data sets of which something is listed; 0 stands for the snippets."""
    return sorted(set(LISTS.loc[LISTS["what"] == what, "set"]) - {0})


def pooled(number, method, test, model):
    frame = data(number)
    columns = frame[COLUMNS[model]].to_numpy() if COLUMNS[model] else None
    return pool_effects(frame["yi"], frame["vi"], method=TauMethod(method), test=TESTS[test], moderators=columns)


@pytest.mark.parametrize("number", SETS)
def test_effect_sizes_equal_escalc(number):
    frame = DATA[DATA["set"] == number]
    measure = EffectMeasure(frame["measure"].iloc[0])
    if measure in ("MD", "SMD", "ROM"):
        both = [ArmMeans(frame["mean"], frame["sd"], frame["n"]), ArmMeans(frame["mean2"], frame["sd2"], frame["m"])]
    else:
        both = list(arms(frame)) if measure in ("OR", "RR", "RD", "PETO") else [arms(frame)[0]]
    found = effect_sizes(measure, *both)
    np.testing.assert_allclose(found.estimates, frame["yi"], rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(found.variances, frame["vi"], rtol=1e-11)


def differences(row):
    """Return ours and theirs of every quantity of one fit."""
    found = pooled(row["set"], row["method"], row["test"], row["model"])
    at = predict_effect(found, None if row["model"] == "mean" else [0.3] * len(COLUMNS[row["model"]]))
    ours = {
        "estimate": found.estimate, "last": found.coefficients[-1], "se": found.standard_error,
        "last_se": found.standard_errors[-1], "statistic": found.statistics[0], "p_value": found.p_values[0],
        "low": found.low[0], "high": found.high[0], "tau2": found.tau2, "tau2_se": found.tau2_se, "i2": found.i2,
        "h2": found.h2, "q": found.q, "q_p": found.q_p, "qm": found.qm, "qm_p": found.qm_p, "r2": found.r2,
        "log_likelihood": found.log_likelihood, "aic": found.aic, "tau2_low": found.tau2_low,
        "tau2_high": found.tau2_high, "i2_low": found.i2_low, "h2_high": found.h2_high, "predicted": at.estimate,
        "predicted_se": at.standard_error, "prediction_low": at.prediction_low, "prediction_high": at.prediction_high,
        "hts_low": found.hts_low, "hts_high": found.hts_high,

    }  # fmt: skip
    if row["model"] != "mean" and pooled(row["set"], row["method"], row["test"], "mean").tau2 == 0:
        del ours["r2"]  # nothing to explain: a ratio of two roundings there
    return [(name, float(value), row[name]) for name, value in ours.items() if np.isfinite(row[name])]


@pytest.mark.parametrize("method", list(TauMethod))
@pytest.mark.parametrize("number", SETS)
def test_every_quantity_of_every_fit_equals_rma(number, method):
    far = []
    for row in FITS[(FITS["set"] == number) & (FITS["method"] == method)].to_dict("records"):
        for name, ours, theirs in differences(row):
            # relative, with 1e-8 where a number is 0; I² and H² of tau² = 0 carry their rounding of tau²
            if abs(ours - theirs) > 1e-6 * max(abs(theirs), 0.1 if name == "i2" else 1e-2):
                far.append((row["test"], row["model"], name, ours, theirs))
    assert not far


@pytest.mark.parametrize("method", list(TauMethod))
def test_all_data_sets_pooled_at_once_equal_one_at_a_time(method):
    most = max(len(data(number)) for number in SETS)
    y, v = np.full((len(SETS), most), np.nan), np.full((len(SETS), most), np.nan)
    for place, number in enumerate(SETS):
        y[place, : len(data(number))], v[place, : len(data(number))] = data(number)["yi"], data(number)["vi"]
    many = pool_many(y, v, method=method, test=Test.HARTUNG_KNAPP)
    for place, number in enumerate(SETS):
        one = pooled(number, method, "knha", "mean")
        np.testing.assert_allclose(many.coefficients[place], one.coefficients, rtol=1e-9)
        np.testing.assert_allclose(many.heterogeneity.tau2[place], one.tau2, rtol=1e-8, atol=1e-12)
        np.testing.assert_allclose(many.low[place], one.low, rtol=1e-8)


INFLUENCE = ("rstudent", "cook", "hat", "weight", "cov_ratio", "tau2_without")


@pytest.mark.parametrize("model", ["mean", "x"])
@pytest.mark.parametrize("test", ["z", "knha"])
@pytest.mark.parametrize("what", INFLUENCE)
def test_influence_equals_metafor(what, test, model):
    for number in numbers_with(f"{what} {test} {model}"):
        found = influence(pooled(number, "REML", test, model))
        ours = {
            "rstudent": found.studentised_residuals, "cook": found.cooks_distance, "hat": found.hat,
            "weight": found.weights, "cov_ratio": found.covariance_ratio,
            "tau2_without": found.without.heterogeneity.tau2,
        }[what]  # fmt: skip
        theirs = listed(number, f"{what} {test} {model}")
        some = np.isfinite(theirs)
        np.testing.assert_allclose(ours[some], theirs[some], rtol=1e-5, atol=1e-6, err_msg=str(number))


@pytest.mark.parametrize("test", ["z", "knha"])
def test_the_leave_one_out_table_equals_metafor(test):
    for number in numbers_with(f"without {test} mean"):
        without = influence(pooled(number, "REML", test, "mean")).without
        ours = (without.coefficients[:, 0], without.standard_errors[:, 0], without.low[:, 0], without.heterogeneity.q)
        for what, values in zip(("without", "without_se", "without_low", "without_q"), ours, strict=True):
            np.testing.assert_allclose(values, listed(number, f"{what} {test} mean"), rtol=1e-5, atol=1e-7)


def told(test):
    return [test.statistic, test.p_value, test.limit, test.limit_low, test.limit_high]


@pytest.mark.parametrize("test", ["z", "knha"])
def test_eggers_regression_with_random_effects_equals_regtest(test):
    for number in numbers_with(f"egger_random {test} mean"):
        found = egger_test(pooled(number, "REML", test, "mean"), "random_effects")
        np.testing.assert_allclose(told(found), listed(number, f"egger_random {test} mean"), rtol=1e-5, atol=1e-7)


def test_classical_eggers_regression_equals_regtest():
    for number in numbers_with("egger_classical"):
        found = egger_test(pooled(number, "DL", "z", "mean"))
        np.testing.assert_allclose(told(found), listed(number, "egger_classical"), rtol=1e-8, atol=1e-10)


def test_beggs_rank_test_equals_ranktest():
    for number in numbers_with("begg"):
        found = begg_test(pooled(number, "DL", "z", "mean"))
        np.testing.assert_allclose([found.statistic, found.p_value], listed(number, "begg"), rtol=1e-8, atol=1e-10)


def test_trim_and_fill_equals_trimfill():
    for number in numbers_with("trim_and_fill"):
        found = trim_and_fill(pooled(number, "DL", "z", "mean"))
        ours = [
            found.n_missing, found.side == "right", found.pooled.estimate, found.pooled.standard_error,
            found.pooled.tau2,
        ]  # fmt: skip
        np.testing.assert_allclose(ours, listed(number, "trim_and_fill"), rtol=1e-8, atol=1e-10, err_msg=str(number))


def test_peters_regression_equals_lm():
    for number in numbers_with("peters"):
        found = peters_test(*arms(data(number)))
        np.testing.assert_allclose(told(found)[:3], listed(number, "peters"), rtol=1e-8)


@pytest.mark.parametrize("measure", ["OR", "RR", "RD"])
def test_mantel_haenszel_equals_rma_mh(measure):
    for number in numbers_with(f"mh {measure}"):
        found = mantel_haenszel(*arms(DATA[DATA["set"] == number]), EffectMeasure(measure))
        theirs = listed(number, f"mh {measure}")
        np.testing.assert_allclose([found.estimate, found.standard_error], theirs[:2], rtol=1e-9, err_msg=str(number))
        np.testing.assert_allclose(found.q, theirs[2], rtol=1e-9, err_msg=str(number))


def test_peto_equals_rma_peto():
    for number in numbers_with("peto"):
        found = pool_peto(*arms(DATA[DATA["set"] == number]))
        ours = [found.estimate, found.standard_error, found.q]
        np.testing.assert_allclose(ours, listed(number, "peto"), rtol=1e-9, err_msg=str(number))


def test_the_binomial_normal_model_equals_rma_glmm():
    """Looser: lme4 stops before its maximum; ours has a slope of 0 there (tests/synthesis/test_counts_pooled.py)."""
    for number in numbers_with("glmm"):
        found = pool_binomial_normal(*arms(DATA[DATA["set"] == number]))
        ours = [found.estimate, found.standard_error, found.tau2]
        np.testing.assert_allclose(ours, listed(number, "glmm"), rtol=1e-2, atol=5e-4, err_msg=str(number))


def test_the_common_binomial_model_equals_glm():
    for number in numbers_with("glmm_common"):
        found = pool_binomial_normal(*arms(DATA[DATA["set"] == number]), common=True)
        ours = [found.estimate, found.standard_error, found.log_likelihood]
        np.testing.assert_allclose(ours, listed(number, "glmm_common"), rtol=1e-5, err_msg=str(number))


def test_exact_intervals_of_rates_equal_binom_test():
    low, high = exact_rate(data(8)["a"], data(8)["n"])
    np.testing.assert_allclose(low, listed(8, "clopper_low"), rtol=1e-10)
    np.testing.assert_allclose(high, listed(8, "clopper_high"), rtol=1e-10)


LEVELS = pd.read_csv(HERE / "levels.csv")
ARMS = pd.read_csv(HERE / "arms.csv")
OUTCOMES = pd.read_csv(HERE / "outcomes.csv")


def of_levels(case, method, model):
    frame = LEVELS[LEVELS["case"] == case]
    terms = [Nested("outer", frame["outer"].to_numpy()), Nested("inner", frame["inner"].to_numpy())]
    return pool_multilevel(
        frame["yi"], frame["vi"], terms, moderators=None if model == "mean" else frame["x"], method=TauMethod(method)
    )


@pytest.mark.parametrize("model", ["mean", "x"])
@pytest.mark.parametrize("method", ["REML", "ML"])
@pytest.mark.parametrize("case", [1, 2, 3, 4])
def test_levels_equal_rma_mv(case, method, model):
    found = of_levels(case, method, model)
    ours = [
        *found.coefficients, *found.standard_errors, *found.components.values(), found.q, found.log_likelihood,
        found.aic,
    ]  # fmt: skip
    np.testing.assert_allclose(ours, listed(case, f"levels {method} {model}"), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("place", [1, 2])
@pytest.mark.parametrize("case", [1, 2, 4])
def test_profile_intervals_equal_confint(case, place):
    """Looser: confint of metafor stops at 1.2e-4; ends that it does not find are left out."""
    found = np.array(profile_interval(of_levels(case, "REML", "mean"), ("outer", "inner")[place - 1]))
    theirs = listed(case, f"levels profile {place}")
    some = np.isfinite(theirs)
    np.testing.assert_allclose(found[some], theirs[some], rtol=1e-3, atol=3e-4)


@pytest.mark.parametrize("method", ["REML", "ML"])
@pytest.mark.parametrize("case", [1, 2, 3])
def test_a_network_of_arms_equals_rma_mv(case, method):
    frame = ARMS[ARMS["case"] == case]
    columns = np.column_stack(
        [frame["study"] == study for study in range(1, 15)] + [frame["treatment"] == word for word in "BCDE"]
    ).astype(float)
    term = WithinStudy("tau2", frame["study"].to_numpy(), frame["treatment"].to_numpy())
    found = pool_multilevel(
        frame["y"], frame["se"] ** 2, [term], moderators=columns, has_constant=False, method=TauMethod(method)
    )
    ours = [
        *found.coefficients[-4:], *found.standard_errors[-4:], found.components["tau2"], found.log_likelihood, found.q,
    ]  # fmt: skip
    np.testing.assert_allclose(ours, listed(case, f"arms {method}"), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("case", [1, 2, 3])
def test_a_common_network_of_contrasts_equals_least_squares_of_arms(case):
    frame = ARMS[ARMS["case"] == case]
    words = frame["study"].astype(str).to_list(), frame["treatment"].to_list()
    found = pool_network(contrasts_of_arms(*words, frame["y"], frame["se"]), model=NetworkModel.COMMON)
    ours = [*found.effects[1:, 0], *found.standard_errors[1:, 0], found.q]
    np.testing.assert_allclose(ours, listed(case, "arms common"), rtol=1e-9)


@pytest.mark.parametrize("method", ["REML", "ML"])
def test_two_correlated_outcomes_equal_rma_mv(method):
    kinds = sorted(set(OUTCOMES["outcome"]))
    v = np.diag(OUTCOMES["vi"].to_numpy())
    for i in range(0, len(v), 2):
        v[i, i + 1] = v[i + 1, i] = OUTCOMES["cov"].iloc[i]
    columns = np.column_stack([OUTCOMES["outcome"] == word for word in kinds]).astype(float)
    term = Unstructured("t", OUTCOMES["study"].to_numpy(), OUTCOMES["outcome"].to_numpy())
    found = pool_multilevel(OUTCOMES["yi"], v, [term], moderators=columns, has_constant=False, method=TauMethod(method))
    tau2 = [found.components[f"t[{word}]"] for word in kinds]
    shared = next(value for name, value in found.components.items() if ", " in name)
    ours = [
        *found.coefficients, *found.standard_errors, *tau2, shared / np.sqrt(np.prod(tau2)), found.log_likelihood,
        found.q,
    ]  # fmt: skip
    np.testing.assert_allclose(ours, listed(1, f"outcomes {method}"), rtol=1e-4, atol=1e-5)

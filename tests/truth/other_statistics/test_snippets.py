"""The R code that is shown beside a number gives that number: make_pooling.R ran these snippets."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sciatrial.synthesis import (
    ArmCounts,
    ArmMeans,
    CountsModel,
    EffectMeasure,
    EggerModel,
    Nested,
    TauMethod,
    Test,
    begg_test,
    effect_sizes,
    egger_test,
    influence,
    mantel_haenszel,
    pool_binomial_normal,
    pool_effects,
    pool_multilevel,
    pool_peto,
    predict_effect,
    r_begg,
    r_counts,
    r_effect_sizes,
    r_egger,
    r_heterogeneity,
    r_influence,
    r_multilevel,
    r_pool,
    r_predict,
    r_trim_and_fill,
    trim_and_fill,
)

HERE = Path(__file__).parent
DATA = pd.read_csv(HERE / "pooling.csv")
LISTS = pd.read_csv(HERE / "pooling_lists.csv")


@dataclass(frozen=True)
class Snippet:
    code: str
    ours: list


def of_set(number):
    frame = DATA[(DATA["set"] == number) & DATA["vi"].notna()]
    return {name: frame[name].to_numpy() for name in frame.columns}


def arms(rows):
    return ArmCounts(rows["a"], rows["n"]), ArmCounts(rows["c"], rows["m"])


def made():
    rows, means, counts, rates = of_set(6), of_set(16), of_set(11), of_set(8)
    y, v = rows["yi"], rows["vi"]
    plain = pool_effects(y, v)
    hartung = pool_effects(y, v, test=Test.HARTUNG_KNAPP, confidence=0.9)
    moderated = pool_effects(y, v, method=TauMethod.PM, moderators=rows["x"])
    dl = pool_effects(counts["yi"], counts["vi"], method=TauMethod.DL)
    at, there = predict_effect(hartung), predict_effect(moderated, [0.4])
    pull, filled = influence(plain), trim_and_fill(dl)
    ends = [
        hartung.tau2_low, hartung.tau2_low**0.5, hartung.i2_low, hartung.h2_low, hartung.tau2_high,
        hartung.tau2_high**0.5, hartung.i2_high, hartung.h2_high,
    ]  # fmt: skip
    both = [ArmMeans(means["mean"], means["sd"], means["n"]), ArmMeans(means["mean2"], means["sd2"], means["m"])]
    smd, odds = effect_sizes(EffectMeasure.SMD, *both), effect_sizes(EffectMeasure.OR, *arms(counts))
    peto, one = effect_sizes(EffectMeasure.PETO, *arms(counts)), effect_sizes(EffectMeasure.PLO, arms(rates)[0])
    mh, peto_pooled, mixed = (f(*arms(counts)) for f in (mantel_haenszel, pool_peto, pool_binomial_normal))
    levels = pd.read_csv(HERE / "levels.csv").query("case == 1")
    terms = [Nested("outer", levels["outer"].to_numpy()), Nested("inner", levels["inner"].to_numpy())]
    deep = pool_multilevel(levels["yi"], levels["vi"], terms, moderators=levels["x"])
    random, classical, begg = egger_test(dl, EggerModel.RANDOM_EFFECTS), egger_test(dl), begg_test(dl)

    def coefficients(found):
        return [*found.coefficients, *found.standard_errors, found.tau2, found.i2, found.q]

    def predicted(p):
        return [p.estimate, p.low, p.high, p.prediction_low, p.prediction_high]

    def sizes(found):
        return [*found.estimates, *found.variances]

    return {
        "pool": Snippet(r_pool(plain), coefficients(plain)),
        "pool_hartung": Snippet(r_pool(hartung), coefficients(hartung)),
        "pool_moderated": Snippet(r_pool(moderated), coefficients(moderated)),
        "predict": Snippet(r_predict(hartung), predicted(at)),
        "predict_moderated": Snippet(r_predict(moderated, [0.4]), predicted(there)),
        "heterogeneity": Snippet(r_heterogeneity(hartung), ends),
        "influence": Snippet(r_influence(plain), [*pull.studentised_residuals, *pull.cooks_distance, *pull.hat]),
        "egger": Snippet(r_egger(dl), [classical.statistic, classical.p_value]),
        "egger_random": Snippet(r_egger(dl, EggerModel.RANDOM_EFFECTS), [random.statistic, random.p_value]),
        "begg": Snippet(r_begg(dl), [begg.statistic, begg.p_value]),
        "trim_and_fill": Snippet(
            r_trim_and_fill(dl), [filled.n_missing, filled.pooled.estimate, filled.pooled.standard_error]
        ),
        "sizes_smd": Snippet(r_effect_sizes(EffectMeasure.SMD, *both), sizes(smd)),
        "sizes_or": Snippet(r_effect_sizes(EffectMeasure.OR, *arms(counts)), sizes(odds)),
        "sizes_peto": Snippet(r_effect_sizes(EffectMeasure.PETO, *arms(counts)), sizes(peto)),
        "sizes_plo": Snippet(r_effect_sizes(EffectMeasure.PLO, arms(rates)[0]), sizes(one)),
        "mantel_haenszel": Snippet(
            r_counts(*arms(counts), CountsModel.MANTEL_HAENSZEL), [mh.estimate, mh.standard_error]
        ),
        "peto": Snippet(r_counts(*arms(counts), CountsModel.PETO), [peto_pooled.estimate, peto_pooled.standard_error]),
        "binomial_normal": Snippet(
            r_counts(*arms(counts), CountsModel.BINOMIAL_NORMAL), [mixed.estimate, mixed.standard_error, mixed.tau2]
        ),
        "multilevel": Snippet(r_multilevel(deep), [*deep.coefficients, *deep.standard_errors, deep.log_likelihood]),
    }


SNIPPETS = made()


@pytest.mark.parametrize("name", SNIPPETS)
def test_the_snippet_is_the_one_that_was_run(name):
    assert (HERE / "snippets" / f"{name}.R").read_text(encoding="utf-8") == SNIPPETS[name].code


@pytest.mark.parametrize("name", SNIPPETS)
def test_r_gives_our_number(name):
    """lme4 stops before its maximum, the others agree to rounding or to the stop that the snippet names."""
    rows = LISTS[(LISTS["set"] == 0) & (LISTS["what"] == name)].sort_values("place")
    near = (
        {"rtol": 2e-3, "atol": 0}
        if name == "binomial_normal"
        else {"rtol": 1e-4 if name == "heterogeneity" else 1e-5, "atol": 1e-6}
    )
    np.testing.assert_allclose(SNIPPETS[name].ours, rows["value"], **near)

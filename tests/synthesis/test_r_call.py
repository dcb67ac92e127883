"""Snippets of R: their text. What R makes of them: tests/truth/other_statistics/test_snippets.py."""

import numpy as np
import pytest

from sciatrial.foundation import EvidenceError
from sciatrial.synthesis import (
    ArmCounts,
    ArmMeans,
    Contrasts,
    EffectMeasure,
    Test,
    pool_effects,
    pool_network,
    r_effect_sizes,
    r_network,
    r_pool,
)


def test_a_pool_is_one_call_with_its_data():
    code = r_pool(pool_effects([0.1, 0.5, 0.2], [0.1, 0.2, 0.3], method="DL", test=Test.HARTUNG_KNAPP))
    assert code == (
        "library(metafor)\n"
        "dat <- data.frame(yi = c(0.1, 0.5, 0.2), vi = c(0.1, 0.2, 0.3))\n"
        'res <- rma(yi, vi, data = dat, method = "DL", test = "knha")\n'
        "c(coef(res), res$se, res$tau2, res$I2, res$QE)\n"
    )


def test_numbers_keep_the_digits_of_a_double():
    assert "0.333333333333333" in r_pool(pool_effects([1 / 3, 0.5], [0.1, 0.2]))


def test_quotes_in_names_are_escaped():
    contrasts = Contrasts(['O"Neill'], ["a"], ["b"], np.array([0.1]), np.array([0.2]))
    assert r'"O\"Neill"' in r_network(contrasts, pool_network(contrasts))


def test_arms_of_two_kinds_are_refused():
    with pytest.raises(EvidenceError, match="matching arms"):
        r_effect_sizes(EffectMeasure.OR, ArmCounts([1], [5]), ArmMeans([1], [1], [5]))

"""The same number in R: snippets with the data inside, that run as they are.

Each snippet ends with the vector of numbers that ours are compared with; packages are metafor and, for networks,
netmeta.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike

from sciatrial.foundation import EvidenceError, Problem
from sciatrial.synthesis.contrast_network import Contrasts, NetworkEffect, NetworkModel
from sciatrial.synthesis.effect_sizes import OF_ONE_ARM, ArmCounts, ArmMeans, EffectMeasure
from sciatrial.synthesis.multilevel import MultilevelEffect
from sciatrial.synthesis.pool import PooledEffect, Test
from sciatrial.synthesis.small_studies import EggerModel

TESTS = {
    Test.NORMAL: "z",
    Test.T: "t",
    Test.HARTUNG_KNAPP: "knha",
    Test.HARTUNG_KNAPP_TRUNCATED: "adhoc",
}


class CountsModel(StrEnum):
    """Which function of counts a snippet calls."""

    MANTEL_HAENSZEL = "mantel_haenszel"
    PETO = "peto"
    BINOMIAL_NORMAL = "binomial_normal"


def r_pool(result: PooledEffect) -> str:
    """Return R code that gives the coefficients, standard errors, tau², I² and Q of a pooled effect."""
    values = "c(coef(res), res$se, res$tau2, res$I2, res$QE)"
    return _script(_fit(result), values)


def r_predict(result: PooledEffect, moderators_row: ArrayLike | None = None) -> str:
    """Return R code that gives a predicted mean effect, its interval and the prediction interval of the test's kind."""
    row = "" if moderators_row is None else f", newmods = {_row(moderators_row)}"
    return _script([*_fit(result), f"p <- predict(res{row})"], "c(p$pred, p$ci.lb, p$ci.ub, p$pi.lb, p$pi.ub)")


def r_heterogeneity(result: PooledEffect) -> str:
    """Return R code that gives the Q-profile intervals: tau², tau, I², H², lower ends first."""
    level = f", level = {_number(100 * result.confidence)}"
    return _script([*_fit(result), f"ci <- confint(res{level})$random"], "c(ci[, 2], ci[, 3])")


def r_influence(result: PooledEffect) -> str:
    """Return R code that gives studentised residuals, then Cook's distances, then hat values."""
    return _script([*_fit(result), "inf <- influence(res)$inf"], "c(inf$rstudent, inf$cook.d, inf$hat)")


def r_egger(result: PooledEffect, model: EggerModel = EggerModel.CLASSICAL) -> str:
    """Return R code that gives the statistic and p value of Egger's test."""
    word = "lm" if model == EggerModel.CLASSICAL else "rma"
    return _script([*_fit(result), f'egger <- regtest(res, model = "{word}")'], "c(egger$zval, egger$pval)")


def r_begg(result: PooledEffect) -> str:
    """Return R code that gives Kendall's tau and p value of Begg's test."""
    return _script([*_fit(result), "begg <- ranktest(res)"], "c(begg$tau, begg$pval)")


def r_trim_and_fill(result: PooledEffect) -> str:
    """Return R code that gives the number of filled studies and the filled estimate with its standard error."""
    return _script([*_fit(result), "filled <- trimfill(res)"], "c(filled$k0, filled$b, filled$se)")


def r_effect_sizes(
    measure: EffectMeasure, treated: ArmCounts | ArmMeans, control: ArmCounts | ArmMeans | None = None,
    *, continuity: float = 0.5,
) -> str:  # fmt: skip
    """Return R code that gives the effect sizes, then their variances."""
    measure = EffectMeasure(measure)
    add = f', add = {_number(continuity)}, to = "only0"'
    if isinstance(treated, ArmMeans) and isinstance(control, ArmMeans):
        given = {"m1i": treated.mean, "sd1i": treated.standard_deviation, "n1i": treated.size}
        given |= {"m2i": control.mean, "sd2i": control.standard_deviation, "n2i": control.size}
        add = ""
    elif isinstance(treated, ArmCounts) and measure in OF_ONE_ARM:
        given = {"xi": treated.events, "ni": treated.total}
        add = "" if measure is EffectMeasure.PFT else add
    elif isinstance(treated, ArmCounts) and isinstance(control, ArmCounts):
        given = _two_arms(treated, control)
        add = ', add = 0, to = "none"' if measure is EffectMeasure.PETO else add
    else:
        raise EvidenceError(
            "R code", Problem("arms", "not of one kind", "both ArmCounts or both ArmMeans", "give matching arms")
        )
    names = ", ".join(f"{name} = {name}" for name in given)
    lines = [_frame(given), f'es <- escalc("{measure}", {names}, data = dat{add})']
    return _script(lines, "c(es$yi, es$vi)")


def r_counts(
    treated: ArmCounts, control: ArmCounts, model: CountsModel, measure: EffectMeasure = EffectMeasure.OR
) -> str:
    """Return R code that gives an estimate and its standard error from counts (tau² too for binomial-normal)."""
    given = _two_arms(treated, control)
    names = ", ".join(f"{name} = {name}" for name in given)
    call = {
        CountsModel.MANTEL_HAENSZEL: f'rma.mh(measure = "{measure}", {names}, data = dat)',
        CountsModel.PETO: f"rma.peto({names}, data = dat)",
        CountsModel.BINOMIAL_NORMAL: f'rma.glmm(measure = "OR", {names}, data = dat, model = "UM.FS", nAGQ = 21)',
    }[CountsModel(model)]
    more = ", res$tau2" if model == CountsModel.BINOMIAL_NORMAL else ""
    return _script([_frame(given), f"res <- {call}"], f"c(res$b, res$se{more})")


def r_multilevel(result: MultilevelEffect) -> str:
    """Return R code that gives coefficients, standard errors and log likelihood at our variance components.

    The marginal covariance is written out, so that any structure of random effects has the same code.
    """
    problem = result.problem
    theta = np.array(list(result.components.values()))
    spread = problem.v + np.einsum("i,ijk->jk", theta, problem.matrices)
    lines = [
        f"y <- {_row(problem.y)}",
        f"M <- matrix({_row(spread)}, {len(problem.y)})",
        f"X <- matrix({_row(problem.x.T)}, {len(problem.y)})",
        f'res <- rma.mv(y, M, mods = X, intercept = FALSE, method = "{"REML" if problem.restricted else "ML"}")',
    ]
    return _script(lines, "c(coef(res), res$se, logLik(res))")


def r_network(contrasts: Contrasts, network: NetworkEffect) -> str:
    """Return R code that gives the effects of all treatments against the first, and tau²; needs the package netmeta."""
    words = {
        "studlab": list(contrasts.studies), "treat1": list(contrasts.first), "treat2": list(contrasts.second),
    }  # fmt: skip
    columns = [f"{name} = {_words(values)}" for name, values in words.items()]
    columns += [f"TE = {_row(contrasts.estimates)}", f"seTE = {_row(contrasts.standard_errors)}"]
    kind = "random" if network.model is NetworkModel.RANDOM else "common"
    lines = [
        f"dat <- data.frame({', '.join(columns)})",
        f'net <- netmeta(TE, seTE, treat1, treat2, studlab, data = dat, reference.group = "{network.treatments[0]}")',
    ]
    return _script(lines, f'c(net$TE.{kind}[, "{network.treatments[0]}"], net$tau^2)', package="netmeta")


def _script(lines: Iterable[str], values: str, package: str = "metafor") -> str:
    return "\n".join([f"library({package})", *lines, values, ""])


def _fit(result: PooledEffect) -> list[str]:
    first = 1 if result.has_constant else 0
    columns = result.moderators[:, first:]
    names = [f"x{place + 1}" for place in range(columns.shape[1])]
    given = {"yi": result.estimates, "vi": result.variances, **dict(zip(names, columns.T, strict=True))}
    mods = ""
    if names:
        mods = f", mods = ~ {' + '.join(names)}{'' if result.has_constant else ' - 1'}"
    level = "" if result.confidence == 0.95 else f", level = {_number(100 * result.confidence)}"
    # a tight stop: the usual one leaves the fifth digit of tau² open
    stop = {"REML": "threshold = 1e-10, maxiter = 1000", "ML": "threshold = 1e-10, maxiter = 1000", "PM": "tol = 1e-12"}
    control = f", control = list({stop[result.method]})" if result.method in stop else ""
    return [
        _frame(given),
        f'res <- rma(yi, vi{mods}, data = dat, method = "{result.method}", test = "{TESTS[result.test]}"'
        f"{level}{control})",
    ]


def _two_arms(treated: ArmCounts, control: ArmCounts) -> dict[str, ArrayLike]:
    return {"ai": treated.events, "n1i": treated.total, "ci": control.events, "n2i": control.total}


def _frame(columns: dict[str, ArrayLike]) -> str:
    return f"dat <- data.frame({', '.join(f'{name} = {_row(values)}' for name, values in columns.items())})"


def _row(values: ArrayLike) -> str:
    return f"c({', '.join(_number(x) for x in np.ravel(np.asarray(values, float)))})"


def _number(value: float) -> str:
    return "NA" if np.isnan(value) else f"{float(value):.15g}"


def _words(values: Iterable[object]) -> str:
    quoted = (str(value).replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return "c(" + ", ".join(f'"{word}"' for word in quoted) + ")"

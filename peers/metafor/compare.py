"""Our pooling beside metafor and netmeta on published data sets, and beside pimeta on the same data.

Reads the folder of checks (``SCIATRIAL_CHECKS``, ``../shared/checks`` beside the project by default): ``cases.json``
with what metafor printed and ``datasets.json`` with the studies, which are not ours to ship. Writes
``tests/truth/peers/metafor.csv``; exits with 1 when an input is missing or a number is off. A number agrees within
the tolerance of its case, or to four significant digits where the peer's own root finding stops before that (column
``agrees``).
"""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pimeta

from sciatrial.synthesis import (
    ArmCounts,
    ArmMeans,
    Contrasts,
    EffectMeasure,
    Nested,
    PooledEffect,
    PredictionKind,
    TauMethod,
    Test,
    WithinStudy,
    begg_test,
    effect_sizes,
    egger_test,
    influence,
    joint_test,
    mantel_haenszel,
    pool_binomial_normal,
    pool_effects,
    pool_multilevel,
    pool_network,
    pool_peto,
    predict_effect,
    profile_interval,
    trim_and_fill,
)

PROJECT = Path(__file__).parents[2]
CHECKS = Path(os.environ.get("SCIATRIAL_CHECKS", PROJECT.parent / "shared" / "checks"))
RESULT = PROJECT / "tests" / "truth" / "peers" / "metafor.csv"
COLUMNS = ["case", "quantity", "ours", "theirs", "difference", "tolerance", "agrees"]
FOUR_DIGITS = 5e-4
PIMETA = {TauMethod.EE: "FE"}
TESTS = {"z": Test.NORMAL, "knha": Test.HARTUNG_KNAPP}


def read(name: str) -> Any:
    path = CHECKS / name
    if not path.exists():
        sys.exit(f"{path} is missing: set SCIATRIAL_CHECKS to the folder of checks")
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    return json.loads(path.read_text(encoding="utf-8"))


def table(name: str) -> dict[str, np.ndarray]:
    rows = read("datasets.json")[name]["rows"]
    return {key: np.array([row[key] for row in rows]) for key in rows[0]}


def bcg() -> tuple[ArmCounts, ArmCounts]:
    rows = table("bcg")
    return ArmCounts(rows["tpos"], rows["tpos"] + rows["tneg"]), ArmCounts(rows["cpos"], rows["cpos"] + rows["cneg"])


def bcg_pooled(method: str = "REML", test: str = "z", **more: Any) -> PooledEffect:
    sizes = effect_sizes(EffectMeasure.RR, *bcg())
    return pool_effects(sizes.estimates, sizes.variances, method=TauMethod(method), test=TESTS[test], **more)


def of_fit(found: PooledEffect) -> dict[str, Any]:
    """Return the quantities of a fit by the names of the cases: numbers, or lists for several coefficients."""
    several = len(found.coefficients) > 1

    def every(values: Any) -> Any:
        return list(values) if several else float(values[0])

    finite = found.df if np.isfinite(found.df) else None
    return {
        "estimate": every(found.coefficients), "se": every(found.standard_errors), "statistic": every(found.statistics),
        "p_value": every(found.p_values), "ci_lower": every(found.low), "ci_upper": every(found.high), "df": finite,
        "tau2": found.tau2, "se_tau2": found.tau2_se, "I2": found.i2, "H2": found.h2, "Q": found.q, "Q_p": found.q_p,
        "logLik": found.log_likelihood, "AIC": found.aic, "prediction_lower": found.prediction_low,
        "prediction_upper": found.prediction_high, "QM": found.qm, "QM_p": found.qm_p, "R2": found.r2,
        "QM_df": [found.qm_df] if finite is None else [found.qm_df, finite],
    }  # fmt: skip


def interval_of_heterogeneity() -> dict[str, Any]:
    r = bcg_pooled()
    ends = {
        "lower": [r.tau2_low, r.tau2_low**0.5, r.i2_low, r.h2_low],
        "upper": [r.tau2_high, r.tau2_high**0.5, r.i2_high, r.h2_high],
    }
    return {"estimate": [r.tau2, r.tau2**0.5, r.i2, r.h2], **ends}


def prediction() -> dict[str, Any]:
    p = predict_effect(bcg_pooled(), kind=PredictionKind.NORMAL)
    both = [p.prediction_low, p.prediction_high]
    # the recorded call spells the kind 'Riley', which R does not know ('riley' it is): it printed the normal interval
    return {
        "pred": np.exp(p.estimate), "ci": np.exp([p.low, p.high]), "pi_z_exp": np.exp(both), "pi_t_km2_log": both,
    }  # fmt: skip


def regression() -> dict[str, Any]:
    found = bcg_pooled(moderators=table("bcg")["ablat"])
    at = [predict_effect(found, [latitude]) for latitude in (10, 30, 50)]
    return of_fit(found) | {
        "predicted_at_10_30_50": [p.estimate for p in at], "predicted_se": [p.standard_error for p in at],
    }  # fmt: skip


def small_studies() -> dict[str, Any]:
    found = bcg_pooled()
    random, classical = egger_test(found, "random_effects"), egger_test(found)
    filled = trim_and_fill(bcg_pooled("DL"))
    return {
        "egger_re_z": random.statistic, "egger_re_p": random.p_value, "egger_classical_t": classical.statistic,
        "egger_classical_p": classical.p_value, "begg_tau": begg_test(found).statistic,
        "begg_p": begg_test(found).p_value, "trimfill_k0": filled.n_missing,
        "trimfill_estimate": filled.pooled.estimate, "trimfill_ci": [filled.pooled.low[0], filled.pooled.high[0]],
    }  # fmt: skip


def counts() -> dict[str, Any]:
    mh, peto = mantel_haenszel(*bcg()), pool_peto(*bcg())
    return {
        "MH_log_or": mh.estimate, "MH_se": mh.standard_error, "MH_Q": mh.q, "peto_log_or": peto.estimate,
        "peto_se": peto.standard_error,
    }  # fmt: skip


def binomial_normal() -> dict[str, Any]:
    r = pool_binomial_normal(*bcg())
    return {"estimate": r.estimate, "se": r.standard_error, "tau2": r.tau2, "ci": [r.low, r.high]}


def continuous(measure: str) -> dict[str, Any]:
    rows = table("normand1999")
    both = [ArmMeans(rows[f"m{i}i"], rows[f"sd{i}i"], rows[f"n{i}i"]) for i in (1, 2)]
    sizes = effect_sizes(EffectMeasure(measure), *both)
    return of_fit(pool_effects(sizes.estimates, sizes.variances)) | {"yi": sizes.estimates, "vi": sizes.variances}


def levels() -> dict[str, Any]:
    rows = table("konstantopoulos2011")
    schools = [f"{d}/{s}" for d, s in zip(rows["district"], rows["school"], strict=True)]
    terms = [Nested("district", rows["district"]), Nested("school", schools)]
    r = pool_multilevel(rows["yi"], rows["vi"], terms)
    return {
        "estimate": r.coefficients[0], "se": r.standard_errors[0], "ci": [r.low[0], r.high[0]],
        "sigma2": list(r.components.values()), "Q": r.q, "logLik": r.log_likelihood,
        "sigma2_district_ci": profile_interval(r, "district"), "sigma2_school_ci": profile_interval(r, "school"),
    }  # fmt: skip


def smoking() -> dict[str, Any]:
    rows = table("hasselblad1998")
    sizes = effect_sizes(EffectMeasure.PLO, ArmCounts(rows["xi"], rows["ni"]))
    studies = sorted(set(rows["study"].tolist()))
    words = sorted(set(rows["trt"].tolist()) - {"no_contact"})
    columns = [rows["study"] == s for s in studies] + [rows["trt"] == w for w in words]
    r = pool_multilevel(
        sizes.estimates, sizes.variances, [WithinStudy("tau2", rows["study"], rows["trt"])],
        moderators=np.column_stack(columns).astype(float), has_constant=False,
    )  # fmt: skip
    places = range(len(studies), len(columns))
    return {
        "estimate": r.coefficients[len(studies) :], "se": r.standard_errors[len(studies) :],
        "tau2": r.components["tau2"], "QM": joint_test(r, list(places))[0],
    }  # fmt: skip


def pull() -> dict[str, Any]:
    r = influence(bcg_pooled())
    return {"rstudent": r.studentised_residuals, "cook": r.cooks_distance, "hat": r.hat, "weights": r.weights}


def dose_response(case: dict[str, Any]) -> dict[str, Any]:
    rows = case["inputs"]["rows"]
    y, e, dose = (np.array([row[key] for row in rows]) for key in ("y", "se", "dose"))
    return of_fit(pool_effects(y, e**2, moderators=np.log(dose), test=Test.HARTUNG_KNAPP))


def diabetes(case: dict[str, Any]) -> dict[str, Any]:
    rows = read("peers_fetched/senn2013_netmeta.csv")
    first, second, y, e, studies = (
        [row[key] for row in rows] for key in ("treat1", "treat2", "TE", "seTE", "studlab")
    )  # fmt: skip
    r = pool_network(Contrasts(studies, first, second, np.array(y, float), np.array(e, float)))
    to, places = r.treatments.index("plac"), [r.treatments.index(name) for name in case["expected"]["treatments"]]
    return {
        "MD": r.effects[places, to], "se": r.standard_errors[places, to], "tau2": r.tau2, "I2": r.i2, "Q": r.q,
        "df": r.q_df, "Q_within": r.q_within, "Q_between": r.q_between,
    }  # fmt: skip


def ours_of(case: dict[str, Any]) -> dict[str, Any]:
    """Return our numbers of a case by its names."""
    name, given = case["id"], case["inputs"]
    if name.startswith("metafor-escalc-"):
        sizes = effect_sizes(EffectMeasure(given["measure"]), *bcg())
        return {"yi": sizes.estimates, "vi": sizes.variances}
    if name.startswith("metafor-normand-"):
        return continuous(given["measure"])
    if name.startswith("metafor-bcg-") and "method" in given and "mods" not in given:
        return of_fit(bcg_pooled(given["method"], given.get("test", "z")))
    plain = {
        "metafor-bcg-Qprofile": interval_of_heterogeneity, "metafor-bcg-pi": prediction,
        "metafor-bcg-metareg": regression, "metafor-bcg-bias": small_studies, "metafor-bcg-MH": counts,
        "metafor-bcg-GLMM": binomial_normal, "metafor-multilevel": levels, "metafor-nma-smoking": smoking,
        "metafor-bcg-influence": pull,
    }  # fmt: skip
    if name in plain:
        return plain[name]()
    return {"metafor-doseresp": dose_response, "netmeta-senn-DL": diabetes}[name](case)


def pairs(case: dict[str, Any]) -> Iterator[tuple[str, float, float, float]]:
    """Return quantity, ours, theirs and tolerance of every number that a case expects."""
    ours = ours_of(case)
    for name, theirs in case["expected"].items():
        values = np.ravel(np.asarray(theirs))
        if values.dtype.kind not in "if":
            continue  # words
        mine = np.ravel(np.asarray(ours[name], float))
        for place, (one, other) in enumerate(zip(mine, values, strict=True)):
            label = name if len(values) == 1 else f"{name}[{place + 1}]"
            yield label, float(one), float(other), float(case["abs_tol"])


def beside_pimeta() -> Iterator[tuple[str, str, float, float, float]]:
    """Return the same data through a second program."""
    rows = table("normand1999")
    both = [ArmMeans(rows[f"m{i}i"], rows[f"sd{i}i"], rows[f"n{i}i"]) for i in (1, 2)]
    sets = {"bcg": effect_sizes(EffectMeasure.RR, *bcg()), "normand": effect_sizes(EffectMeasure.SMD, *both)}
    for word, sizes in sets.items():
        for method in TauMethod:
            for test in ("z", "knha"):
                theirs = pimeta.rma(
                    sizes.estimates.tolist(),
                    sizes.variances.tolist(),
                    method=PIMETA.get(method, str(method)),
                    test=test,
                )
                mine = pool_effects(sizes.estimates, sizes.variances, method=method, test=TESTS[test])
                numbers = {
                    "estimate": (mine.estimate, theirs.b[0]), "se": (mine.standard_error, theirs.se[0]),
                    "tau2": (mine.tau2, theirs.tau2), "I2": (mine.i2, theirs.I2), "Q": (mine.q, theirs.QE),
                }  # fmt: skip
                for name, (one, other) in numbers.items():
                    yield f"pimeta-{word}-{method}-{test}", name, float(one), float(other), 1e-4


def judged(case: str, quantity: str, ours: float, theirs: float, tolerance: float) -> dict[str, str]:
    difference = abs(ours - theirs)
    if difference <= tolerance:
        word = "yes"
    else:
        word = "to four digits" if difference <= FOUR_DIGITS * abs(theirs) else "no"
    values = [case, quantity, f"{ours:.9g}", f"{theirs:.9g}", f"{difference:.2e}", f"{tolerance:g}", word]
    return dict(zip(COLUMNS, values, strict=True))


def main() -> None:
    """Write and print the table."""
    cases = [case for case in read("cases.json") if case["id"].startswith(("metafor-", "netmeta-"))]
    found = [judged(case["id"], *pair) for case in cases for pair in pairs(case)]
    found += [judged(*row) for row in beside_pimeta()]
    with RESULT.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(found)
    for row in found:
        print("  ".join(row.values()))
    off = [row for row in found if row["agrees"] == "no"]
    digits = sum(row["agrees"] == "to four digits" for row in found)
    print(
        f"{len(cases)} cases and pimeta: {len(found) - len(off)} of {len(found)} numbers agree, {digits} of them "
        f"to four digits only; pimeta {pimeta.__version__}; written to {RESULT}"
    )
    sys.exit(1 if off else 0)


if __name__ == "__main__":
    main()

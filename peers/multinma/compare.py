"""Numbers that multinma, MBNMAtime and MBNMAdose print in their documentation, against ours on the same data.

Those programs are not run: their data and what they printed are read from the folder that SCIATRIAL_CHECKS names. Each
fit has enough draws for a Monte-Carlo error far below the tolerance; that error is a column of the table.
"""

import csv
import json
import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from sciatrial.synthesis import (
    Correlation,
    CorrelationKind,
    Course,
    CourseHeterogeneity,
    DosePriors,
    Effects,
    NetworkPriors,
    Reference,
    Sampler,
    Shape,
    TimeCourseModel,
    TimeCoursePriors,
    absolute,
    fit_dose_response,
    fit_network,
    fit_time_course,
    league,
    split_courses,
)
from sciatrial.synthesis.arm_tables import arms_of
from sciatrial.synthesis.fit import binomial_fit
from sciatrial.synthesis.network import sample_design
from sciatrial.synthesis.network_design import design_of
from sciatrial.synthesis.sampling import error_of_mean, error_of_quantile

ROOT = Path(__file__).parents[2]
CHECKS = Path(os.environ.get("SCIATRIAL_CHECKS", ROOT.parent / "shared" / "checks"))
RESULTS = ROOT / "tests" / "truth" / "peers" / "multinma.csv"
COLUMNS = ["case", "quantity", "ours", "theirs", "difference", "tolerance", "mcse", "agrees"]
# why a number is not reproduced; the row says False all the same, and anything else that differs fails the comparison
SMOKING, SPLIT, TRIPTANS = "multinma-smoking-RE", "MBNMAtime-osteopain-nodesplit-ITP", "MBNMAdose-triptans-emax"
PLUG_IN = "the deviance at the mean log odds gives it, ours is at the mean probability; see the row 'as theirs'"
RELATIVE_RATE = (
    "the printed text does not say how the rate is shared, nor which arms direct evidence keeps; ours has one rate. "
    "Least squares on two arms with a rate for each study and treatment gives -0.002 for Na_1000, but 0.39 for Ro_25"
)
HALF_VARIANCE = (
    "half the variance of the deviance in place of pD gives it to Monte-Carlo error; see the row 'as theirs'"
)
NOISE = "half a variance has a Monte-Carlo error of several units here, in their few thousand draws and in ours"
REASONS = {
    (SMOKING, "pD"): PLUG_IN,
    (SMOKING, "DIC"): PLUG_IN,
    (TRIPTANS, "DIC"): HALF_VARIANCE,
    (TRIPTANS, "DIC as theirs"): NOISE,
} | {
    (SPLIT, f"{pair} {what}"): RELATIVE_RATE
    for pair in ("Na_1000_vs_Ce_200", "Ro_25_vs_Ce_200")
    for what in ("direct median", "indirect median", "p")
}
SAMPLER = Sampler(seed=20260, n_warmup=1500, n_draws=5000, target_accept=0.97)
ROWS: list[dict[str, object]] = []
SMALL = {"mean": None, "median": 0.5, "q50": 0.5, "q2_5": 0.025, "lower": 0.025, "q97_5": 0.975, "upper": 0.975}


def note(case, quantity, ours, theirs, tolerance, mcse=float("nan")):
    difference = ours - theirs
    ROWS.append(
        {
            "case": case,
            "quantity": quantity,
            "ours": f"{ours:.5g}",
            "theirs": f"{theirs:g}",
            "difference": f"{difference:.3g}",
            "tolerance": f"{tolerance:g}",
            "mcse": f"{mcse:.2g}",
            "agrees": bool(abs(difference) <= tolerance + 1e-9),
        }
    )
    print(*ROWS[-1].values(), flush=True)


def note_draws(case, name, values, expected, tolerance):
    """Compare mean, sd and quantiles of draws (dims ``chain, draw``) with what `expected` holds of them."""
    for key, theirs in expected.items():
        if key == "sd":
            error = values.std() / np.sqrt(2 * values.size) * 2
            note(case, f"{name} sd", values.std(ddof=1), theirs, tolerance, error)
        elif key in SMALL:
            share = SMALL[key]
            ours = values.mean() if share is None else np.quantile(values, share)
            error = error_of_mean(values) if share is None else error_of_quantile(values, share)
            note(case, f"{name} {key}", ours, theirs, tolerance, error)


def chains(result, values):
    """Draws of a result with dims ``chain, draw``."""
    return np.asarray(values).reshape(result.diagnostics.n_chains, result.diagnostics.n_draws)


def note_fit(case, fit, expected, tolerance, dic_shift=0.0):
    for key, ours in (
        ("residual_deviance", fit.residual_deviance),
        ("pD", fit.effective_parameters),
        ("DIC", fit.dic + dic_shift),
    ):
        if key in expected:
            note(case, key, ours, expected[key], tolerance)


def must_converge(case, result):
    if not result.converged:
        note(case, "converged", 0, 1, 0)


def of(expected, prefix):
    """The part of the expected numbers whose names begin so."""
    return {key.removeprefix(prefix): value for key, value in expected.items() if key.startswith(prefix)}


def at(expected, place):
    return {key: value[place] for key, value in expected.items() if isinstance(value, list) and key in (*SMALL, "sd")}


def blocker(case, data):
    rows = data["blocker"]["rows"]
    arms = [x for s, rc, nc, rt, nt in rows for x in ((s, "control", rc, nc), (s, "beta blocker", rt, nt))]
    frame = pd.DataFrame(arms, columns=["study", "treatment", "events", "n"])
    effects = Effects.COMMON if case["inputs"]["model"] == "FE" else Effects.RANDOM
    result = fit_network(frame, reference="control", sampler=SAMPLER, effects=effects)
    expected, name = case["expected"], case["id"]
    must_converge(name, result)
    effect = result.posterior["effect"].sel(treatment="beta blocker")
    note_draws(name, "effect", chains(result, effect), expected, case["abs_tol"])
    note_fit(name, result.fit, expected, 1.0)
    if effects is Effects.COMMON:
        return
    spread = chains(result, result.posterior["heterogeneity"])
    note_draws(name, "tau", spread, of(expected, "tau_"), case["abs_tol"])
    shares = absolute(result, reference_mean=-2.2, reference_sd=3.3**-0.5, seed=1)
    for treatment, key in (("control", "control"), ("beta blocker", "treated")):
        ours = chains(result, shares.sel(treatment=treatment))
        theirs = expected[f"predicted_probability_{key}_mean"]
        note(name, f"probability {key} mean", ours.mean(), theirs, case["abs_tol"], error_of_mean(ours))


def parkinsons(case, data):
    rows = [(s, str(int(t)), y, se) for s, arms in data["parkinsons"]["rows"] for t, y, se, _ in arms]
    frame = pd.DataFrame(rows, columns=["study", "treatment", "estimate", "se"])
    # seven small studies: the tail of tau is heavy, and its upper quantile needs many draws
    many = Sampler(seed=20260, n_draws=60_000, target_accept=0.8)
    result = fit_network(frame, reference="1", sampler=many)
    expected, name = case["expected"], case["id"]
    must_converge(name, result)
    for place, treatment in enumerate(expected["treatments"]):
        values = chains(result, result.posterior["effect"].sel(treatment=str(treatment)))
        note_draws(name, f"treatment {treatment}", values, at(expected, place), case["abs_tol"])
    note_draws(name, "tau", chains(result, result.posterior["heterogeneity"]), of(expected, "tau_"), case["abs_tol"])
    predicted = absolute(result, reference_mean=-0.73, reference_sd=21**-0.5, seed=1)
    for place, theirs in enumerate(expected["absolute_prediction_mean"]):
        ours = chains(result, predicted.sel(treatment=str(place + 1)))
        note(name, f"absolute {place + 1} mean", ours.mean(), theirs, case["abs_tol"], error_of_mean(ours))
    note_fit(name, result.fit, expected, 1.0)


def smoking(case, data):
    letters = {"no_contact": "A", "self_help": "B", "ind_counseling": "C", "grp_counseling": "D"}
    frame = pd.DataFrame(data["hasselblad1998"]["rows"]).rename(columns={"xi": "events", "ni": "n"})
    frame["treatment"] = frame["trt"].map(letters)
    result = fit_network(frame[["study", "treatment", "events", "n"]], reference="A", sampler=SAMPLER)
    expected, name = case["expected"], case["id"]
    must_converge(name, result)
    every = league(result.posterior["effect"])
    for place, (first, second) in enumerate(expected["contrast"]):
        values = chains(result, every.sel(treatment=second, comparator=first))
        note_draws(name, first + second, values, at(expected, place), case["abs_tol"])
    note_draws(name, "tau", chains(result, result.posterior["heterogeneity"]), of(expected, "tau_"), case["abs_tol"])
    note_fit(name, result.fit, expected, 1.0)
    arms = arms_of(frame[["study", "treatment", "events", "n"]], reference="A")
    draws = sample_design(arms, design_of(arms), Effects.RANDOM, NetworkPriors(), SAMPLER)
    logits = draws.values["fitted"].reshape(-1, len(arms.frame))
    events, n = (arms.frame[column].to_numpy(dtype=float) for column in ("events", "n"))
    at_mean = binomial_fit(arms.frame, events, n, 1 / (1 + np.exp(-logits.mean(0)))[None]).residual_deviance
    used = result.fit.residual_deviance - at_mean
    note(name, "pD as theirs", used, expected["pD"], 1.0)
    note(name, "DIC as theirs", result.fit.residual_deviance + used, expected["DIC"], 1.0)


def bcg(case, data):
    arms = [
        x
        for r in data["bcg"]["rows"]
        for x in (
            (r["trial"], "unvaccinated", r["cpos"], r["cpos"] + r["cneg"], r["ablat"]),
            (r["trial"], "vaccinated", r["tpos"], r["tpos"] + r["tneg"], r["ablat"]),
        )
    ]
    frame = pd.DataFrame(arms, columns=["study", "treatment", "events", "n", "latitude"])
    for model, covariates in (("unadjusted", ()), ("regression", ("latitude",))):
        sampler = Sampler(seed=20260, n_warmup=2000, n_draws=5000, target_accept=0.99)
        result = fit_network(frame, reference="unvaccinated", sampler=sampler, covariates=covariates)
        expected, name = case["expected"][model], case["id"]
        must_converge(f"{name} {model}", result)
        effect = chains(result, result.posterior["effect"].sel(treatment="vaccinated"))
        note_draws(name, f"{model} effect", effect, expected, case["abs_tol"])
        spread = chains(result, result.posterior["heterogeneity"])
        note_draws(name, f"{model} tau", spread, of(expected, "tau_"), case["abs_tol"])
        if covariates:
            slope = chains(result, result.posterior["coefficient"].sel(covariate="latitude"))
            note_draws(name, f"{model} slope", slope, of(expected, "beta_"), case["abs_tol"])
        note_fit(name, result.fit, expected, 1.0)


def courses(name):
    columns = {"studyID": "study", "time": "months", "y": "estimate"}  # their weeks; no function here has a fixed month
    frame = pd.read_csv(CHECKS / "peers_fetched" / f"{name}.csv").rename(columns=columns)
    return frame[["study", "treatment", "months", "estimate", "se"]]


def independent(course, heterogeneity=CourseHeterogeneity.NONE, *, change=False):
    """The default of that program: visits of one arm independent, reference courses of the same function."""
    shape = Shape(course, parameter_log_sd=3.0)
    return TimeCourseModel(
        shape, Correlation(CorrelationKind.COMPOUND_SYMMETRY, 0.0), Reference.COURSE, heterogeneity, change
    )


def alogliptin(case, _):
    frame, expected, name = courses("alog_pcfb"), case["expected"], case["id"]
    sampler = Sampler(seed=20260, n_draws=5000)
    model = independent(Course.LINEAR, change=True)
    result = fit_time_course(frame, reference="placebo", model=model, sampler=sampler)
    must_converge(name, result)
    for place, treatment in enumerate(expected["treatments"]):
        values = chains(result, result.posterior["effect"].sel(treatment=treatment, coefficient="slope"))
        note_draws(name, treatment, values, at(expected, place), case["abs_tol"])
    # theirs is -2 log likelihood: the residual deviance and the densities' constants
    constant = float(np.log(2 * np.pi * frame["se"] ** 2).sum())
    note_fit(name, result.fit, expected, 1.0, constant)
    note(name, "deviance", result.fit.residual_deviance + constant, expected["deviance"], 1.0)


def osteoarthritis(case, _):
    frame, name = courses("osteopain"), case["id"]
    pairs = {key: tuple(key.split("_vs_")) for key in case["expected"]}
    found = split_courses(
        frame,
        reference="Pl_0",
        model=independent(Course.ITP),
        month=float(frame["months"].max()),
        sampler=Sampler(seed=20260, n_warmup=300, n_draws=1000),
        comparisons=list(pairs.values()),
    )
    must_converge(name, found)
    rows = found.splits.set_index(["treatment", "comparator"])
    for key, pair in pairs.items():
        row, expected = rows.loc[pair], case["expected"][key]
        note(name, f"{key} direct median", row["direct"], expected["direct_median"], case["abs_tol"])
        note(name, f"{key} indirect median", row["indirect"], expected["indirect_median"], case["abs_tol"])
        note(name, f"{key} p", row["p_value"], expected["p"], case["abs_tol"])


def triptans(case, _):
    from scipy.stats import binom

    frame = pd.read_csv(CHECKS / "peers_fetched" / "triptans.csv").rename(columns={"studyID": "study", "r": "events"})
    expected, name = case["expected"], case["id"]
    result = fit_dose_response(
        frame, reference="placebo", priors=DosePriors(), sampler=Sampler(seed=20260, n_draws=4000, target_accept=0.95)
    )
    must_converge(name, result)
    spread = chains(result, result.posterior["heterogeneity"])
    for theirs, share in zip(expected["between_study_sd"], (0.5, 0.025, 0.975), strict=True):
        ours, error = np.quantile(spread, share), error_of_quantile(spread, share)
        note(name, f"tau {share:g}", ours, theirs, case["abs_tol"], error)
    for agent in ("eletriptan", "zolmitriptan"):
        for key, ours in (("emax_median", "maximum"), ("ed50_median", "half_dose")):
            values = chains(result, result.posterior[ours].sel(agent=agent))
            error = error_of_quantile(values, 0.5)
            note(name, f"{agent} {ours} median", np.median(values), expected[agent][key], case["abs_tol"], error)
    note(name, "residual_deviance", result.fit.residual_deviance, expected["residual_deviance"], 1.0)
    # theirs is -2 log likelihood; what a fit without error leaves of it is the same for every model
    saturated = -2 * binom.logpmf(frame["events"], frame["n"], frame["events"] / frame["n"]).sum()
    note(name, "DIC", result.fit.dic + saturated, expected["DIC"], 1.0)
    theirs = result.fit.residual_deviance + result.fit.half_variance + saturated
    error = result.fit.half_variance * np.sqrt(2 / result.diagnostics.least_bulk_ess)
    note(name, "DIC as theirs", theirs, expected["DIC"], 1.0, error)
    warned = {warning.split(":")[0] for warning in result.warnings}
    note(name, "agents warned of (rizatriptan, frovatriptan)", len(warned & {"rizatriptan", "frovatriptan"}), 2, 0)


def without_numbers():
    """Tables that no published number is known of: they must converge and have effects of a believable size."""
    settings = Sampler(seed=20260, n_warmup=500, n_draws=700)
    for name, reference, largest in (
        ("hyalarthritis", "placebo", 60.0),
        ("copd", "Placebo", 0.5),
        ("osteopain", "Pl_0", 4.0),
    ):
        frame = courses(name)
        model = TimeCourseModel(Shape(Course.EMAX), Correlation(CorrelationKind.COMPOUND_SYMMETRY, 0.5))
        scale = float(frame["estimate"].std())
        result = fit_time_course(
            frame, reference=reference, model=model, sampler=settings,
            priors=TimeCoursePriors(effect_sd=10 * scale, reference_sd=100 * scale, heterogeneity_scale=scale),
        )  # fmt: skip
        must_converge(name, result)
        effect = result.effect([result.last_month]).median("draw")
        note(name, "largest effect is believable", float(np.abs(effect).max() < largest), 1, 0)
        print(result.table((result.last_month,)), flush=True)


CASES = {
    "multinma-blocker-FE": blocker,
    "multinma-blocker-RE": blocker,
    "multinma-parkinsons-RE": parkinsons,
    "multinma-smoking-RE": smoking,
    "multinma-bcg": bcg,
    "MBNMAtime-alog-linear": alogliptin,
    "MBNMAtime-osteopain-nodesplit-ITP": osteoarthritis,
    "MBNMAdose-triptans-emax": triptans,
}


def main():
    needed = [CHECKS / "cases.json", CHECKS / "datasets.json"]
    needed += [
        CHECKS / "peers_fetched" / f"{n}.csv" for n in ("alog_pcfb", "copd", "hyalarthritis", "osteopain", "triptans")
    ]
    absent = [str(path) for path in needed if not path.is_file()]
    if absent:
        sys.exit(f"missing: {', '.join(absent)}\nset SCIATRIAL_CHECKS to the folder that holds them")
    cases = json.loads(needed[0].read_text(encoding="utf-8"))
    data = json.loads(needed[1].read_text(encoding="utf-8"))
    for case in cases:
        if case["id"].startswith(("multinma-", "MBNMA")):
            CASES[case["id"]](case, data)
    without_numbers()
    with RESULTS.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(ROWS)
    far = [row for row in ROWS if not row["agrees"]]
    unexplained = [row for row in far if (row["case"], row["quantity"]) not in REASONS]
    print(f"{len(ROWS) - len(far)} of {len(ROWS)} numbers agree; written to {RESULTS}")
    for row in far:
        print("differs:", *row.values(), REASONS.get((row["case"], row["quantity"]), "UNEXPLAINED"))
    sys.exit(1 if unexplained else 0)


if __name__ == "__main__":
    main()

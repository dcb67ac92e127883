"""Records with known numbers, from which the rules of credibility must tell what they tell."""

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
from tests.calibration.small import small_evidence
from tests.calibration.unseen import prior_as_posterior

from sciatrial.calibration import BlindValidation, Validation
from sciatrial.calibration.credibility import assess_credibility
from sciatrial.calibration.numerical_checks import Known
from sciatrial.calibration.questions import QUESTIONS
from sciatrial.calibration.scores import What
from sciatrial.calibration.terms import Terms, likelihood_terms
from sciatrial.calibration.validation import COURSE, MECHANISM, NO_DIFFERENCE, POOLED
from sciatrial.foundation import fingerprint
from sciatrial.parameters import CELL_EFFECTS, read_prior

RUNS, PRIOR = "these runs", fingerprint(read_prior().rows.astype(str))
STRATA = ("all", "herniation", "discogenic", "other causes")
HOLDS = {
    "R-hat": "1.001 (a)", "effective sample": "900 (a)", "divergences": "0", "E-BFMI": "0.9",
    "variance that the emulator explains, median": "0.95", "arms of fewer than 50 effective patients": "2 of 95",
    "draws that tell of cells, effective": "200 of 900",
    "arms whose baseline is 5 points out of reach": "1 of 95",
}  # fmt: skip


@cache
def sound_posterior():
    """Return a posterior whose every check holds, made from the tables at hand."""
    rows = [{"check": name, "found": found, "wanted": "", "holds": True} for name, found in HOLDS.items()]
    parameters = pd.DataFrame(
        {"key": ["a", "b"], "prior_50": 1.0, "posterior_50": 1.5, "contraction": [0.5, 0.02], "is_at_edge": False}
    )
    effects = pd.DataFrame({"group": CELL_EFFECTS, "prior": 0.5, "posterior": 0.4, "error": 0.01, "bayes_factor": 0.7})
    made = {
        "seed": 3, "evidence": small_evidence().fingerprint(), "assumptions": ["differences are normal"],
        "prior table": PRIOR, "runs": RUNS,
    }  # fmt: skip
    return replace(
        prior_as_posterior(), checks=pd.DataFrame(rows), parameters=parameters, effects=effects, made_with=made
    )


def posterior_with(**found):
    """Return the sound posterior with checks, by the first word of their name, that found something else and fail."""
    checks = sound_posterior().checks.copy()
    for word, text in found.items():
        mine = checks["check"].str.startswith(word)
        checks.loc[mine, ["found", "holds"]] = [text, False]
    return replace(sound_posterior(), checks=checks)


def small_errors(**other):
    """Return numerical checks that found next to nothing, or what is said of them."""
    found = {known.name.lower(): 0.0 if known is Known.SAME else 1e-4 for known in Known} | other
    rows = [(str(known), found[known.name.lower()], "points of 100", 100) for known in Known]
    return pd.DataFrame(rows, columns=["check", "found", "unit", "n"])


def answers_without_each():
    """Return answers to the questions about cells: −4 points with every trial, −1 without one."""
    rows = [
        {"question": name, "month": 12.0, "against": "carrier", "median": middle, "low": middle - 3, "high": middle + 3,
         "without": without}
        for without, middle in (("", -4.0), ("one", -1.0)) for name in QUESTIONS
    ]  # fmt: skip
    return pd.DataFrame(rows)


def made_validation(*, coverage=(0.9, 0.85, 0.95), apart=-1.0, half_width=0.5, n_cells=6, n=20, runs=RUNS):
    """Return a validation of `n` studies of each stratum, of which `n_cells` are trials of cells with a control.

    Its 90 % intervals hold `coverage` (found, low, high); its error of 10 is `apart` from that of each baseline.
    """
    count = {What.ARMS: n, What.CONTRASTS: n, What.VERSUS_CONTROL: n, What.CELLS: n_cells}
    others = (POOLED, COURSE, NO_DIFFERENCE)
    where = [(stratum, str(what), number) for stratum in STRATA for what, number in count.items()]
    scores = [
        {"model": model, "stratum": stratum, "what": what, "n": number, "n_studies": number, "crps": 10.0,
         "coverage_90": coverage[0], "coverage_90_low": coverage[1], "coverage_90_high": coverage[2],
         "median_sd": 12.0, "untested": number < 5}
        for model in (MECHANISM, *others) for stratum, what, number in where
    ]  # fmt: skip
    differences = [
        {"model": MECHANISM, "other": other, "stratum": stratum, "what": what, "n": number, "n_studies": number,
         "difference": apart, "low": apart - half_width, "high": apart + half_width, "untested": number < 5}
        for other in others for stratum, what, number in where
    ]  # fmt: skip
    return Validation(
        predictions_of(n), pd.DataFrame(scores), pd.DataFrame(differences), answers_without_each(), pd.DataFrame(),
        pd.DataFrame({"key": ["a"], "source": ["slug"], "study_id": ["one"]}), pd.DataFrame(),
        {"seed": 3, "runs": runs, "evidence": small_evidence().fingerprint(), "prior table": PRIOR},
    )  # fmt: skip


def predictions_of(n):
    """Return one prediction of each of `n` studies of two causes."""
    causes = np.where(np.arange(n) % 2, "herniation", "discogenic")
    return pd.DataFrame({
        "study_id": [f"study {number}" for number in range(n)], "arm_id": "arm", "cause": causes, "kind": "change",
        "n": 40.0, "from_discrepancy": 2.0,
    })  # fmt: skip


def made_blind(*, known=(), posterior=None, **words):
    """Return the same as predictions of studies that nobody had seen."""
    made = made_validation(**words)
    return BlindValidation(
        made.predictions, made.scores, made.differences, pd.DataFrame({"reason": ["no such score"]}),
        pd.DataFrame({"verdict": ["good"] * 9 + ["few"]}), pd.DataFrame(),
        {"seed": 3, "known": list(known), "posterior": (posterior or sound_posterior()).fingerprint()},
    )  # fmt: skip


def assess(validation=None, blind=None, *, posterior=None, **words):
    """Return the credibility of the sound posterior, or of another."""
    words = {"evidence": small_evidence(), "checks": small_errors(), **words}
    return assess_credibility(posterior or sound_posterior(), validation, blind, **words)


def found_of(made, factor):
    """Return the row of a factor."""
    return made.factors.set_index("factor").loc[factor]


def terms_with(n_cell_trials):
    """Return the small terms with a controlled trial of cells under as many names."""
    terms = likelihood_terms(small_evidence())
    rest = terms.rows[~terms.rows["study_id"].isin(["amirdelfan2021", "levi2025", "noriega2017"])]
    one = terms.rows[terms.rows["study_id"] == "amirdelfan2021"]
    copies = [one.assign(study_id=f"trial {number}") for number in range(n_cell_trials)]
    return Terms(pd.concat([rest, *copies], ignore_index=True), terms.arms, terms.baselines, terms.unused)

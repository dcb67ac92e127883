"""Our mixed models beside PROC MIXED of SAS on the example data of mmrm.

Reads the folder of checks (``SCIATRIAL_CHECKS``, ``../shared/checks`` beside the project by default):
``peers_fetched/fev_data.csv``, which is not ours to ship. What SAS printed is published with mmrm (openpharma/mmrm,
``design/SAS``, ``design/KR`` and ``design/ddfm_covtype``) and stands below. Writes ``tests/truth/peers/mmrm.csv``;
exits with 1 when the input is missing or a number is off. A number agrees within half a unit of the last digit printed.
SAS stops a little before the maximum: its deviance lies up to 1e-5 above ours. Then it agrees to four significant
digits, or to as many standard errors as the root of that gap, which is how far a parameter can be from its maximum.
"""

from __future__ import annotations

import csv
import os
import sys
from pathlib import Path

import numpy as np

from sciatrial.statistics import (
    Covariance,
    Likelihood,
    MixedFits,
    SmallSample,
    contrasts,
    fit_mixed_models,
    joint_contrasts,
)

PROJECT = Path(__file__).parents[2]
CHECKS = Path(os.environ.get("SCIATRIAL_CHECKS", PROJECT.parent / "shared" / "checks"))
RESULT = PROJECT / "tests" / "truth" / "peers" / "mmrm.csv"
COLUMNS = ["case", "quantity", "ours", "theirs", "difference", "tolerance", "agrees"]
FOUR_DIGITS = 5e-4
VISITS = ("VIS1", "VIS2", "VIS3", "VIS4")
# columns of the design
CONSTANT, BLACK, WHITE, FEMALE, TREATED, *_ = range(11)
US, CS, AR1 = Covariance.UNSTRUCTURED, Covariance.COMPOUND_SYMMETRY, Covariance.FIRST_ORDER_AUTOREGRESSIVE
REML, ML = Likelihood.RESTRICTED, Likelihood.FULL
SAT, KR = SmallSample.SATTERTHWAITE, SmallSample.KENWARD_ROGER

# file of SAS's output, model, and what it printed: as printed, for half a unit of the last digit is the tolerance
CASES = [
    ("SAS/sas_log_reml.txt", range(11), US, REML, SAT, {
        "deviance": "3386.44987722",
        "estimate": "30.7774 1.5305 5.6436 0.3262 3.7745 4.8396 10.3422 15.0537 -0.04231 -0.6939 0.6240",
        "se": "0.8865 0.6244 0.6656 0.5319 1.0741 0.8016 0.8227 1.3129 1.1292 1.1876 1.8510",
        "df": "219 169 157 166 146 144 156 138 139 158 130",
        "covariance": "40.5509 14.3982 26.5692 4.9744 2.7851 14.8970 13.3731 7.4790 0.9017 95.5528",
        "F RACE": "36.92", "df RACE": "166",
        "F AVISIT*ARMCD": "0.26", "df AVISIT*ARMCD": "148", "p AVISIT*ARMCD": "0.8555",
    }),
    ("SAS/sas_coef_ci_reml_un.txt", (CONSTANT, TREATED, FEMALE), US, REML, SAT, {
        "deviance": "3666.96698281", "estimate": "41.0762 3.8265 -0.1404", "se": "0.5504 0.6421 0.6434",
        "df": "156 161 161", "low": "39.9890 2.5584 -1.4108", "high": "42.1634 5.0945 1.1301",
    }),
    ("SAS/sas_coef_ci_ml_un.txt", (CONSTANT, TREATED, FEMALE), US, ML, SAT, {
        "deviance": "3668.40243767", "estimate": "41.0840 3.8276 -0.1382", "se": "0.5452 0.6362 0.6374",
        "df": "158 163 164", "low": "40.0071 2.5714 -1.3968", "high": "42.1609 5.0838 1.1204",
    }),
    ("SAS/sas_coef_ci_reml_ar1.txt", (CONSTANT, TREATED, FEMALE), AR1, REML, SAT, {
        "deviance": "3853.30169736", "estimate": "40.1643 4.2211 0.2364", "se": "0.8377 0.9629 0.9646",
        "df": "190 187 188", "low": "38.5119 2.3216 -1.6664", "high": "41.8167 6.1206 2.1392",
        "covariance": "84.6947 0.3931",
    }),
    ("SAS/sas_cs_reml.txt", (CONSTANT,), CS, REML, SAT, {
        "deviance": "3917.98183508", "estimate": "42.2896", "se": "0.4285", "df": "187", "covariance": "86.8968 5.8943",
    }),
    ("ddfm_covtype/kr1_us.csv", (TREATED, CONSTANT), US, REML, KR, {
        "estimate": "3.81972492174648", "se": "0.66124382270307", "df": "160.733266403768",
        "low": "2.51387886026607", "high": "5.12557098322688",
    }),
    ("KR/kr_cs.csv", (TREATED, CONSTANT), CS, REML, KR, {
        "estimate": "4.19663617897035", "se": "0.7964696053595", "df": "177.038485931223",
        "low": "2.62483985242729", "high": "5.7684325055134",
    }),
    ("ddfm_covtype/kr_ar1.csv", (TREATED, CONSTANT), AR1, REML, KR, {
        "estimate": "4.22574315817874", "se": "0.95865439662225", "df": "188.46934887972",
        "low": "2.33467190342009", "high": "6.11681341293738",
    }),
]  # fmt: skip


def trial() -> tuple[np.ndarray, np.ndarray]:
    """Return FEV1 (patient, visit) and the design of race, sex, arm, visit and arm by visit."""
    path = CHECKS / "peers_fetched" / "fev_data.csv"
    if not path.exists():
        sys.exit(f"{path} is missing: set SCIATRIAL_CHECKS to the folder of checks")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    patients = {name: place for place, name in enumerate(dict.fromkeys(row["USUBJID"] for row in rows))}
    outcome, design = np.full((len(patients), 4), np.nan), np.zeros((len(patients), 4, 11))
    for row in rows:
        patient, visit = patients[row["USUBJID"]], VISITS.index(row["AVISIT"])
        treated, later = row["ARMCD"] == "TRT", [row["AVISIT"] == name for name in VISITS[1:]]
        race = [row["RACE"] == "Black or African American", row["RACE"] == "White"]
        design[patient, visit] = [
            1,
            *race,
            row["SEX"] == "Female",
            treated,
            *later,
            *(treated and one for one in later),
        ]
        outcome[patient, visit] = float(row["FEV1"]) if row["FEV1"] not in ("", "NA") else np.nan
    return outcome, design


def of_fits(fits: MixedFits) -> dict[str, np.ndarray]:
    width = fits.coefficients.shape[1]
    found = contrasts(fits, np.eye(width))
    told = {
        "deviance": fits.deviance, "estimate": found.estimate[0], "se": found.standard_error[0],
        "df": found.degrees_of_freedom[0], "low": found.low[0], "high": found.high[0], "covariance": fits.parameters[0],
    }  # fmt: skip
    if width == 11:
        race, crossed = (joint_contrasts(fits, np.eye(11)[rows]) for rows in ([BLACK, WHITE], [8, 9, 10]))
        told |= {"F RACE": race.statistic, "df RACE": race.denominator, "F AVISIT*ARMCD": crossed.statistic}
        told |= {"df AVISIT*ARMCD": crossed.denominator, "p AVISIT*ARMCD": crossed.p_value}
    return told


def compared() -> list[dict[str, object]]:
    outcome, design = trial()
    rows = []
    for name, columns, structure, likelihood, small_sample, printed in CASES:
        fits = fit_mixed_models(
            outcome, design[..., list(columns)], structure=structure, likelihood=likelihood, small_sample=small_sample
        )
        ours = of_fits(fits)
        gap = max(float(printed.get("deviance", fits.deviance[0])) - float(fits.deviance[0]), 0.0)
        spread = {"estimate": ours["se"], "covariance": np.sqrt(np.diag(np.linalg.inv(fits.information[0])))}
        for quantity, numbers in printed.items():
            for place, text in enumerate(numbers.split()):
                reach = np.sqrt(gap) * spread[quantity][place] if quantity in spread else 0.0
                rows.append(row_of(name, f"{quantity}[{place + 1}]", float(ours[quantity][place]), text, reach))
    return rows


def row_of(case: str, quantity: str, ours: float, text: str, reach: float) -> dict[str, object]:
    theirs = float(text)
    tolerance = 0.5 * 10.0 ** -len(text.partition(".")[2])
    difference = abs(ours - theirs)
    if difference <= tolerance:
        agrees = "yes"
    elif difference <= FOUR_DIGITS * abs(theirs):
        agrees = "to four digits"
    else:
        agrees = "where SAS stopped" if difference <= tolerance + reach else "no"
    return {
        "case": case, "quantity": quantity, "ours": f"{ours:.9g}", "theirs": f"{theirs:.9g}",
        "difference": f"{difference:.3g}", "tolerance": f"{tolerance:.3g}", "agrees": agrees,
    }  # fmt: skip


def main() -> None:
    rows = compared()
    with RESULT.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    off = [row for row in rows if row["agrees"] == "no"]
    few = sum(row["agrees"] == "to four digits" for row in rows)
    print(f"{len(rows)} numbers of SAS, {few} to four digits only, {len(off)} off")
    for row in off:
        print(row)
    sys.exit(bool(off))


if __name__ == "__main__":
    main()

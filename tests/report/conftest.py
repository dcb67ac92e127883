"""Small records with known numbers, made without a simulation."""

from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from sciatrial.report import ReportInputs
from sciatrial.synthesis import Pooled
from sciatrial.trial import OperatingCharacteristics, TrialResult
from sciatrial.trial.summaries import stopping_by_look, summarise

ARMS = {
    "saline": {"intervention": "saline", "route": "intradiscal", "n_doses": 1, "weeks_between_doses": 4.0},
    "cells": {
        "intervention": "cell_therapy", "cell_type": "mpc", "donor": "allogeneic", "dose_million_cells": 6.0,
        "carrier": "saline", "route": "intradiscal", "n_doses": 2, "weeks_between_doses": 6.0,
    },
}  # fmt: skip
ENDPOINT = {"outcome": "back_pain", "month": 3.0, "measure": "change_from_baseline"}
MONTHS = (0.0, 1.0, 3.0)
SCORES = ("leg_pain", "back_pain", "disability", "numbness", "tingling", "weakness", "roland_morris", "quality_of_life")
STUDY = {
    "schema": 1, "name": "tiny", "question": "Do cells help?", "seed": 1, "simulation": {"n_trials": 20},
    "population": {
        "cohort": "chronic_discogenic", "symptom_months": [6.0, 120.0], "eligible": {"back_pain": [40.0, 100.0]},
    },
    "trial": {
        "n_total": 40, "allocation": {"saline": 1, "cells": 1}, "visits_months": [1.0, 3.0], "endpoint": ENDPOINT,
        "alpha": 0.05, "dropout_per_year": 0.1, "minimal_important_change": 15.0,
        "rescue": {
            "score": "back_pain", "above": 60.0, "intervention": "nsaid", "course_weeks": 12.0, "from_month": 1.0,
        },
    },
    "arms": ARMS,
}  # fmt: skip


def courses(n_trials: int = 20) -> pd.DataFrame:
    """Arm means of back pain: trial t has mean 60 + t at baseline and falls by t points (cells: t + 5)."""
    rows = []
    for scenario in ("prior", "reference", "no_cell_effect"):
        for trial in range(n_trials):
            for arm in ARMS:
                for score in SCORES:
                    for month in MONTHS:
                        change = 0.0 if month == 0 else -float(trial) - (5.0 if arm == "cells" else 0.0)
                        rows.append(
                            {
                                "scenario": scenario, "trial": trial, "arm": arm, "score": score, "month": month,
                                "n": 20, "mean": 60.0 + trial + change, "mean_change": change,
                                "percent_change": 100 * change / (60.0 + trial), "responders_30pct": 2.0 * trial,
                                "responders_50pct": float(trial), "at_most_20": 0.0,
                            }
                        )  # fmt: skip
    return pd.DataFrame(rows)


def trials(n_trials: int = 20) -> pd.DataFrame:
    rows = []
    for scenario in ("prior", "reference", "no_cell_effect"):
        for trial in range(n_trials):
            estimate = -5.0 + (trial % 5) - 2
            rows.append(
                {
                    "scenario": scenario, "trial": trial, "comparison": "cells vs saline", "arm": "cells",
                    "control": "saline", "n_arm": 20, "n_control": 20, "estimate": estimate, "truth": -5.0,
                    "truth_error": 0.2,
                    "standard_error": 2.0, "degrees_of_freedom": 37.0, "ci_low": estimate - 4, "ci_high": estimate + 4,
                    "p_value": 0.01 if estimate < -4 else 0.2, "why_not": "",
                    "decision": "efficacy" if estimate < -4 else "ended", "look": 1 if estimate < -6 else 2,
                    "z": -estimate / 2.0, "efficacy_z": 1.96, "adjusted_estimate": estimate,
                    "adjusted_low": estimate - 4, "adjusted_high": estimate + 4, "adjusted_p_value": 0.03,
                    "repeated_low": estimate - 5, "repeated_high": estimate + 5, "n_overrun": 3,
                    "final_estimate": estimate, "final_z": -estimate / 2.0,
                    "final_ci_low": estimate - 4, "final_ci_high": estimate + 4, "final_efficacy_z": 1.96,
                    "true_effect": "unknown", "cost": np.nan,
                    "n_randomised": 30 if estimate < -6 else 40, "months": 12.0 if estimate < -6 else 20.0,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def looks(trial_rows: pd.DataFrame) -> pd.DataFrame:
    """Two looks, at half and at all of the information; a trial whose row says look 1 stops there."""
    rows = []
    for row in trial_rows.to_dict("records"):
        for look in range(1, row["look"] + 1) if not row["why_not"] else ():
            rows.append(
                {
                    "scenario": row["scenario"], "trial": row["trial"], "comparison": row["comparison"], "look": look,
                    "information": look / 2, "month": 12.0 if look == 1 else 20.0, "n_recruited": 20 + 10 * look,
                    "n_arm": 10 * look, "n_control": 10 * look, "estimate": row["estimate"], "standard_error": 2.0,
                    "z": row["z"] / 2 if look < row["look"] else row["z"], "efficacy_z": 2.96 if look == 1 else 1.97,
                    "futility_z": np.nan, "alpha_spent": 0.003 if look == 1 else 0.05,
                    "decision": row["decision"] if look == row["look"] else "continue",
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def responses(n_trials: int = 20) -> pd.DataFrame:
    """Trial t has 2 t % responders by any rule, in every arm."""
    return pd.DataFrame(
        [
            {
                "scenario": "prior",
                "trial": trial,
                "arm": arm,
                "rule": rule,
                "month": month,
                "n": 20,
                "percent": 2.0 * trial,
            }
            for trial in range(n_trials)
            for arm in ARMS
            for month in MONTHS[1:]
            for rule in ("responder_30pct_pain", "composite_50pct_pain_15pt_odi_no_intervention")
        ]
    )


def inside(n_trials: int = 20) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "scenario": "prior",
                "trial": trial,
                "arm": arm,
                "quantity": name,
                "unit": unit,
                "month": month,
                "mean": value,
            }
            for trial in range(n_trials)
            for arm in ARMS
            for month in MONTHS
            for name, unit, value in (
                ("root_pressure", "mmHg", 10.0 + trial + month),
                ("anchored_disc_cells", "million_cells", month if arm == "cells" else 0.0),
                ("herniated_volume", "dimensionless", 0.0),
            )
        ]
    )


def operating_of(
    trial_rows: pd.DataFrame, course_rows: pd.DataFrame, inside_rows: pd.DataFrame
) -> OperatingCharacteristics:
    counts = trial_rows.drop_duplicates(["scenario", "trial"])[["scenario", "trial"]].assign(
        screened=60, eligible=50, unsolved=0, dropped_out=2, rescued=3
    )
    return OperatingCharacteristics(
        alpha=0.05, alpha_of_a_side=0.025, endpoint=ENDPOINT, trials=trial_rows, summary=summarise(trial_rows),
        looks=looks(trial_rows), stopping=stopping_by_look(looks(trial_rows), trial_rows),
        courses=course_rows, inside=inside_rows, counts=counts, responses=responses(),
    )  # fmt: skip


@pytest.fixture(scope="session")
def operating() -> OperatingCharacteristics:
    return operating_of(trials(), courses(), inside())


@pytest.fixture(scope="session")
def result() -> TrialResult:
    arms = courses(1).query("scenario == 'prior'").drop(columns=["scenario", "trial"]).assign(sd=10.0, sd_change=8.0)
    baseline = pd.DataFrame(
        [
            {"characteristic": name, "unit": unit, "arm": arm, "n": n, "mean": mean, "sd": sd, "percent": percent}
            for arm, n in (("all", 40), ("saline", 20), ("cells", 20))
            for name, unit, mean, sd, percent in (
                ("Age", "years", 42.04, 9.5, np.nan), ("Female", "%", np.nan, np.nan, 45.0),
                ("Quality of life", "EQ-5D index", 0.557, np.nan, np.nan),
            )
        ]
    )  # fmt: skip
    contrasts = trials(1).query("scenario == 'prior'").drop(columns=["scenario", "trial", "truth"])
    conduct = {
        "screened": 60, "eligible": 50, "unsolved": 0, "excluded": {"back_pain outside 40 to 100": 10},
        "randomised": {"saline": 20, "cells": 20}, "unsolved_in_trial": 0,
        "observed_at_endpoint": {"saline": 19, "cells": 20}, "dropped_out": {"saline": 1, "cells": 0},
        "missed_visits": {"saline": 2, "cells": 3},
        "rescued": {"saline": 2, "cells": 1},
        "flow": {"saline": _flow(19, {"left before the endpoint": 1}), "cells": _flow(20, {}, not_received=1)},
    }  # fmt: skip
    empty = pd.DataFrame()
    one = looks(trials(1)).query("scenario == 'prior'").drop(columns=["scenario", "trial"])
    return TrialResult("trial 0", ENDPOINT, 0.05, 0.025, contrasts, one, arms, baseline, empty, empty, conduct)


def _flow(analysed: int, not_analysed: dict, not_received: int = 0) -> dict:
    """Return the counts of an arm of 20."""
    return {
        "allocated": 20, "received": 20 - not_received,
        "not_received": {"own cells could not be made": not_received} if not_received else {}, "unsolved": 0,
        "left_before_endpoint": 20 - analysed, "stopped_before_endpoint": 0, "missed_endpoint": 0,
        "left_later": 0, "rescued_before_endpoint": 1,
        "analysed": analysed, "with_endpoint": analysed, "not_analysed": not_analysed,
    }  # fmt: skip


def published_row(**words) -> dict:
    return {
        "arm_id": "msc", "outcome": "back_pain", "instrument": "vas_100", "month": 3.0, "statistic": "mean_change",
        "n": np.nan, "value": -12.0, "value_0_100": -12.0,
        "spread_sd_0_100": np.nan, "unit": "points of 100", "usable": True, "why_not": "",
        "figure_from": "paper", **words,
    }  # fmt: skip


@pytest.fixture(scope="session")
def published() -> pd.DataFrame:
    return pd.DataFrame(
        [
            published_row(),
            published_row(month=6.0),
            published_row(statistic="median"),
            published_row(outcome="safety"),
            published_row(
                outcome="responder", instrument="responder_30pct_pain", statistic="percent", value_0_100=95.0
            ),
            published_row(
                outcome="responder", instrument="composite_50pct_pain_15pt_odi_no_intervention", value_0_100=19.0
            ),
            published_row(outcome="responder", instrument="responder_50pct_sf36"),
            published_row(usable=False, why_not="no scale"),
            published_row(arm_id="another"),
        ]
    )


@pytest.fixture(scope="session")
def inputs(result, operating, published) -> ReportInputs:
    prior = pd.DataFrame(
        {
            "key": ["loss_rate", "bulge.size"], "name": ["loss_rate", "size"], "qualifier": ["", "bulge"],
            "unit": ["1/day", ""], "meaning": ["loss", "size"], "reference": [0.1, 1.0], "low": [0.05, np.nan],
            "high": [0.2, np.nan], "scale": ["log", "fixed"], "patient_sd": [0.3, 0.0], "inclusion": ["", "cells"],
            "basis": ["measured", "assumed"], "sources": ["paper2020;assumption:x", "assumption:y"],
            "note": ["", ""], "draws_low": [0.06, 1.0], "draws_median": [0.1, 1.0], "draws_high": [0.19, 1.0],
        }
    )  # fmt: skip
    return ReportInputs(
        study=STUDY,
        study_text='name = "tiny"\n',
        stamp={
            "name": "tiny", "fingerprint": "abc123", "seed": 1, "created": "2026-11-23T10:00:00+00:00",
            "versions": {"sciatrial": "0.1.0", "numpy": "2.4"}, "fingerprints": {"trial": "def456"}, "is_quick": False,
        },
        prior=prior,
        result=result,
        operating=operating,
        published=published,
        published_study={"citation": "Somebody 2020", "registration": "", "risk_of_bias": []},
        same_arm={"cells": "msc"},
        behaviours=pd.DataFrame(
            {
                "behaviour": ["heals", "stays"], "expected": ["yes", "no"], "prototype": ["no", "not asked"],
                "got": ["yes", "yes"], "holds": [True, False],
            }
        ),
        sources=pd.DataFrame(
            {
                "slug": ["paper2020", "assumption:x"], "citation": ["Somebody 2020", "x"],
                "url": ["https://example.org/paper", ""], "kind": ["published", "assumption"],
            }
        ),
        unusable_rows={"no scale": 3},
        harms=pd.DataFrame(
            {
                "arm": ["cells", "cells"], "harm": ["tumour", "immune_reaction"], "exposure": ["cells", "donor_cells"],
                "counted": ["related", "any_cause"],
                "n_with_event": [0, 0], "n_at_risk": [38, 0], "percent": [np.nan, np.nan],
                "low": [np.nan, np.nan], "high": [np.nan, np.nan], "seen": [np.nan, np.nan],
                "could_exclude": [10.0, 10.0], "one_trial": [np.nan, np.nan], "upper_bound": [14.6, np.nan],
                "upper_bound_in_arm": [14.6, np.nan], "is_estimable": [True, False],
                "in_words": ["none of 38; up to 14.6 %", "not estimable"], "note": ["six years", "no count"],
            }
        ),
        unused_counts={"a case report": 2},
    )  # fmt: skip


def pooled_of(n: int, scale: str = "points of 100", **changed: Any) -> Pooled:
    """Return a pooled result of n trials whose differences are -10, -12, -14 ...; the first one's spread is filled in.

    On the scale of log odds ratios they are a tenth of that, with the sign of a benefit.
    """
    place = np.arange(n)
    is_odds = scale == "log odds ratio"
    estimate = (10.0 + 2 * place) * (0.1 if is_odds else -1.0)
    se = (2.0 + 0.5 * place) * (0.1 if is_odds else 1.0)
    studies = pd.DataFrame(
        {"study": [f"trial{k + 1}" for k in place], "month": 12.0, "outcome": "leg_pain", "estimate": estimate,
         "se": se, "low": estimate - 1.96 * se, "high": estimate + 1.96 * se, "weight": 100 / max(n, 1),
         "n_treatment": 50.0, "n_comparator": 49.0, "value_treatment": -30.0, "value_comparator": -20.0,
         "kind": "change", "source": "arms", "is_imputed": place == 0}
    )  # fmt: skip
    middle = float(estimate.mean()) if n else np.nan
    half = 0.3 if is_odds else 3.0
    effects = pd.DataFrame(
        [{"model": model, "estimate": middle, "low": middle - half, "high": middle + half,
          "prediction_low": middle - 2 * half if model != "common effect" else np.nan,
          "prediction_high": middle + 2 * half if model != "common effect" else np.nan, "tau": 1.5, "tau_low": 0.5,
          "tau_high": 4.0, "i2": 40.0, "q": 3.0, "q_p": 0.2, "p": 0.01,
          "probability_better": 0.97 if model.startswith("prior") else np.nan, "n_studies": n, "note": "a note"}
         for model in ("the trial itself", "random effects", "prior on the spread", "common effect")
         if n and (n == 1 or model != "the trial itself")]
    )  # fmt: skip
    told = {"estimate": middle, "low": middle - half, "high": middle + half, "probability_better": 0.9}
    left_out = [{"without": name, **told, "n_studies": n - 1} for name in studies["study"]]
    variations = [{"variation": name, **told, "n_studies": n} for name in ("as asked", "percent changes left out") if n]
    fields: dict[str, Any] = {
        "outcome": "responder" if is_odds else "leg_pain", "month": 12, "treatment": "cell_therapy",
        "comparator": "placebo_procedure", "scale": scale, "studies": studies, "effects": effects,
        "leave_one_out": pd.DataFrame(left_out), "sensitivity": pd.DataFrame(variations), "assumed": pd.DataFrame(),
        "unanswered": "" if n else "nobody has compared the two",
    }  # fmt: skip
    return Pooled(**fields | changed)


def texts(figure: Any) -> str:
    """Return every text of a figure, spaces and line breaks as one space."""
    return " ".join(" ".join(text.get_text() for text in figure.findobj(mpl.text.Text)).split())


def marks(ax: Any, marker: str) -> list[Any]:
    """Return the lines that are drawn as a marker."""
    return [line for line in ax.lines if line.get_marker() == marker]

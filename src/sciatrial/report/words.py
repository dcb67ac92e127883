"""Numbers → sentences: what a reader takes home, from the numbers alone and never in favour of the treatment."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

from sciatrial.population import cohort_named
from sciatrial.report.conduct_words import (
    accrual_words,
    adjustment_words,
    dropout_words,
    missing_visit_words,
    randomisation_words,
    rescue_in_words,
    visit_words,
)
from sciatrial.report.course_words import course_facts
from sciatrial.report.effects import effect_digits, endpoint_told, is_higher_better, measure_words
from sciatrial.report.enrichment_words import enrichment_facts
from sciatrial.report.family_tables import alpha_words, family_facts
from sciatrial.report.new_size_report import new_size_facts
from sciatrial.report.tables import number, outcome_words, scenario_words
from sciatrial.synthesis import EPIDURAL
from sciatrial.trial import Costs, OperatingCharacteristics, Scenario

DISCLAIMER = (
    "For research and trial planning. Stem-cell therapy is not a standard treatment for sciatica. "
    "Decisions belong with a qualified clinician who knows the patient."
)

# reference treatments as a clinician names them: short for a diagram, and in full
_TREATMENTS = {
    "sham": ("sham", "sham procedure"),
    "placebo_oral": ("placebo", "placebo tablets"),
    "saline": ("saline", "saline injected at the root"),
    "hyaluronic_acid": ("hyaluronic acid", "hyaluronic acid into the disc"),
    "local_anaesthetic": ("local anaesthetic", "local anaesthetic at the root"),
    "prp": ("PRP", "platelet-rich plasma (PRP) into the disc"),
    "epidural_steroid": ("epidural steroid", "epidural steroid"),
    "nsaid": ("NSAIDs", "anti-inflammatory tablets (NSAIDs)"),
    "gabapentinoid": ("gabapentinoids", "gabapentinoids"),
    "opioid": ("opioids", "opioids"),
    "antidepressant": ("antidepressants", "antidepressants"),
    "oral_steroid": ("steroid tablets", "steroid tablets"),
    "physiotherapy": ("physiotherapy", "physiotherapy"),
    "surgery": ("surgery", "surgery"),
    "botulinum_toxin": ("botulinum toxin", "botulinum toxin into the piriformis"),
    "cells_intradiscal": ("cells", "into the disc"),
    "cells_epidural": ("cells", "epidural"),
    "cells_perineural": ("cells", "beside the nerve root"),
    "cells_intravenous": ("cells", "into a vein"),
    "cells_intrathecal": ("cells", "into the spinal fluid"),
    "marrow_concentrate": ("cells", "marrow concentrate into the disc"),
    "disc_cells": ("cells", "disc cells into the disc"),
}


def treatment_words(name: str, *, short: bool = False) -> str:
    """Return a reference treatment in a clinician's words; one without words of its own keeps its name."""
    brief, full = _TREATMENTS.get(name, (name.replace("_", " "),) * 2)
    return brief if short else full


_MOST_TIMES = 100  # of a trial's size: beyond that no figure would be believed
_Z_80 = 0.8416212335729143  # normal quantile of 80 % power


_CALIBRATION = {
    Scenario.PRIOR: "prior draws, not calibrated",
    Scenario.POSTERIOR: "posterior draws, calibrated to published trials",
    Scenario.REFERENCE: "reference values, not calibrated",
}


def calibration_words(scenario: Scenario | str) -> str:
    """Return what numbers were drawn from, and whether that was calibrated."""
    return _CALIBRATION[Scenario(scenario)]


def no_direct_evidence(mapped: pd.DataFrame) -> str:
    """Return that no claim can be made for leg pain treated at the root, "" where the evidence map holds a control."""
    at_root: Any = mapped[mapped["route"].isin(EPIDURAL) & (mapped["outcome"] == "leg_pain")]
    if at_root["n_controlled"].sum():
        return ""
    return (
        "No controlled trial of cells by an epidural or perineural route reports leg pain: for the patient with "
        "sciatica treated at the root there is no direct evidence, and no claim can be made."
    )


def findings(operating: OperatingCharacteristics, comparison: pd.DataFrame) -> list[str]:
    """Return the report's first sentences."""
    sentences = []
    drawn = operating.drawn
    success = operating.summary.loc[
        (operating.summary["scenario"] == drawn) & (operating.summary["quantity"] == "success")
    ]
    reached = success.loc[success["n_trials"] > 0]
    where = endpoint_told(operating.endpoint)
    if len(reached):
        low, high = 100 * reached["value"].min(), 100 * reached["value"].max()
        span = f"{low:.0f} %" if round(low) == round(high) else f"{low:.0f} to {high:.0f} %, by comparison,"
        error = 100 * reached["monte_carlo_se"].max()
        sentences.append(
            f"If the {drawn} were all that is known, {span} of trials of this design would find a benefit in {where} "
            f"(Monte-Carlo error up to ± {error:.1f})."
        )
    else:
        sentences.append(f"No simulated trial could enrol its patients under the {drawn}.")
    sentences += _not_enrolled(operating)
    sentences += _published(comparison, drawn)
    if drawn is Scenario.PRIOR:
        calibrated = "Nothing has been calibrated to trials."
    else:
        calibrated = "The numbers were calibrated to published trials; what no trial has tested rests on the prior."
    sentences.append(f"{calibrated} These numbers say what the stated assumptions imply, not what cells do.")
    return sentences


def _not_enrolled(operating: OperatingCharacteristics) -> list[str]:
    rows = operating.summary.loc[
        (operating.summary["scenario"] == operating.drawn) & (operating.summary["quantity"] == "not_enrolled")
    ]
    if not len(rows) or not rows["value"].max():
        return []
    return [
        f"Under {rows['value'].max():.0f} of {rows['n_trials'].max():.0f} {operating.drawn} draws fewer than 1 in 100 "
        "candidates met the criteria; those trials are left out of all shares."
    ]


def short_table(operating: OperatingCharacteristics) -> pd.DataFrame:
    """Return one row a comparison: assurance, power, size for 80 % power, false positives."""
    rows, digits = [], effect_digits(operating.endpoint)
    for name in dict.fromkeys(operating.trials["comparison"]):
        of = {scenario: _quantities(operating.summary, scenario, str(name)) for scenario in Scenario}
        drawn, reference, nothing = of[operating.drawn], of[Scenario.REFERENCE], of[Scenario.NO_CELL_EFFECT]
        rows.append(
            {
                "comparison": name,
                "assurance, %": _percent(drawn),
                "true effect, 95 % of draws": _span(drawn, digits),
                "effect at reference values": number(reference["mean_truth"]["value"], digits) if reference else "–",
                "power there, %": _percent(reference),
                "size for 80 % power": _size_needed(reference, operating),
                "success without cell effect, %": _percent(nothing),
            }
        )
    return pd.DataFrame(rows)


def _quantities(summary: pd.DataFrame, scenario: str, comparison: str) -> dict[str, dict]:
    rows = summary.loc[(summary["scenario"] == scenario) & (summary["comparison"] == comparison)]
    return {row["quantity"]: row for row in rows.to_dict(orient="records")}


def _percent(of: dict[str, dict]) -> str:
    if not of:
        return "–"
    if not of["success"]["n_trials"]:
        return "no trial"
    return f"{100 * of['success']['value']:.0f} ± {100 * of['success']['monte_carlo_se']:.1f}"


def _span(of: dict[str, dict], digits: int) -> str:
    if not of or not of["success"]["n_trials"]:
        return "no trial"
    return f"{number(of['truth_low']['value'], digits)} to {number(of['truth_high']['value'], digits)}"


def _size_needed(reference: dict[str, dict], operating: OperatingCharacteristics) -> str:
    """Return how many times this size would give 80 % power at the reference effect, from this design's own error.

    Trials that stop at a look have the error of that look, not of the whole size: there formulae tell the size.
    """
    if not reference:
        return "–"
    truth, error = reference["mean_truth"]["value"], reference["mean_standard_error"]["value"]
    benefit = truth if is_higher_better(operating.endpoint) else -truth
    if not np.isfinite(benefit) or abs(benefit) < 0.05 * error:
        return "no effect to find"
    if benefit < 0:
        return "none: a harm"
    if "has_no_benefit" in operating.trials:
        return "with the others: simulate"
    if "zone" in operating.trials:
        return "it is estimated anew"
    look, spent = (operating.looks[name].to_numpy(dtype=float) for name in ("look", "alpha_spent"))
    if np.any(look > 1) or np.any(spent < operating.alpha * (1 - 1e-9)):
        return "by formulae: show design"
    times = ((_Z_80 - float(ndtri(operating.alpha_of_a_side))) * error / benefit) ** 2
    return f"× {times:.2g}" if times <= _MOST_TIMES else f"more than × {_MOST_TIMES}"


def _published(comparison: pd.DataFrame, drawn: Scenario) -> list[str]:
    known = comparison.loc[[flag is not None and flag == flag for flag in comparison["is_inside_90"]]]
    if not len(comparison):
        return ["No published study stands beside this one."]
    if not len(known):
        return ["The tables hold no figure of the published study that could be compared with the simulation."]
    inside = int(sum(bool(flag) for flag in known["is_inside_90"]))
    if drawn is Scenario.PRIOR:
        adjusted = "Nothing was adjusted to bring them together."
    else:
        adjusted = "The posterior may have been calibrated to them: agreement is no evidence of prediction."
    return [
        f"Of {len(known)} published arm results that could be compared, {inside} lie inside the middle 90 % of the "
        f"simulated trials and {len(known) - inside} outside. {adjusted}"
    ]


def design_facts(study: dict) -> list[tuple[str, str]]:
    """Return the design as pairs of term and description."""
    trial, population = study["trial"], study["population"]
    endpoint = trial["endpoint"]
    arms = study["arms"]
    ratio = trial.get("allocation") or {arm: 1 for arm in arms}
    total = trial.get("n_total") or trial["n_per_arm"] * len(arms)
    shares = " : ".join(f"{arm} {share}" for arm, share in ratio.items())
    rescue = trial.get("rescue")
    rescue_words = rescue_in_words(rescue) if rescue else "none"
    return [
        *_population_facts(population),
        ("Randomised", randomisation_words(trial, total, shares)),
        ("Visits", visit_words(trial)),
        ("Endpoint", _endpoint_words(endpoint)),
        ("Estimand", _estimand_words(trial)),
        (
            "Analysis",
            f"{_ANALYSES[trial.get('analysis', 'ancova')]}{adjustment_words(trial)}; "
            f"{trial.get('sides', 'two_sided').replace('_', '-')} alpha "
            f"{trial['alpha']:g} {alpha_words(trial)}",
        ),
        *family_facts(trial),
        *enrichment_facts(trial),
        *new_size_facts(trial),
        *_look_facts(trial),
        *course_facts(trial),
        ("Rescue", rescue_words),
        ("Dropout", dropout_words(trial)),
        ("Missed visits", missing_visit_words(trial)),
        *_cost_facts(trial),
        (
            "Simulated",
            f"{study['simulation']['n_trials']} trials in each scenario ({_scenarios_in_words(study)}); each trial "
            "has its own draw, and all its patients share it",
        ),
    ]  # fmt: skip


def _population_facts(population: dict) -> list[tuple[str, str]]:
    """Return who is screened and who may enrol, of a cohort or of several beside one another."""
    shares = population.get("cohorts") or {population["cohort"]: 1.0}
    whom, eligible = [], {}
    for name, share in shares.items():
        shipped = cohort_named(name)
        low, high = population.get("symptom_months", shipped.symptom_months)
        part = "" if len(shares) == 1 else f"{100 * share:.3g} % of those screened "
        whom.append(f"{part}{name.replace('_', ' ')}; symptoms for {low:g} to {high:g} months")
        limits = population.get("eligible", {str(score): both for score, both in shipped.eligible.items()})
        told = "; ".join(f"{score.replace('_', ' ')} {low:g} to {high:g}" for score, (low, high) in limits.items())
        eligible.setdefault(told or "everybody", []).append(name.replace("_", " "))
    asked = [told if len(eligible) == 1 else f"{', '.join(names)}: {told}" for told, names in eligible.items()]
    return [("Population", ". ".join(whom)), ("Eligible, as measured at entry", ". ".join(asked))]


def _cost_facts(trial: dict) -> list[tuple[str, str]]:
    if "costs" not in trial:
        return []
    return [("Costs (assumptions)", "; ".join(Costs.model_validate(trial["costs"]).in_words()) or "none above 0")]


def _scenarios_in_words(study: dict) -> str:
    beside = study["simulation"].get("scenarios", (Scenario.REFERENCE, Scenario.NO_CELL_EFFECT))
    return ", ".join(["draws", *(scenario_words(word) for word in beside)])


_ANALYSES = {
    "ancova": "ANCOVA: change on arm and baseline, those with an endpoint value",
    "mmrm": "MMRM: change at every visit up to the endpoint on arm and baseline by visit, unstructured covariance, "
    "restricted likelihood; whoever was seen at one visit takes part",
    "clda": "Constrained longitudinal analysis: baseline and every visit up to the endpoint, one mean of all arms at "
    "baseline, unstructured covariance, restricted likelihood; everybody takes part",
    "responders": "Shares of responders: interval by Newcombe, test by Mantel and Haenszel",
    "logistic": "Logistic regression of response on arm and baseline score",
    "proportional_odds": "Proportional odds: ordered categories on arm and baseline score",
    "win_statistics": "Pairs of patients, one of each arm, compared outcome by outcome",
}


_STRATEGIES = {
    "treatment_policy": "treatment policy: whatever rescue was taken",
    "hypothetical": "hypothetical: had no rescue been given; scores after rescue are left out",
    "composite": "composite: taking rescue is a failure, no change from baseline from then on",
    "while_on_treatment": "while on treatment: the last score before rescue",
    "principal_stratum": "principal stratum: those who would need rescue before the endpoint in neither arm",
}
_POPULATIONS = {"principal_stratum": "of a stratum of all randomised"}
_FAILURES = {
    "response": "composite: whoever takes rescue before the endpoint is no responder",
    "category": "composite: whoever takes rescue before the endpoint is in the worst category",
    "hierarchy": "composite: rescue before the endpoint is one of the outcomes",
}
_ESTIMATORS = {
    "principal_stratum": "the analysis takes those who had no rescue in their own arm, whom the treatments selected: "
    "its bias is in the table",
}
_LOST = {
    "non_responder": "whoever is not seen then, having left or missed the visit, counts as no responder",
    "observed_only": "whoever is not seen then, having left or missed the visit, is left out",
}


def _endpoint_words(endpoint: dict) -> str:
    """Return what is measured of a patient."""
    outcome, month = endpoint["outcome"].replace("_", " "), f"month {endpoint['month']:g}"
    measure = endpoint.get("measure", "change_from_baseline")
    if measure == "response":
        rule = outcome_words(endpoint["rule"])
        return f"response at {month}: {rule[:1].lower()}{rule[1:]}, pain being {outcome}; {_LOST[endpoint['missing']]}"
    if measure == "category":
        cuts = ", ".join(f"{cut:g}" for cut in endpoint["categories"])
        return f"{outcome} at {month} in {len(endpoint['categories']) + 1} categories, cut at {cuts}"
    if measure == "hierarchy":
        return f"at {month}, the weightiest first: {'; '.join(_outcome_told(item) for item in endpoint['hierarchy'])}"
    return f"{outcome} at {month}, change from baseline"


def _outcome_told(item: dict) -> str:
    """Return one outcome of a hierarchy."""
    if item.get("event"):
        return f"no {item['event']} before"
    if item.get("rule"):
        return outcome_words(item["rule"])
    margin = f" by more than {item['margin']:g}" if item.get("margin") else ""
    return f"improvement of {item['score'].replace('_', ' ')}{margin}"


def _estimand_words(trial: dict) -> str:
    """Return the estimand's attributes in one sentence."""
    estimand, endpoint = trial.get("estimand", {}), trial["endpoint"]
    strategy = estimand.get("rescue", "treatment_policy")
    population = _POPULATIONS.get(strategy, "of all randomised")
    dealt = _STRATEGIES[strategy]
    if strategy == "composite":
        dealt = _FAILURES.get(endpoint.get("measure", ""), dealt)
    told = f"{measure_words(estimand)} between arms, {population}; {dealt}"
    if strategy in _ESTIMATORS:
        told += f"; {_ESTIMATORS[strategy]}"
    rescue, outcome = trial.get("rescue"), endpoint["outcome"]
    if strategy != "hypothetical" or rescue is None or rescue["score"] == outcome:
        return told
    score, seen = (word.replace("_", " ") for word in (rescue["score"], outcome))
    return f"{told}, missing at random only as far as {seen} tells {score}, which rescue follows (assumption)"


def analysis_words(trial: dict) -> str:
    """Return the name of the analysis."""
    return _ANALYSES[trial.get("analysis", "ancova")].split(":")[0]


def _look_facts(trial: dict) -> list[tuple[str, str]]:
    """Return looks and accrual, nothing where the plan has neither."""
    facts = []
    looks, accrual = trial.get("looks", {}), trial.get("accrual")
    shares = looks.get("information", ())
    if shares:
        told = f"at {', '.join(f'{100 * share:g} %' for share in shares)} of the expected endpoints, and at the end"
        only = looks.get("futility_only", ())
        told += f"; look {', '.join(map(str, only))} for futility only" if only else ""
        facts.append(("Looks", told))
        facts.append(("Bounds for efficacy", _bound_words(looks["spending"])))
        futility = looks.get("futility")
        if futility:
            binding = futility["binding"].replace("_", "-")
            facts.append(("Bounds for futility", f"{_bound_words(futility)}; {binding}"))
        deciding = looks.get("deciding")
        if deciding:
            facts.append(("Who decides", f"{deciding['arm']} vs {deciding['control']} stops the whole trial"))
    if accrual:
        facts.append(("Accrual", accrual_words(accrual)))
    return facts


def _bound_words(rule: dict) -> str:
    """Return a rule for bounds with its numbers."""
    numbers = {
        name: ", ".join(f"{value:g}" for value in given) if isinstance(given, (list, tuple)) else f"{given:g}"
        for name, given in rule.items()
        if name not in ("kind", "binding") and given not in ([], ())
    }
    told = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in numbers.items())
    return f"{rule['kind'].replace('_', ' ')}{f' ({told})' if told else ''}"


def arm_rows(study: dict) -> list[dict[str, str]]:
    """Return what each arm receives, in words."""
    rows = []
    for arm, words in study["arms"].items():
        what = words["intervention"].replace("_", " ")
        if words["intervention"] == "cell_therapy":
            what = f"{words['donor']} {words['cell_type'].replace('_', '-')}, {words['dose_million_cells']:g} million"
            if "viability_percent" in words:
                what += f", {words['viability_percent']:g} % viable"
        if "drug" in words:
            what += f" ({words['drug']})"
        if "drug_dose_mg" in words:
            what += f", {words['drug_dose_mg']:g} mg"
        if "daily_dose_mg" in words:
            what += f", {words['daily_dose_mg']:g} mg a day"
        carrier = words.get("carrier", "–").replace("_", " ")
        times = (
            "once"
            if words["n_doses"] == 1
            else f"{words['n_doses']} times, {words['weeks_between_doses']:g} weeks apart"
        )
        if words.get("weeks_until_treatment"):
            times += f", from week {words['weeks_until_treatment']:g}"
        rows.append(
            {
                "arm": arm, "receives": what, "in": carrier if carrier != "–" else "–",
                "route": words.get("route", "–").replace("_", " "), "given": times,
            }
        )  # fmt: skip
    return rows

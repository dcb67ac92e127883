"""How a trial is conducted, as pairs of term and description: every number that is assumed is told."""

from __future__ import annotations

from sciatrial.report.course_words import is_assigned_in_course


def randomisation_words(trial: dict, n_patients: int, shares: str) -> str:
    """Return how many patients are randomised, in which ratio and how."""
    how = trial.get("randomisation", {})
    method, strata = how.get("method", "permuted_blocks"), how.get("strata", ())
    if is_assigned_in_course(trial):
        return f"{n_patients} patients at most, {shares} to begin with; assigned by the trial's own course"
    told = f"{n_patients} patients, {shares}; "
    if method == "simple":
        return told + "each patient alone (simple randomisation)"
    names = ", ".join(map(factor_words, strata))
    if method == "minimisation":
        followed = how.get("follow_probability", 0.8)
        return told + f"minimisation by {names}; the arm that leaves them most even has probability {followed:g}"
    multiples = how.get("block_multiples", (1,))
    sizes = "" if list(multiples) == [1] else f" of {', '.join(f'{m}' for m in multiples)} times the ratio's sum"
    return told + f"permuted blocks{sizes}" + (f", stratified by {names}" if strata else "")


def factor_words(word: str) -> str:
    """Return a factor such as ``leg_pain>=60`` as it is printed."""
    return word.replace("_", " ").replace(">=", " ≥ ").replace("  ", " ")


def adjustment_words(trial: dict) -> str:
    """Return what the analysis adjusts for beside the baseline, and strata for which it does not; empty without any."""
    adjusted = trial.get("adjust_for", ())
    names = ", ".join(map(factor_words, adjusted))
    told = f", adjusted for {names}" if adjusted else ""
    if adjusted and trial.get("analysis") == "responders":
        told = (
            f", within strata by {names}: weights of Mantel and Haenszel, interval by Yan and Su (Newcombe's in one "
            "stratum), standard error of Sato, Greenland and Robins; who has nobody of the other arm in the stratum "
            "says nothing"
        )
    left = [word for word in trial.get("randomisation", {}).get("strata", ()) if word not in adjusted]
    if left:
        told += (
            f"; not adjusted for {', '.join(map(factor_words, left))}, by which it is randomised: standard errors are "
            "then too large where it matters for the outcome"
        )
    return told


def rescue_in_words(rescue: dict) -> str:
    """Return what rescue is, and when it is given."""
    when = f"when measured {rescue['score'].replace('_', ' ')} exceeds {rescue['above']:g} from month "
    when += f"{rescue['from_month']:g} on"
    if rescue["intervention"] == "surgery":
        return (
            f"surgery, once, {rescue['weeks_until_surgery']:g} weeks after a visit (assumed) {when}; the visits after "
            "that one count as after rescue; an operation adds no context of its own, and its harms are not counted"
        )
    return f"{rescue['intervention']} for {rescue['course_weeks']:g} weeks, once, {when}"


def accrual_words(accrual: dict) -> str:
    """Return how fast patients come, and where."""
    sites = accrual.get("sites")
    ramp = f", after a ramp-up of {accrual['ramp_up_months']:g} months" if accrual["ramp_up_months"] else ""
    told = f"{accrual['per_month']:g} patients a month{ramp}"
    if accrual.get("arrivals", "expected") == "poisson":
        told += ", arriving by chance (Poisson)"
    if not sites:
        return told
    told += f", at {sites['number']} sites"
    if sites["months_between_openings"]:
        told += f" that open {sites['months_between_openings']:g} months apart"
    if "rate_shape" in sites:
        told += f", rates gamma with a coefficient of variation of {sites['rate_shape'] ** -0.5:.2g} (assumption)"
    return told + (f", {sites['most_per_site']} patients a site at most" if "most_per_site" in sites else "")


def dropout_words(trial: dict) -> str:
    """Return who leaves."""
    share, hazard = f"{100 * trial['dropout_per_year']:g} % a year", trial.get("dropout_hazard")
    if not hazard:
        return f"{share}, whatever the course"
    when = "the last one seen" if hazard["mechanism"] == "at_random" else "the next one, unseen"
    score = hazard["score"].replace("_", " ")
    parts = []
    if hazard["ratio_per_10_points"] != 1:
        parts.append(
            f"× {hazard['ratio_per_10_points']:g} for 10 points of {score} ({when}) above {hazard['around']:g}"
        )
    if hazard["lack_of_effect_ratio"] != 1:
        parts.append(
            f"× {hazard['lack_of_effect_ratio']:g} while {score} ({when}) is less than "
            f"{hazard['lack_of_effect_percent']:g} % better, from month {hazard['lack_of_effect_from_month']:g}"
        )
    parts += [f"× {ratio:g} in arm {arm}" for arm, ratio in hazard["arm_ratio"].items()]
    return f"{share}; hazard {', '.join(parts) if parts else 'unchanged'} (assumptions)"


def missing_visit_words(trial: dict) -> str:
    """Return which visits are missed."""
    missing = trial.get("missing_visits")
    if not missing:
        return "none but of those who have left"
    score = missing["score"].replace("_", " ")
    told = f"{100 * missing['probability']:g} % of visits, {missing['mechanism'].replace('_', ' ')}"
    if missing["mechanism"] != "completely_at_random":
        which = "last seen" if missing["mechanism"] == "at_random" else "unseen itself"
        told += (
            f" at {score} {missing['around']:g}; odds × {missing['odds_ratio_per_10_points']:g} for 10 points of it, "
            f"{which}"
        )
    told += "".join(f"; odds × {ratio:g} in arm {arm}" for arm, ratio in missing["arm_odds_ratio"].items())
    return f"{told} (assumptions)"


def visit_words(trial: dict) -> str:
    """Return when patients come."""
    told = "months " + ", ".join(f"{month:g}" for month in trial["visits_months"])
    window = trial.get("visit_window_days", 0)
    return told + (f", up to {window:g} days before or after" if window else "")

"""Many trials → how often a trial of this design would be right: assurance, power, false positives, bias, coverage."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sciatrial.clinic import Hazard
from sciatrial.foundation import CohortError, Problem, Progress, TrialError, derived_seed, silent, uniforms
from sciatrial.model import Model
from sciatrial.parameters import (
    CELL_EFFECTS,
    Draws,
    Prior,
    draw_parameters,
    reference_draw,
    refuse_other_numbers,
)
from sciatrial.population import Cohort, Patients, sample_patients
from sciatrial.trial.analysis import arm_summaries, responses
from sciatrial.trial.arm_quantities import with_no_benefit
from sciatrial.trial.borrowed import borrowed_rows
from sciatrial.trial.control_prior import ControlPrior, prior_of
from sciatrial.trial.costs import trial_cost
from sciatrial.trial.course import Completed, completed_trials
from sciatrial.trial.decisions import TrueEffect, true_effects
from sciatrial.trial.design import Design
from sciatrial.trial.dose_response import dose_findings
from sciatrial.trial.dose_truth import dose_row, summarise_doses, with_doses_between
from sciatrial.trial.inside import inside_courses
from sciatrial.trial.monitoring import rows_without_patients
from sciatrial.trial.population_quantities import RIGHT, right_selection
from sciatrial.trial.results import OperatingCharacteristics, Scenario, TrialBatch
from sciatrial.trial.run import conduct_counts, endpoint_words
from sciatrial.trial.scenarios import with_cell_effects
from sciatrial.trial.summaries import COULD_NOT_ENROL, stopping_by_look, summarise
from sciatrial.trial.truth import Sampled, Truth, true_values
from sciatrial.trial.unblinding import Unblinding

if TYPE_CHECKING:
    import pandas as pd

FRAMES = (
    "trials", "looks", "courses", "responses", "inside", "counts", "doses", "allocation", "analyses", "margins",
    "borrowed",
)  # fmt: skip
LEAST_ELIGIBLE_SHARE = 0.01


def draws_for(
    prior: Prior,
    scenario: Scenario | str,
    *,
    first: int,
    count: int,
    seed: int,
    inclusion_probability: float = 0.5,
    posterior: Draws | None = None,
) -> Draws:
    """Return the draws that trials ``first`` to ``first + count - 1`` of a scenario meet, one draw a trial.

    With a posterior, trial number `i` meets its draw number `i` modulo their number, in an order that the seed
    shuffles, so that a few trials meet draws of every chain. A trial's own shifts are those of its draw.

    Raises
    ------
    TrialError
        When the scenario is the prior beside a posterior, or the posterior without one.
    CalibrationError
        When the posterior is of other numbers than the prior.
    """
    scenario = Scenario(scenario)
    if scenario is (Scenario.POSTERIOR if posterior is None else Scenario.PRIOR):
        found = f"is {scenario} {'without a posterior' if posterior is None else 'beside a posterior'}"
        expected = "prior, or posterior with its draws"
        raise TrialError("trials", Problem("scenario", found, expected, "give one or the other"))
    if scenario is Scenario.REFERENCE:
        return reference_draw(prior, included=CELL_EFFECTS, n_draws=count)
    if posterior is not None:
        refuse_other_numbers(prior, posterior)
        draws = _shuffled(posterior, np.arange(first, first + count), seed)
    else:
        draws = draw_parameters(
            prior, n_draws=count, seed=seed, inclusion_probability=inclusion_probability, first=first
        )
    return with_cell_effects(prior, draws, scenario, posterior=posterior)


def _shuffled(posterior: Draws, trials: NDArray[np.int64], seed: int) -> Draws:
    """Return the draw of each trial."""
    n = len(posterior.values)
    order = np.argsort(uniforms(seed, "order of the posterior's draws", np.arange(n)), kind="stable")
    mine = order[trials % n]
    return replace(posterior, values=posterior.values[mine], sds=posterior.sds[mine], included=posterior.included[mine])


def trial_seed(seed: int, trial: int) -> int:
    """Return the seed of one trial's luck: its candidates, allocation, measurement errors and dropout."""
    return derived_seed(seed, f"trial {trial}")


def trial_patients(
    model: Model,
    design: Design,
    draws: Draws,
    cohort: Cohort,
    *,
    place: int,
    trial: int,
    seed: int,
    threads: int | None = None,
) -> Patients:
    """Return the patients of one simulated trial; `place` is the draw's place among the draws.

    Raises
    ------
    CohortError
        When fewer than 1 in 100 candidates of this draw meet the criteria: nobody would finish recruiting.
    """
    return sample_patients(
        model, draws, cohort, draw=place, n_patients=design.most_patients, seed=trial_seed(seed, trial),
        least_eligible_share=LEAST_ELIGIBLE_SHARE, threads=threads,
    )  # fmt: skip


def simulate_trials(
    model: Model,
    design: Design,
    prior: Prior,
    cohort: Cohort,
    *,
    scenario: Scenario | str,
    first: int,
    count: int,
    seed: int,
    inclusion_probability: float = 0.5,
    posterior: Draws | None = None,
    unblinding: Unblinding | None = None,
    known_harms: Sequence[Hazard] = (),
    control_prior: ControlPrior | None = None,
    threads: int | None = None,
    progress: Progress = silent,
) -> TrialBatch:
    """Simulate and analyse `count` trials, each with its own draw and its own patients.

    Trial number `i` is the same in whatever batch it is simulated. The true value of its estimand comes from many more
    patients under its draw, each simulated in every arm; see `true_values`.

    Parameters
    ----------
    model, design, prior, cohort
        What is simulated, planned, believed, and enrolled.
    scenario
        Which truth the trials meet.
    first, count
        Number of the first trial (from 0), and how many.
    seed
        Any whole number.
    inclusion_probability
        0 to 1: prior probability of each effect that may be absent; a posterior has its own.
    posterior
        Draws to simulate from in place of the prior's: each trial one of them.
    unblinding
        How blinding breaks in the scenario ``unblinded_null``; left out, as `Unblinding` has it.
    known_harms
        From `hazards`; needed where the boundary for harm counts some of them.
    control_prior
        Of published control arms; needed where the design borrows them.

    Returns
    -------
    TrialBatch

    Raises
    ------
    TrialError
        When nobody learns an arm in the scenario ``unblinded_null``, a harm that the boundary counts has no rate, or
        the prior of published control arms is missing.
    """
    import pandas as pd

    scenario = Scenario(scenario)
    borrowed = prior_of(design, control_prior)
    broken = unblinding_of(design, scenario, unblinding)
    draws = draws_for(
        prior, scenario, first=first, count=count, seed=seed, inclusion_probability=inclusion_probability,
        posterior=posterior,
    )  # fmt: skip
    numbers, groups, frames = [], [], []
    for place, trial in enumerate(range(first, first + count)):
        try:
            groups.append(
                trial_patients(model, design, draws, cohort, place=place, trial=trial, seed=seed, threads=threads)
            )
            numbers.append(trial)
        except CohortError:
            frames.append(_without_patients(design, scenario, trial))
        if not progress.advance(1):
            raise KeyboardInterrupt
    seeds = [trial_seed(seed, trial) for trial in numbers]
    done = completed_trials(model, design, groups, seeds, unblinding=broken, known_harms=known_harms, threads=threads)
    sampled = [Sampled(trial - first, trial, own) for trial, own in zip(numbers, seeds, strict=True)]
    errors = np.array([_standard_errors(item) for item in done], dtype=float)
    wide = with_doses_between(design)
    if done and wide is not design:
        errors = np.pad(errors, [(0, 0), (0, len(wide.comparisons) - errors.shape[1])], constant_values=np.nan)
    truths = true_values(
        model, wide, draws, cohort, sampled, errors, least_eligible_share=LEAST_ELIGIBLE_SHARE,
        unblinding=broken, threads=threads,
    )  # fmt: skip
    frames += [
        _trial_frames(design, scenario, trial, item, truth, own, borrowed)
        for trial, item, truth, own in zip(numbers, done, truths, seeds, strict=True)
    ]
    if scenario.is_drawn:
        inside = inside_courses(
            model, design, [item.trial.patients for item in done], seeds,
            assigned=[item.trial.assigned for item in done], threads=threads,
        )  # fmt: skip
        frames += [_marked({"inside": frame}, scenario, trial) for trial, frame in zip(numbers, inside, strict=True)]
    return TrialBatch(
        scenario=str(scenario),
        first=first,
        alpha=design.alpha,
        alpha_of_a_side=design.bounds().rules.alpha_of_a_side,
        endpoint=endpoint_words(design),
        **{
            name: pd.concat([frame[name] for frame in frames if name in frame], ignore_index=True)
            if any(name in frame for frame in frames)
            else pd.DataFrame()
            for name in FRAMES
        },
    )


def unblinding_of(design: Design, scenario: Scenario, unblinding: Unblinding | None) -> Unblinding | None:
    """Return how blinding breaks in a scenario, None where it holds."""
    if scenario is not Scenario.UNBLINDED_NULL:
        return None
    broken = unblinding or Unblinding()
    problems = broken.problems(design)
    if problems:
        raise TrialError("unblinding", problems)
    return broken


def _without_patients(design: Design, scenario: Scenario, trial: int) -> dict[str, pd.DataFrame]:
    """Return the frames of a trial that this draw's population could not fill."""
    rows = rows_without_patients(design, COULD_NOT_ENROL).assign(
        truth=np.nan, truth_error=np.nan, true_effect=str(TrueEffect.UNKNOWN), cost=np.nan
    )
    if design.enrichment is not None:
        rows = rows.assign(**{RIGHT: ""})
    return _marked({"trials": rows}, scenario, trial)


def _standard_errors(completed: Completed) -> NDArray[np.float64]:
    """Return those of the comparisons and then of the margins, NaN where there is no estimate."""
    found = [completed.monitored.contrasts["final_standard_error"].to_numpy(dtype=float)]
    if len(completed.margins):
        found.append(completed.margins["standard_error"].to_numpy(dtype=float))
    if "selection" in completed.monitored.contrasts:  # nothing estimates the effect outside the subgroup
        found.append(np.array([np.nan]))
    return np.concatenate(found)


def _trial_frames(
    design: Design,
    scenario: Scenario,
    trial: int,
    completed: Completed,
    all_truths: Truth,
    seed: int,
    prior: ControlPrior | None,
) -> dict[str, pd.DataFrame]:
    import pandas as pd

    result, monitored = completed.trial, completed.monitored
    n_compared = len(design.hypotheses())
    truth = all_truths.first(n_compared)
    estimates = monitored.contrasts.copy()
    estimates.insert(5, "truth", truth.values)
    estimates.insert(6, "truth_error", truth.errors)
    estimates = estimates.assign(**truth.beside)
    # what broken blinding does is no effect of cells, and showing it is not right
    is_of_cells = scenario is not Scenario.UNBLINDED_NULL
    kinds = true_effects(design, truth) if is_of_cells else [TrueEffect.UNKNOWN] * len(estimates)
    estimates["true_effect"] = [str(kind) for kind in kinds]
    estimates["cost"] = trial_cost(design, result)
    no_benefit = with_no_benefit(design, truth)
    if no_benefit is not None:
        # numbers, since trials that could not enrol have none
        estimates["has_no_benefit"], estimates["benefit_sign"] = no_benefit.astype(float), float(design.benefit_sign)
    if design.enrichment is not None:
        outside = {"truth_outside": all_truths.values[-1], "truth_outside_error": all_truths.errors[-1]}
        right = right_selection(design, all_truths) if is_of_cells else ""
        estimates = estimates.assign(**outside, **{RIGHT: right})
    counts = conduct_counts(design, result)
    if "alone_in_strata" in counts:
        estimates["n_alone_in_strata"] = list(counts["alone_in_strata"].values())
    line: dict[str, Any] = {
        "screened": counts["screened"],
        "eligible": counts["eligible"],
        "unsolved": counts["unsolved"] + counts["unsolved_in_trial"],
        "dropped_out": sum(counts["dropped_out"].values()),
        "rescued": sum(counts["rescued"].values()),
    }
    frames = {
        "trials": estimates,
        "looks": monitored.looks,
        "courses": arm_summaries(design, result).drop(columns=["sd", "sd_change"]),
        "responses": responses(design, result),
        "counts": pd.DataFrame([line]),
        **_frames_of_course(completed, truth, all_truths, n_compared),
    }
    found = dose_findings(design, result, seed=seed)
    if found is not None:
        frames["doses"] = dose_row(design, found.target, all_truths, is_known=is_of_cells)
    rows = borrowed_rows(design, result, prior)
    if len(rows):
        frames["borrowed"] = _with_truth(rows, completed, truth)
    return _marked(frames, scenario, trial)


def _frames_of_course(
    completed: Completed, truth: Truth, all_truths: Truth, n_compared: int
) -> dict[str, pd.DataFrame]:
    """Return how the trial's course assigned patients, and what is analysed beside the comparisons, with the truth."""
    frames = {}
    if len(completed.allocation):
        frames["allocation"] = completed.allocation
    if len(completed.analyses):
        frames["analyses"] = _with_truth(completed.analyses, completed, truth)
    if len(completed.margins):
        beside = {"truth": all_truths.values[n_compared:], "truth_error": all_truths.errors[n_compared:]}
        frames["margins"] = completed.margins.assign(**beside)
    return frames


def _with_truth(rows: pd.DataFrame, completed: Completed, truth: Truth) -> pd.DataFrame:
    """Return rows of comparisons with the true effect of each put behind."""
    true = dict(zip(completed.monitored.contrasts["comparison"], truth.values, strict=True))
    return rows.assign(truth=[true[name] for name in rows["comparison"]])


def _marked(frames: dict[str, pd.DataFrame], scenario: Scenario, trial: int) -> dict[str, pd.DataFrame]:
    """Put scenario and trial before every row; what is only told of single trials is left out."""
    for name, frame in frames.items():
        columns = [column for column in frame.columns if name != "inside" or column not in ("low", "high")]
        marked = frame.assign(scenario=str(scenario), trial=trial)
        frames[name] = marked.reindex(columns=["scenario", "trial", *columns])
    return frames


def operating_characteristics(batches: Iterable[TrialBatch]) -> OperatingCharacteristics:
    """Join batches of simulated trials and say how often a trial of this design would be right.

    Returns
    -------
    OperatingCharacteristics
        For each scenario and comparison: success (the statistic crosses its bound in favour of the arm), rejection in
        either direction, true effect, bias, coverage, expected patients and months, each with its Monte-Carlo standard
        error; and by look, how often the trial stops there and why.

    Raises
    ------
    TrialError
        When there is no batch, when batches come from different designs or from the prior and a posterior, or when a
        trial is there twice.
    """
    import pandas as pd

    parts: Sequence[TrialBatch] = sorted(
        batches, key=lambda batch: (list(Scenario).index(Scenario(batch.scenario)), batch.first)
    )
    if not parts:
        raise TrialError("trials", Problem("batches", "there is none", "one batch or more", "simulate trials first"))
    first = parts[0]
    if any(
        (part.endpoint, part.alpha, part.alpha_of_a_side) != (first.endpoint, first.alpha, first.alpha_of_a_side)
        for part in parts
    ):
        raise TrialError("trials", Problem("batches", "come from different designs", "one design"))
    if {Scenario.PRIOR, Scenario.POSTERIOR} <= {Scenario(part.scenario) for part in parts}:
        found = "come from the prior and from a posterior"
        raise TrialError("trials", Problem("batches", found, "one of the two", "join them apart"))
    done = [(part.scenario, trial) for part in parts for trial in dict.fromkeys(part.trials["trial"])]
    twice = sorted({place for place in done if done.count(place) > 1})
    if twice:
        found = f"trial {twice[0][1]} of scenario {twice[0][0]} is there more than once"
        raise TrialError("trials", Problem("batches", found, "each trial once", "give each batch once"))
    frames = {name: pd.concat([getattr(part, name) for part in parts], ignore_index=True) for name in FRAMES}
    return OperatingCharacteristics(
        alpha=parts[0].alpha,
        alpha_of_a_side=parts[0].alpha_of_a_side,
        endpoint=parts[0].endpoint,
        summary=summarise(frames["trials"]),
        stopping=stopping_by_look(frames["looks"], frames["trials"]),
        dose_summary=summarise_doses(frames["doses"]),
        **frames,
    )

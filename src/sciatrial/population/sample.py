"""Draw + Cohort → Patients: candidates fall ill, wait, are screened on what is measured, and enrol.

Two levels, never mixed: the draw fixes population values, spreads and trial-level shifts; a patient is a random effect
given that draw.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sciatrial.clinic import SCORES, answer_steps, measured, measurement_errors, screen
from sciatrial.engine import Events, simulate
from sciatrial.foundation import (
    DAYS_PER_MONTH,
    Cause,
    CohortError,
    Problem,
    Progress,
    Record,
    Score,
    SolverError,
    normals,
    silent,
    uniforms,
)
from sciatrial.model import Model
from sciatrial.parameters import Draw, Draws, from_scale, onto_scale
from sciatrial.population import equations
from sciatrial.population.cohort import Cohort, MixedCohort
from sciatrial.population.equations import HERNIATION_CLASSES
from sciatrial.population.flares import PROCESSES, natural_events

if TYPE_CHECKING:
    import pandas as pd

CONTEXTS = ("oral", "injection", "intradiscal")

# what the trial-level shifts move, all on the log scale
_RECOVERY = ("irritancy_loss_rate", "macrophage_switch_rate", "disc_inflammation_decay_rate")
_SEVERITY = ("firing_leg_pain_weight", "disc_back_pain_weight")

_SCREENED_AT_ONCE = 4_000
_MOST_UNSOLVED_SHARE = 0.05
_SEEN = ("screened", "eligible", "unsolved")


@dataclass(frozen=True)
class Candidates:
    """People who may be screened: their numbers, and the words by which the prior tells kinds of patient apart.

    ``kinds`` lists each set of words once; ``kind`` (dims ``patient``) says which of them a candidate is.
    """

    numbers: NDArray[np.int64]
    kinds: tuple[tuple[str, ...], ...]
    kind: NDArray[np.int64]


@dataclass(frozen=True)
class Patients(Record):
    """Enrolled virtual patients at the door of a trial.

    ``numbers`` (dims ``patient``) are candidate numbers: the key of all their luck. ``parameters`` (dims ``patient,
    parameter``, in the order of the model), ``entry_states`` (dims ``patient, state``). ``covariates`` has one row a
    patient: age, sex, duration, class, whether pain tends to persist, and every score as measured at entry.
    A cohort of several causes has one more column, ``cause``. ``context_maximum`` has dims ``patient, context``;
    ``event_rates`` dims ``patient, process`` holds flares and re-herniations a year. ``seen`` has one row a patient:
    who had been ``screened`` when this patient was found, this one included, how many of them were ``eligible`` or
    ``unsolved``, and how many each criterion turned away.
    """

    cohort: str
    cause: str
    seed: int
    numbers: NDArray[np.int64]
    parameters: NDArray[np.float64]
    entry_states: NDArray[np.float64]
    context_maximum: NDArray[np.float64]
    event_rates: NDArray[np.float64]
    covariates: pd.DataFrame
    seen: pd.DataFrame
    draw_values: Mapping[str, float]
    draw_sds: Mapping[str, float]
    draw_scales: Mapping[str, str]

    @property
    def draw(self) -> Draw:
        """The one draw that all these patients share."""
        return Draw(self.draw_values, self.draw_sds, self.draw_scales)

    @property
    def screening(self) -> dict[str, Any]:
        """Counts ``screened, eligible, unsolved, excluded`` (by criterion) until the last of these patients."""
        last = {str(name): int(count) for name, count in self.seen.iloc[-1].items()}
        counts = {name: last.pop(name) for name in _SEEN}
        return {**counts, "excluded": last}

    def __len__(self) -> int:
        return len(self.numbers)

    def only(self, which: slice | NDArray[np.int64]) -> Patients:
        """Return some of the patients, by their place in the order of enrolment."""
        return replace(
            self,
            numbers=self.numbers[which],
            parameters=self.parameters[which],
            entry_states=self.entry_states[which],
            context_maximum=self.context_maximum[which],
            event_rates=self.event_rates[which],
            covariates=self.covariates.iloc[which].reset_index(drop=True),
            seen=self.seen.iloc[which].reset_index(drop=True),
        )

    def later_events(self, model: Model, last_day: float) -> Events:
        """Return what chance brings between entry (day 0) and `last_day`, the same in every arm."""
        entry = self.covariates["symptom_months"].to_numpy(dtype=float) * DAYS_PER_MONTH
        return natural_events(
            model,
            self.event_rates,
            _strengths(self.draw),
            from_day=entry,
            to_day=entry + last_day,
            seed=self.seed,
            patients=self.numbers,
        )

    def table(self) -> pd.DataFrame:
        """Return the covariates, one row a patient."""
        return self.covariates

    def __repr__(self) -> str:
        s = self.screening
        return (
            f"Patients: {len(self)} of cohort {self.cohort}\n"
            f"  {s['screened']} screened, {s['eligible']} eligible, {s['unsolved']} could not be solved"
        )


def sample_patients(
    model: Model,
    draws: Draws | Draw,
    cohort: Cohort,
    *,
    n_patients: int,
    seed: int,
    draw: int = 0,
    least_eligible_share: float = 0.001,
    threads: int | None = None,
    progress: Progress = silent,
) -> Patients:
    """Draw virtual patients who meet the cohort's criteria when they are measured at entry.

    Two levels, never mixed: one draw fixes population values, spreads and trial-level shifts; patients are random
    effects given that draw. Candidates are screened in the order of their number on noisy scores, so that those who
    enrol are on average at a bad moment and fall back afterwards. The same `seed` gives the same patient 17 whatever
    `n_patients` is.

    Parameters
    ----------
    model
        The equations.
    draws, draw
        Draws of the prior or posterior, and the number of the one to use.
    cohort
        Whom to screen.
    n_patients
        1 to 1 000 000.
    seed
        Any whole number. Never taken from the clock.
    least_eligible_share
        Above 0 to 1: share of the candidates who must be eligible.

    Returns
    -------
    Patients
        `n_patients` enrolled patients.

    Raises
    ------
    CohortError
        When fewer candidates than that meet the criteria; names the criterion that excludes most.
    SolverError
        When more than 1 in 20 candidates could not be solved.
    """
    if n_patients < 1:
        raise CohortError("cohort", Problem("n_patients", f"is {n_patients}", "1 or more"))
    if isinstance(draws, Draws) and not 0 <= draw < len(draws.values):
        raise CohortError("cohort", Problem("draw", f"is {draw}", f"0 to {len(draws.values) - 1}"))
    one = draws.one(draw) if isinstance(draws, Draws) else draws
    batches: list[dict[str, Any]] = []
    logs: list[dict[str, NDArray[np.int64]]] = []
    excluded: dict[str, int] = {}
    enrolled = screened = eligible = unsolved = 0
    progress.start(f"patients of {cohort.name}", n_patients)
    while enrolled < n_patients:
        share = max(eligible / screened if screened else 0.5, least_eligible_share)
        size = int(np.clip(1.2 * (n_patients - enrolled) / share, 16, _SCREENED_AT_ONCE))
        numbers = np.arange(screened, screened + size)
        batch, turned_away, failed = _screened(model, one, cohort, numbers, seed, threads)
        keep = np.flatnonzero(batch["is_eligible"])[: n_patients - enrolled]
        log = {"screened": numbers + 1, "eligible": eligible + np.cumsum(batch["is_eligible"])}
        log["unsolved"] = unsolved + np.cumsum(failed)
        log |= {name: excluded.get(name, 0) + np.cumsum(whom) for name, whom in turned_away.items()}
        logs.append({name: counts[keep] for name, counts in log.items()})
        screened += size
        eligible, unsolved = int(log["eligible"][-1]), int(log["unsolved"][-1])
        excluded = {name: int(log[name][-1]) for name in turned_away}
        _refuse_unsolved(cohort, screened, unsolved)
        batches.append({name: value[keep] for name, value in batch.items() if name != "is_eligible"})
        enrolled += len(keep)
        progress.advance(len(keep))
        if screened >= 3 / least_eligible_share and eligible < least_eligible_share * screened:
            _refuse(cohort, screened, eligible, excluded, least_eligible_share)
    progress.finish()
    joined = {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}
    seen = {name: np.concatenate([log[name] for log in logs]) for name in logs[0]}
    return Patients(
        cohort=cohort.name,
        cause=" ".join(cohort.causes),
        seed=seed,
        numbers=joined.pop("numbers"),
        parameters=joined.pop("parameters"),
        entry_states=joined.pop("entry_states"),
        context_maximum=joined.pop("context_maximum"),
        event_rates=joined.pop("event_rates"),
        covariates=_frame(joined),
        seen=_frame(seen),
        draw_values=dict(one.values),
        draw_sds=dict(one.sds),
        draw_scales=dict(one.scales),
    )


def _frame(columns: Mapping[str, NDArray]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(dict(columns))


def _refuse_unsolved(cohort: Cohort, screened: int, unsolved: int) -> None:
    if unsolved > max(3, _MOST_UNSOLVED_SHARE * screened):
        found = f"{unsolved} of {screened} candidates could not be solved to their entry"
        problem = Problem(
            "candidates", found, f"at most {_MOST_UNSOLVED_SHARE:.0%}", "look for a number far outside its range"
        )
        raise SolverError(f"cohort {cohort.name}", problem)


def _refuse(cohort: Cohort, screened: int, eligible: int, excluded: Mapping[str, int], least: float) -> None:
    worst = max(excluded, key=lambda name: excluded[name]) if excluded else "the criteria"
    raise CohortError(
        f"cohort {cohort.name}",
        Problem(
            "population.eligible",
            f"only {eligible} of {screened} candidates meet the criteria; '{worst}' alone turns away {excluded[worst]}",
            f"at least 1 in {1 / least:.0f}",
            "widen that criterion, or change symptom_months or the cohort",
        ),
    )


def _screened(
    model: Model, draw: Draw, cohort: Cohort, numbers: NDArray[np.int64], seed: int, threads: int | None
) -> tuple[dict[str, NDArray], dict[str, NDArray[np.bool_]], NDArray[np.bool_]]:
    """Screen candidates as `_screen_batch`; each of a mixed cohort as one of the part from which chance takes them."""
    if not isinstance(cohort, MixedCohort):
        return _screen_batch(model, draw, cohort, numbers, seed, threads)
    drawn = np.searchsorted(np.cumsum(cohort.shares)[:-1], uniforms(seed, "part of the cohort", numbers), side="right")
    # whoever a criterion of another part would turn away is not turned away by it
    turned_away = {name: np.zeros(len(numbers), dtype=bool) for part in cohort.parts for name in _criteria(part)}
    failed, columns, places = np.zeros(len(numbers), dtype=bool), [], []
    for place, part in enumerate(cohort.parts):
        mine = np.flatnonzero(drawn == place)
        if not len(mine):
            continue
        found, away, failed[mine] = _screen_batch(model, draw, part, numbers[mine], seed, threads)
        for name, whom in away.items():
            turned_away[name][mine] = whom
        columns.append(found | {"cause": np.full(len(mine), str(part.cause), dtype=object)})
        places.append(mine)
    order = np.argsort(np.concatenate(places))
    joined = {name: np.concatenate([part[name] for part in columns])[order] for name in columns[0]}
    return joined, turned_away, failed


def _criteria(cohort: Cohort) -> tuple[str, ...]:
    """Return the names of a cohort's criteria, as screening gives them."""
    return tuple(screen({score: np.zeros(1) for score in SCORES}, cohort.eligible).turned_away)


def _screen_batch(
    model: Model, draw: Draw, cohort: Cohort, numbers: NDArray[np.int64], seed: int, threads: int | None
) -> tuple[dict[str, NDArray], dict[str, NDArray[np.bool_]], NDArray[np.bool_]]:
    """Let candidates fall ill and come to the clinic: their columns, whom each criterion turns away, who failed."""
    columns = _people(draw, cohort, numbers, seed)
    candidates = _candidates(cohort, numbers, columns)
    values = _patient_values(model, draw, candidates, columns, seed)
    parameters = np.stack([values[name] for name in model.parameter_names], axis=1)
    onset = onset_states(model, cohort.cause, draw, values, candidates, seed)
    entry_days = columns["symptom_months"] * DAYS_PER_MONTH
    rates = np.stack([_varied(draw, f"{process}_rate_per_year", candidates, seed) for process in PROCESSES], axis=1)
    before_entry = natural_events(
        model,
        rates,
        _strengths(draw),
        from_day=np.zeros(len(numbers)),
        to_day=entry_days,
        seed=seed,
        patients=numbers,
    )
    history = simulate(
        model,
        parameters,
        onset,
        times_days=entry_days[:, None],
        events=before_entry,
        outputs=[str(s) for s in SCORES],
        threads=threads,
        max_failed_fraction=1.0,  # counted over all candidates by whoever asked for them
    )
    solved = history.status == 0
    scores: dict[Score, NDArray] = {}
    for score in SCORES:
        error = measurement_errors(score, 0.0, numbers=draw, seed=seed, patients=numbers)[:, 0]
        steps = answer_steps(score, numbers=draw, seed=seed, patients=numbers)
        scores[score] = measured(score, history[str(score)][:, 0], error, steps)
    # who could not be solved has no scores, and is turned away by no criterion
    result = screen({score: values[solved] for score, values in scores.items()}, cohort.eligible)
    is_eligible = np.zeros(len(numbers), dtype=bool)
    is_eligible[solved] = result.is_eligible
    turned_away = {name: np.zeros(len(numbers), dtype=bool) for name in result.turned_away}
    for name, whom in result.turned_away.items():
        turned_away[name][solved] = whom
    context = _context_maximum(draw, numbers, seed)
    columns["is_prone_to_chronic_pain"] = columns.pop("chronifier") != ""
    return (
        {
            "numbers": numbers,
            "is_eligible": is_eligible,
            "parameters": parameters,
            "entry_states": history.final_states,
            "context_maximum": context,
            "event_rates": rates,
            "patient": numbers,
            **columns,
            **{str(score): value for score, value in scores.items()},
        },
        turned_away,
        ~solved,
    )


def _people(draw: Draw, cohort: Cohort, numbers: NDArray[np.int64], seed: int) -> dict[str, NDArray]:
    from scipy.special import ndtr, ndtri

    shortest, longest = cohort.symptom_months
    age = cohort.age_years
    months = equations.symptom_months.value(
        shortest_months=shortest,
        longest_months=longest,
        one_month=1.0,
        duration_luck=uniforms(seed, "symptom duration", numbers),
    )
    if age.sd > 0:
        below, above = ndtr((age.lowest - age.mean) / age.sd), ndtr((age.highest - age.mean) / age.sd)
        years = age.mean + age.sd * ndtri(below + (above - below) * uniforms(seed, "age", numbers))
    else:
        years = np.full(len(numbers), age.mean)
    classes = np.full(len(numbers), "", dtype=object)
    if cohort.cause is Cause.HERNIATION:
        edges = np.cumsum(list(HERNIATION_CLASSES.values()))[:-1]
        classes = np.array(list(HERNIATION_CLASSES), dtype=object)[
            np.searchsorted(edges, uniforms(seed, "herniation class", numbers), side="right")
        ]
    chronifies = uniforms(seed, "chronifier", numbers) < draw.value("chronifier_fraction")
    makes_antibodies = uniforms(seed, "donor antibody", numbers) < draw.value("donor_antibody_fraction")
    return {
        "age_years": years,
        "is_female": uniforms(seed, "sex", numbers) < cohort.percent_female / 100,
        "symptom_months": months,
        "herniation_class": classes,
        "chronifier": np.where(chronifies, "chronifier", ""),
        "makes_donor_antibodies": makes_antibodies,
    }


def _candidates(cohort: Cohort, numbers: NDArray[np.int64], columns: Mapping[str, NDArray]) -> Candidates:
    traits = list(zip(columns["herniation_class"], columns["chronifier"], strict=True))
    found = {pair: place for place, pair in enumerate(sorted(set(traits)))}
    kinds = tuple(tuple(word for word in (*pair, str(cohort.cause)) if word) for pair in found)
    return Candidates(numbers, kinds, np.array([found[pair] for pair in traits], dtype=np.int64))


def _patient_values(
    model: Model, draw: Draw, candidates: Candidates, columns: Mapping[str, NDArray], seed: int
) -> dict[str, NDArray[np.float64]]:
    """Return every model parameter for every candidate; dims ``patient`` each."""
    values = {name: _varied(draw, name, candidates, seed) for name in model.parameter_names}
    values["donor_antibody_factor"] = columns["makes_donor_antibodies"].astype(float)
    faster = equations.recovery_factor.value(trial_recovery_shift=draw.value("trial_recovery_shift"))
    worse = equations.severity_factor.value(trial_severity_shift=draw.value("trial_severity_shift"))
    for name in _RECOVERY:
        values[name] = values[name] * faster
    for name in _SEVERITY:
        values[name] = values[name] * worse
    return values


def trait_luck(name: str, numbers: NDArray[np.int64], seed: int) -> NDArray[np.float64]:
    """Return by how many standard deviations each candidate departs from the middle in one trait; dims ``patient``."""
    return normals(seed, f"trait {name}", numbers)


def varied_traits(model: Model, patients: Patients) -> dict[str, NDArray[np.float64]]:
    """Return the luck of enrolled patients in each trait by which they differ; dims ``patient`` each."""
    draw = patients.draw
    spread = {key.rpartition(".")[2] for key, sd in draw.sds.items() if sd > 0 and draw.values[key] != 0}
    starts = {"aggrecan_at_start"}
    causes = set(patients.cause.split())
    if Cause.HERNIATION in causes:
        starts.add("herniated_volume_at_start")
    if causes - {Cause.HERNIATION, Cause.DISCOGENIC}:
        starts.add("fixed_narrowing_at_start")
    differ = {name for name, x in zip(model.parameter_names, patients.parameters.T, strict=True) if np.ptp(x) > 0}
    differ |= {
        f"{process}_rate_per_year" for process, x in zip(PROCESSES, patients.event_rates.T, strict=True) if np.ptp(x)
    }
    return {name: trait_luck(name, patients.numbers, patients.seed) for name in sorted(spread & (starts | differ))}


def _varied(draw: Draw, name: str, candidates: Candidates, seed: int) -> NDArray[np.float64]:
    """Return one parameter's value for every candidate: population value and the patient's own deviation."""
    keys = [draw.key(name, words) for words in candidates.kinds]
    # a number that all share, or an effect that this draw does without, needs no luck
    if all(draw.sds[key] == 0 or draw.values[key] == 0 for key in keys):
        return np.array([draw.values[key] for key in keys])[candidates.kind]
    score = trait_luck(name, candidates.numbers, seed)
    if len(set(keys)) == 1:
        return _of_patient(draw, keys[0], score)
    by_kind = {key: _of_patient(draw, key, score) for key in set(keys)}
    result = np.empty(len(score))
    for place, key in enumerate(keys):
        mine = candidates.kind == place
        result[mine] = by_kind[key][mine]
    return result


def _of_patient(draw: Draw, key: str, score: NDArray[np.float64]) -> NDArray[np.float64]:
    centre, sd, scale = draw.values[key], draw.sds[key], draw.scales[key]
    if sd == 0 or centre == 0:
        return np.full(len(score), centre)
    return from_scale(scale, onto_scale(scale, centre) + sd * score)


def _strengths(draw: Draw) -> dict[str, tuple[float, float]]:
    """Return how strong each process strikes in the middle, and the spread on the scale of its row."""
    rows = {"flare": "flare_size", "reherniation": "reherniated_volume"}
    return {process: (draw.value(name), draw.sds[name]) for process, name in rows.items()}


def _context_maximum(draw: Draw, numbers: NDArray[np.int64], seed: int) -> NDArray[np.float64]:
    """Return each candidate's largest context response to each kind of care; one trait behind all three."""
    score = trait_luck("context_response_maximum", numbers, seed)
    columns = []
    for kind in CONTEXTS:
        key = draw.key("context_response_maximum", (kind,))
        columns.append(
            equations.context_maximum.value(
                context_response_maximum=draw.values[key],
                trial_context_shift=draw.value("trial_context_shift"),
                spread_between_patients=draw.sds[key],
                patient_luck=score,
            )
        )
    return np.stack(columns, axis=1)


def onset_states(
    model: Model,
    cause: Cause,
    draw: Draw,
    values: Mapping[str, NDArray[np.float64]],
    candidates: Candidates,
    seed: int,
) -> NDArray[np.float64]:
    """Return the state of each candidate on the day when symptoms begin.

    The nerve is whole, nothing is inflamed but the disc, whose inflammation is in balance with the aggrecan that it
    has lost.

    Returns
    -------
    numpy.ndarray
        dims ``patient, state``, in the order of the model.
    """
    start = {name: np.zeros(len(candidates.numbers)) for name in model.state_names}
    start["connected_axons"][:] = 1.0
    start["function_reserve"][:] = 1.0
    start["segment_mobility"][:] = 1.0
    start["extrudable_nucleus"][:] = 1.0
    start["disc_aggrecan"] = _varied(draw, "aggrecan_at_start", candidates, seed)
    fed = equations.native_disc_cells_at_start.value(nutrition_capacity=values["nutrition_capacity"])
    start["native_disc_cells"] = fed
    start["disc_inflammation"] = equations.disc_inflammation_at_start.value(
        disc_inflammation_rate=values["disc_inflammation_rate"],
        aggrecan_at_start=start["disc_aggrecan"],
        disc_inflammation_decay_rate=values["disc_inflammation_decay_rate"],
    )
    if cause is Cause.HERNIATION:
        start["herniated_volume"] = _varied(draw, "herniated_volume_at_start", candidates, seed)
        start["herniation_irritancy"][:] = 1.0
    elif cause is not Cause.DISCOGENIC:
        start["fixed_narrowing"] = _varied(draw, "fixed_narrowing_at_start", candidates, seed)
    return np.stack([start[name] for name in model.state_names], axis=1)

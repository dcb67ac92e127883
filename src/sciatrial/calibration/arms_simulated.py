"""One draw of the parameters → what every term would be, by virtual patients as trials enrol them.

The patients of a cause are sampled once a draw and shared by its arms, so that two arms of a trial differ by treatment
alone. Each arm takes them by weights: for the duration of symptoms, and so that the means of what is measured at entry,
and of that duration, are those that the trial printed. Regression to the mean comes out by itself, since the entry is
measured with error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sciatrial.calibration.arms import MAIN_PAIN, Arm
from sciatrial.calibration.facts import FactTerms
from sciatrial.calibration.facts_simulated import forward_facts
from sciatrial.calibration.terms import TermKind, Terms
from sciatrial.clinic import Protocol, answer_steps, measured, measurement_errors
from sciatrial.engine import Events, simulate
from sciatrial.evidence import RESPONDER_RULES, EntryDuration, Measure
from sciatrial.foundation import DAYS_PER_MONTH, Cause, Score
from sciatrial.model import Model
from sciatrial.parameters import Draw, cell_effect_keys
from sciatrial.population import AgeYears, Cohort, Patients, balanced_weights, sample_patients, treated_patients

# months of symptoms at entry: the shortest and longest that are simulated, and what a trial that is silent enrols
DURATIONS: Mapping[Cause, tuple[float, float]] = {
    Cause.HERNIATION: (0.1, 48.0),
    Cause.DISCOGENIC: (3.0, 240.0),
    Cause.STENOSIS: (3.0, 72.0),
    Cause.SPONDYLOLISTHESIS: (3.0, 72.0),
    Cause.PIRIFORMIS: (1.0, 48.0),
}
USUAL_DURATION: Mapping[Cause, float] = {
    Cause.HERNIATION: 4.2,  # facts: sciatica_duration_PTED_trial
    Cause.DISCOGENIC: 24.0,
    Cause.STENOSIS: 18.0,
    Cause.SPONDYLOLISTHESIS: 18.0,
    Cause.PIRIFORMIS: 6.0,
}
WITHIN_TRIAL_SPREAD = 0.8  # of the logarithm of the duration, between patients of one trial
BETWEEN_TRIAL_SPREAD = 0.7  # of its mean, between trials that do not say it
_DURATION_BINS = 12
# where a trial says only from when on it let patients in: theirs beside that bound (facts: yildirim2009, fairbank2005,
# gadjradj2022 print both, and lie at 2 to 6 times)
_USUAL_OVER_SHORTEST = 3.0
_EDGE_OF_A_WINDOW = 0.2  # of the logarithm of a duration: how sharply a bound on who was let in cuts
# a printed mean duration counts as so many points, and may stay so many away: within about one percent
_DURATION_POINTS, _DURATION_TOLERANCE = 20.0, 0.2
USUAL_PAIN = 65.0  # where no trial prints any
LEAST_PAIN = 30.0  # whoever measures less of the cause's main pain is in no trial
_BASELINE_TOLERANCE = 1.0
_BORROWED_TOLERANCE = 4.0
ROLAND_TO_POINTS = 100 / 24
_SCORES = (Score.LEG_PAIN, Score.BACK_PAIN, Score.DISABILITY, Score.ROLAND_MORRIS, Score.NUMBNESS)


@dataclass(frozen=True)
class Sizes:
    """How many patients of each cause are enrolled into the shared group; the default is for a calibration."""

    herniation: int = 1000
    discogenic: int = 1000
    other: int = 300
    facts: int = 250

    def of(self, cause: Cause) -> int:
        """Return the number for a cause."""
        return {Cause.HERNIATION: self.herniation, Cause.DISCOGENIC: self.discogenic}.get(cause, self.other)

    def times(self, factor: float) -> Sizes:
        """Return more, or fewer, of each."""
        numbers = (self.herniation, self.discogenic, self.other, self.facts)
        return Sizes(*(max(50, round(n * factor)) for n in numbers))


@dataclass(frozen=True)
class ArmPlan:
    """One arm: its place in the terms, treatment, and what is known of whom it enrolled.

    ``without`` is the same treatment with cells that do nothing, for an arm that receives cells; −1 for any other.
    """

    arm: int
    protocol: int
    without: int
    duration_months: float | None
    let_in: EntryDuration
    scores: tuple[int, ...]
    means: NDArray[np.float64]
    tolerances: NDArray[np.float64]
    terms: NDArray[np.int64]


@dataclass(frozen=True)
class CausePlan:
    """All arms of one cause, and each treatment with the months at which any of them is seen.

    Cells of treatments that are `idle` do nothing: they are injected, and no mechanism of theirs is there.
    """

    cause: Cause
    protocols: tuple[Protocol, ...]
    idle: tuple[bool, ...]
    months: tuple[tuple[float, ...], ...]
    arms: tuple[ArmPlan, ...]


@dataclass(frozen=True)
class Plan:
    """What one forward run simulates; made once by `plan_arms`.

    A run gives a number for each term, then for each fact, then, for each term of `of_cells`, what the same patients
    would have shown had the cells done nothing.
    """

    terms: Terms
    causes: tuple[CausePlan, ...]
    facts: FactTerms | None = None

    @property
    def of_cells(self) -> NDArray[np.int64]:
        """Terms of arms that receive cells; dims ``cell term``."""
        return np.flatnonzero(self.terms.rows["is_cells"].to_numpy(dtype=bool))

    @property
    def n_observed(self) -> int:
        """How many numbers are terms or facts."""
        return len(self.terms) + (0 if self.facts is None else len(self.facts.rows))

    @property
    def is_share(self) -> NDArray[np.bool_]:
        """Which numbers of a run are shares of responders; dims ``number``."""
        shares = (self.terms.rows["kind"] == TermKind.SHARE).to_numpy()
        facts = np.zeros(self.n_observed - len(shares), dtype=bool)
        return np.concatenate([shares, facts, shares[self.of_cells]])

    def idle(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the terms and facts of runs as they would be had cells done nothing; dims ``run, number``."""
        made = values[:, : self.n_observed].copy()
        made[:, self.of_cells] = values[:, self.n_observed :]
        return made

    def changed(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what cells change in runs; dims ``run, cell term``."""
        return values[:, self.of_cells] - values[:, self.n_observed :]

    def __len__(self) -> int:
        """Return how many numbers a forward run gives."""
        return self.n_observed + len(self.of_cells)


@dataclass(frozen=True)
class Forward:
    """One forward run.

    ``values`` (dims ``number``, see `Plan`) in the units of the terms; ``effective_size`` and ``gap`` (dims
    ``arm``): patients that the weights leave, and how far their mean at entry stays from the printed one, in points;
    ``months`` (dims ``arm``): their mean duration of symptoms at entry.
    """

    values: NDArray[np.float64]
    effective_size: NDArray[np.float64]
    gap: NDArray[np.float64]
    months: NDArray[np.float64]


def plan_arms(terms: Terms, facts: FactTerms | None = None, usual: Mapping[Cause, float] | None = None) -> Plan:
    """Lay out what a forward run simulates; `usual` is the pain of trials that print none, None asks these terms."""
    rows = terms.rows
    causes = []
    usual = usual_pain(terms) if usual is None else usual
    for cause in Cause:
        places = [place for place, arm in enumerate(terms.arms) if arm.cause is cause and arm.protocol is not None]
        if not places:
            continue
        given: list[tuple[str, bool]] = []
        for place in places:
            given += [(_told(terms.arms[place]), idle) for idle in (False, True)[: 1 + terms.arms[place].is_cells]]
        given = list(dict.fromkeys(given))
        months: list[set[float]] = [set() for _ in given]
        arms = []
        for place in places:
            arm = terms.arms[place]
            which = given.index((_told(arm), False))
            without = given.index((_told(arm), True)) if arm.is_cells else -1
            mine = np.flatnonzero(rows["arm"].to_numpy() == place)
            seen = (rows["arm"] == place) | (rows["versus"] == place)
            for one in {which, without} - {-1}:
                months[one] |= set(rows.loc[seen, "month"])
            at_entry: Any = terms.baselines[terms.baselines["arm"] == place]
            scores = tuple(_SCORES.index(Score(word)) for word in at_entry["score"])
            tolerance = np.where(at_entry["is_own"].to_numpy(dtype=bool), _BASELINE_TOLERANCE, _BORROWED_TOLERANCE)
            means, main = at_entry["mean"].to_numpy(float), _SCORES.index(MAIN_PAIN[cause])
            if main not in scores:
                scores, means = (*scores, main), np.append(means, usual[cause])
                tolerance = np.append(tolerance, _BORROWED_TOLERANCE)
            arms.append(ArmPlan(place, which, without, arm.duration_months, arm.let_in, scores, means, tolerance, mine))
        causes.append(
            CausePlan(
                cause,
                tuple(Protocol.model_validate_json(text) for text, _ in given),
                tuple(idle for _, idle in given),
                tuple(tuple(sorted(m)) for m in months),
                tuple(arms),
            )
        )
    return Plan(terms, tuple(causes), facts)


def _told(arm: Arm) -> str:
    """Return an arm's treatment in words that can be compared; arms without one are not simulated."""
    return "" if arm.protocol is None else arm.protocol.model_dump_json()


def usual_pain(terms: Terms) -> dict[Cause, float]:
    """Return the mean of the main pain at entry over the trials of a cause that print it; of all trials for others."""
    told: dict[Cause, list[float]] = {cause: [] for cause in Cause}
    for row in terms.baselines.to_dict("records"):
        cause = terms.arms[row["arm"]].cause
        if cause is not None and row["score"] == MAIN_PAIN[cause] and row["is_own"]:
            told[cause].append(row["mean"])
    overall = float(np.mean([value for values in told.values() for value in values] or [USUAL_PAIN]))
    return {cause: float(np.mean(values)) if values else overall for cause, values in told.items()}


def enrolling_cohort(cause: Cause) -> Cohort:
    """Return people of a cause who hurt enough for any trial, with every duration of symptoms."""
    return Cohort(
        name=f"trials of {cause}",
        cause=cause,
        symptom_months=DURATIONS[cause],
        age_years=AgeYears.model_validate({"mean": 45, "sd": 11, "from": 18, "to": 85}),
        percent_female=50,
        eligible={MAIN_PAIN[cause]: (LEAST_PAIN, 100)},
    )


def forward(
    model: Model,
    plan: Plan,
    draw: Draw,
    *,
    seed: int,
    duration_shift: float = 0.0,
    sizes: Sizes | None = None,
    tolerance: float = 1e-3,
    threads: int | None = None,
) -> Forward:
    """Simulate every arm of a plan under one draw.

    Parameters
    ----------
    model, plan, draw
        The equations, the arms, and population values with spreads and trial-level shifts.
    seed
        Of the patients' luck.
    duration_shift
        How much longer, in standard deviations between trials, trials that do not say it enrol; any number.
    sizes
        Patients of each cause.
    tolerance
        Of the solver; far below the sampling error of the patients at the default.

    Returns
    -------
    Forward
        NaN where nobody can be enrolled.
    """
    sizes = sizes or Sizes()
    values = np.full(len(plan), np.nan)
    twin_of = {int(term): plan.n_observed + place for place, term in enumerate(plan.of_cells)}
    effective = np.zeros(len(plan.terms.arms))
    gap = np.full(len(plan.terms.arms), np.inf)
    enrolled = np.full(len(plan.terms.arms), np.nan)
    for of_cause in plan.causes:
        patients = sample_patients(
            model, draw, enrolling_cohort(of_cause.cause), n_patients=sizes.of(of_cause.cause), seed=seed,
            threads=threads, least_eligible_share=1e-3,
        )  # fmt: skip
        entry, months, seen = _courses(model, of_cause, patients, tolerance, threads)
        symptom_months = patients.covariates["symptom_months"].to_numpy(dtype=float)
        enrols: dict[int, tuple[int, NDArray[np.float64]]] = {}
        for arm in of_cause.arms:
            start = _duration_weights(np.log(symptom_months), arm, of_cause.cause, duration_shift)
            weights, off = balanced_weights(start, *_targets(arm, entry, symptom_months))
            effective[arm.arm] = 1 / np.sum(weights**2)
            gap[arm.arm] = np.max(np.abs(off[: len(arm.scores)]))
            enrolled[arm.arm] = weights @ symptom_months
            enrols[arm.arm] = arm.protocol, weights
        for arm in of_cause.arms:
            weights = enrols[arm.arm][1]
            for term in arm.terms:
                row = plan.terms.rows.iloc[term]
                given = [(term, arm.protocol)] if arm.without < 0 else [
                    (term, arm.protocol), (twin_of[int(term)], arm.without)]  # fmt: skip
                for number, protocol in given:
                    at = seen[protocol][:, months[protocol].index(row["month"])]
                    values[number] = _statistic(row, weights, entry, at, of_cause.cause)
                    if row["kind"] == TermKind.DIFFERENCE:
                        given_there, there = enrols[row["versus"]]
                        at = seen[given_there][:, months[given_there].index(row["month"])]
                        values[number] -= _statistic(row, there, entry, at, of_cause.cause)
    if plan.facts is not None:
        values[len(plan.terms) : plan.n_observed] = forward_facts(
            model, plan.facts, draw, seed=seed, n_patients=sizes.facts, tolerance=tolerance, threads=threads
        )
    return Forward(values, effective, gap, enrolled)


def _targets(
    arm: ArmPlan, entry: NDArray[np.float64], symptom_months: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return what an arm's means are balanced on: values of each patient, printed means, tolerances; scores first."""
    values = entry[:, list(arm.scores)]
    if arm.duration_months is None:
        return values, arm.means, arm.tolerances
    points = _DURATION_POINTS * symptom_months / arm.duration_months
    return (
        np.column_stack([values, points]), np.append(arm.means, _DURATION_POINTS),
        np.append(arm.tolerances, _DURATION_TOLERANCE),
    )  # fmt: skip


def _courses(
    model: Model, plan: CausePlan, patients: Patients, tolerance: float, threads: int | None
) -> tuple[NDArray, list[list[float]], list[NDArray]]:
    """Return what is measured at entry (dims ``patient, score``), and for each treatment months and scores after."""
    n = len(patients)
    months = [list(m) for m in plan.months]
    last = [m[-1] * DAYS_PER_MONTH for m in months]
    width = max(map(len, months))
    chance = patients.later_events(model, max(last))
    unmoved = _unmoved_by_cells(model, patients)
    parameters, events, times = [], [], []
    for place, protocol in enumerate(plan.protocols):
        whom = unmoved if plan.idle[place] else patients
        mine, given = treated_patients(model, whom, protocol, seed=patients.seed, last_day=last[place])
        parameters.append(mine)
        both = Events.joined(chance, given)
        events.append(Events(both.patient + place * n, both.day, both.state, both.factor, both.amount))
        days = np.array(months[place]) * DAYS_PER_MONTH
        times.append(np.tile(np.concatenate([days, np.full(width - len(days), days[-1])]), (n, 1)))
    run = simulate(
        model,
        np.concatenate(parameters),
        np.tile(patients.entry_states, (len(plan.protocols), 1)),
        times_days=np.concatenate(times),
        events=Events.joined(*events),
        outputs=[str(score) for score in _SCORES],
        tolerance=tolerance,
        threads=threads,
        max_failed_fraction=0.05,
    )
    entry = patients.covariates[[str(score) for score in _SCORES]].to_numpy(dtype=float).copy()
    entry[:, _SCORES.index(Score.ROLAND_MORRIS)] *= ROLAND_TO_POINTS
    all_months = sorted({month for m in months for month in m})
    errors, steps = _errors(patients, all_months)
    seen = []
    for place, mine in enumerate(months):
        true = run.values[place * n : (place + 1) * n, : len(mine)]
        scores = np.empty_like(true)
        columns = [all_months.index(month) for month in mine]
        for column, score in enumerate(_SCORES):
            scores[:, :, column] = measured(
                score, true[:, :, column], errors[:, columns, column], steps[:, column, None]
            )
        scores[:, :, _SCORES.index(Score.ROLAND_MORRIS)] *= ROLAND_TO_POINTS
        seen.append(scores)
    return entry, months, seen


def _unmoved_by_cells(model: Model, patients: Patients) -> Patients:
    """Return the same patients in a world where cells do nothing."""
    parameters, values = patients.parameters.copy(), dict(patients.draw_values)
    for key in cell_effect_keys():
        values[key] = 0.0
        parameters[:, model.parameter_names.index(key)] = 0.0
    return replace(patients, parameters=parameters, draw_values=values)


def _errors(patients: Patients, months: Sequence[float]) -> tuple[NDArray, NDArray]:
    """Return measurement errors (dims ``patient, month, score``) and steps of answers (dims ``patient, score``)."""
    days = np.array(months) * DAYS_PER_MONTH
    luck: dict[str, Any] = {"numbers": patients.draw, "seed": patients.seed, "patients": patients.numbers}
    errors = np.stack([measurement_errors(score, days, **luck) for score in _SCORES], axis=2)
    return errors, np.stack([answer_steps(score, **luck) for score in _SCORES], axis=1)


def _duration_weights(log_months: NDArray, arm: ArmPlan, cause: Cause, shift: float) -> NDArray[np.float64]:
    """Return weights that make enrolled durations log-normal around what the trial says, or around a usual one.

    Whom the trial did not let in counts little: bounds cut with a soft edge, as words like "chronic" do.
    """
    low, high = np.log(DURATIONS[cause])
    shortest, longest = arm.let_in.shortest, arm.let_in.longest
    if arm.duration_months is not None:
        # the mean of a log-normal lies above its median
        centre = np.log(arm.duration_months) - WITHIN_TRIAL_SPREAD**2 / 2
    else:
        usual = max(USUAL_DURATION[cause], _USUAL_OVER_SHORTEST * (shortest or 0.0))
        centre = np.log(usual) + BETWEEN_TRIAL_SPREAD * shift
    if longest is not None:
        centre = min(centre, np.log(longest))  # else nobody near the bound would count
    too_short = 0.0 if shortest is None else np.log(shortest) - log_months
    too_long = 0.0 if longest is None else log_months - np.log(longest)
    outside = np.maximum(np.maximum(too_short, too_long), 0.0)
    edges = np.linspace(low, high, _DURATION_BINS + 1)
    place = np.clip(np.searchsorted(edges, log_months, side="right") - 1, 0, _DURATION_BINS - 1)
    count = np.bincount(place, minlength=_DURATION_BINS)
    wanted = np.exp(-0.5 * ((log_months - centre) / WITHIN_TRIAL_SPREAD) ** 2)
    wanted = wanted * np.exp(-0.5 * (outside / _EDGE_OF_A_WINDOW) ** 2) + 1e-9
    # even within a bin, so each bin's people stand for its width
    weights = wanted / count[place]
    return weights / weights.sum()


def _statistic(row: Any, weights: NDArray, entry: NDArray, at: NDArray, cause: Cause) -> float:
    """Return one statistic of the weighted patients; scores in points of 100, of a difference its arm's change."""
    kind = row["kind"]
    if kind == TermKind.SHARE:
        return float(100 * weights @ _responds(row["rule"], entry, at, cause))
    column = _SCORES.index(Score(row["score"]))
    before, after = entry[:, column], at[:, column]
    if kind in (TermKind.CHANGE, TermKind.DIFFERENCE):
        return float(weights @ (after - before))
    if kind == TermKind.PERCENT_CHANGE:
        return float(100 * (weights @ (after - before)) / max(weights @ before, 1.0))
    if kind == TermKind.FINAL:
        return float(weights @ after)
    if kind == TermKind.MEDIAN:
        order = np.argsort(after, kind="stable")
        reached = np.cumsum(weights[order]) - weights[order] / 2
        return float(np.interp(0.5, reached, after[order]))
    mean = weights @ after
    return float(0.5 * np.log(max(weights @ (after - mean) ** 2, 1.0)))


def _responds(rule: str, entry: NDArray, at: NDArray, cause: Cause) -> NDArray[np.bool_]:
    """Return who meets a responder rule; dims ``patient``."""
    meets = np.ones(len(entry), dtype=bool)
    for criterion in RESPONDER_RULES[rule].criteria:
        score = Score.DISABILITY
        if criterion.measure is Measure.PAIN:
            score = MAIN_PAIN[cause]
        column = _SCORES.index(score)
        better = entry[:, column] - at[:, column]
        if criterion.percent_better is not None:
            meets &= better >= criterion.percent_better / 100 * entry[:, column] - 1e-9
            meets &= entry[:, column] > 0
        if criterion.points_better is not None:
            meets &= better >= criterion.points_better - 1e-9
        if criterion.at_most is not None:
            meets &= at[:, column] <= criterion.at_most + 1e-9
    return meets

"""The patients of the engine's benchmarks and of its accuracy test: every cause, every treatment, flares and rescue.

Draws of the whole prior, so that nobody is typical: the real model with all that a trial does to it, followed for two
years.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sciatrial.engine import Effect, Events, Rule, Trajectories, simulate
from sciatrial.exchange import CAUSES, REFERENCE_TREATMENTS
from sciatrial.foundation import Cause, uniforms
from sciatrial.model import Model
from sciatrial.parameters import draw_parameters, read_prior
from sciatrial.population import cohort_named, sample_patients, treated_patients

VISITS = np.array(
    [0, 7, 14, 28, 42, 61, 91, 122, 152, 183, 213, 244, 274, 304, 335, 365, 457, 548, 639, 730], dtype=float
)  # day 0, weeks, months, quarters
SEED = 20261127
RESCUE_DAYS = 42.0


@dataclass(frozen=True)
class Everybody:
    """Patients ready for the engine; dims as `simulate` takes them, ``treatment`` and ``cause`` dims ``patient``."""

    model: Model
    parameters: NDArray[np.float64]
    initial: NDArray[np.float64]
    events: Events
    rules: tuple[Rule, ...]
    cause: NDArray[np.str_]
    treatment: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.initial)

    def with_decisions_of(self, run: Trajectories) -> Everybody:
        """Return the same patients with what `run` decided as events, and no rules."""
        return replace(self, events=Events.joined(self.events, *_decided(self, run)), rules=())

    def of(self, rows: NDArray[np.int64]) -> Everybody:
        """Return some of them."""
        return replace(
            self, parameters=self.parameters[rows], initial=self.initial[rows], events=self.events.of(rows),
            rules=tuple(replace(rule, threshold=rule.threshold[rows]) for rule in self.rules),
            cause=self.cause[rows], treatment=self.treatment[rows],
        )  # fmt: skip


def everybody(model: Model, *, n_draws: int, n_each: int) -> Everybody:
    """Return ``n_draws × n_each`` patients for each of the causes and treatments."""
    prior = read_prior()
    parameters, initial, events, cause, treatment = [], [], [], [], []
    n = 0
    for number, (word, cohort) in enumerate(CAUSES.items()):
        open_door = cohort_named(cohort).model_copy(update={"eligible": {}})
        for draw in range(n_draws):
            drawn = draw_parameters(prior, n_draws=1, seed=SEED, first=number * n_draws + draw)
            count = n_each * len(REFERENCE_TREATMENTS)
            patients = sample_patients(model, drawn, open_door, n_patients=count, seed=SEED + draw)
            by_chance = patients.later_events(model, VISITS[-1])
            for place, (name, protocol) in enumerate(REFERENCE_TREATMENTS.items()):
                rows = np.arange(place * n_each, (place + 1) * n_each)
                mine, given = patients.parameters[rows], Events.none()
                if protocol is not None:
                    mine, given = treated_patients(model, patients, protocol, seed=SEED, last_day=VISITS[-1], rows=rows)
                both = Events.joined(by_chance.of(rows), given)
                events.append(replace(both, patient=both.patient + n))
                parameters.append(mine)
                initial.append(patients.entry_states[rows])
                cause += [str(word)] * n_each
                treatment += [name] * n_each
                n += n_each
    causes = np.array(cause)
    return Everybody(
        model, np.concatenate(parameters), np.concatenate(initial), Events.joined(*events), _rescue(causes), causes,
        np.array(treatment),
    )  # fmt: skip


def _rescue(cause: NDArray[np.str_]) -> tuple[Rule, ...]:
    """Return the rules that give tablets once, to whoever has more pain at a visit than the patient will bear."""
    bearable = 35 + 45 * uniforms(SEED, "rescue", np.arange(len(cause)))
    late = (VISITS >= 28.0)[None]
    effects = (
        Effect("nsaid_exposure", factor=0.0, amount=1.0),
        Effect("nsaid_exposure", factor=0.0, delay_days=RESCUE_DAYS),
    )

    def rule(score: str, is_theirs: NDArray[np.bool_]) -> Rule:
        looked = is_theirs[:, None] & late
        return Rule(f"rescue for {score}", score, np.where(looked, bearable[:, None], np.inf), effects, at_most=1)

    in_back = cause == str(Cause.DISCOGENIC)
    return rule("leg_pain", ~in_back), rule("back_pain", in_back)


def _decided(people: Everybody, run: Trajectories) -> list[Events]:
    """Return the effects of the rules that a run fired."""
    found = []
    for place, rule in enumerate(people.rules):
        rows, visits = np.nonzero(run.triggered[:, place])
        for effect in rule.effects:
            days = VISITS[visits] + effect.delay_days
            found.append(
                Events.every(people.model, rows, days, effect.state, factor=effect.factor, amount=effect.amount)
            )
    return found


def simulated(people: Everybody, tolerance: float, **more) -> Trajectories:
    """Return every output and state of everybody at the visits."""
    names = [item.name for item in people.model.outputs]
    return simulate(
        people.model, people.parameters, people.initial, times_days=VISITS, events=people.events, rules=people.rules,
        outputs=names, tolerance=tolerance, **more,
    )  # fmt: skip


def relative_errors(people: Everybody, run: Trajectories, reference: Trajectories) -> NDArray[np.float64]:
    """Return ``|x − reference| / (|reference| + 0.01 × scale)``; dims ``patient, visit, output``."""
    scale = np.array([item.scale for item in people.model.outputs])
    away = np.abs(run.values - reference.values)
    return away / (np.abs(reference.values) + 0.01 * scale)

"""The course of trials from the first patient to the last look: conducted, looked at, stopped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sciatrial.clinic import Hazard
from sciatrial.model import Model
from sciatrial.population import Patients
from sciatrial.trial.arm_looks import looked_at_arms
from sciatrial.trial.conduct import conduct
from sciatrial.trial.conducted import Conducted, first_randomised
from sciatrial.trial.design import Design
from sciatrial.trial.harm_course import follows_boundary, stopped_for_harm
from sciatrial.trial.monitoring import Monitored, monitor
from sciatrial.trial.new_size import resized
from sciatrial.trial.together import shown_together
from sciatrial.trial.unblinding import Unblinding


@dataclass(frozen=True)
class Completed:
    """One trial with those who were randomised before it stopped, and what its looks found."""

    trial: Conducted
    monitored: Monitored


def completed_trials(
    model: Model,
    design: Design,
    groups: Sequence[Patients],
    seeds: Sequence[int],
    *,
    unblinding: Unblinding | None = None,
    known_harms: Sequence[Hazard] = (),
    threads: int | None = None,
) -> list[Completed]:
    """Conduct one trial for each group of patients, look at it as the design plans, and stop it where its bounds say.

    Parameters
    ----------
    groups, seeds
        Patients of each trial, and the seed of its luck.
    unblinding
        How blinding breaks; left out, it holds.
    known_harms
        From `hazards`; needed where the boundary for harm counts some of them.
    """
    if design.multi_arm is not None:
        every = conduct(model, design, groups, seeds, every_arm=True, unblinding=unblinding, threads=threads)
        looked_at = looked_at_arms(design, design.multi_arm, every, seeds) if every else []
        return [Completed(first_randomised(trial, mine.n_randomised), mine) for trial, mine in looked_at]
    trials = conduct(model, design, groups, seeds, unblinding=unblinding, threads=threads)
    if design.reestimation is not None:
        found = resized(design, design.reestimation, trials) if trials else []
        return [Completed(first_randomised(trial, mine.n_randomised), mine) for trial, mine in found]
    looked = monitor(design, trials) if trials else []
    if design.multiplicity is not None:
        looked = [shown_together(design, design.multiplicity, mine) for mine in looked]
    if follows_boundary(design):
        return [Completed(*item) for item in stopped_for_harm(design, trials, looked, seeds, known_harms)]
    # nobody was randomised after a trial had stopped
    return [
        Completed(first_randomised(trial, mine.n_randomised), mine) for trial, mine in zip(trials, looked, strict=True)
    ]

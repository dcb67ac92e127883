"""The course of trials from the first patient to the last look: conducted, looked at, stopped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sciatrial.clinic import Hazard
from sciatrial.model import Model
from sciatrial.population import Patients
from sciatrial.trial.adapted import adapted_trials
from sciatrial.trial.arm_looks import looked_at_arms
from sciatrial.trial.conduct import conduct
from sciatrial.trial.conducted import Conducted, first_randomised
from sciatrial.trial.design import Design
from sciatrial.trial.enrichment import Enrichment
from sciatrial.trial.harm_course import follows_boundary, stopped_for_harm
from sciatrial.trial.in_course import InCourse
from sciatrial.trial.margins import margin_rows
from sciatrial.trial.monitoring import Monitored, monitor
from sciatrial.trial.new_size import resized
from sciatrial.trial.platform_course import platform_trials
from sciatrial.trial.population_looks import looked_at_populations, needed_patients
from sciatrial.trial.population_quantities import refuse_one_sided_subgroup, told_apart
from sciatrial.trial.results import no_rows
from sciatrial.trial.subgroup import with_subgroup
from sciatrial.trial.together import shown_together
from sciatrial.trial.unblinding import Unblinding

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Completed:
    """One trial with those who were randomised before it stopped, and what its looks found.

    ``allocation`` and ``analyses`` tell how its course assigned patients and what other analyses say (see `InCourse`,
    `analysis_rows`), ``margins`` what a factorial trial says (see `margin_rows`); empty where there is no such thing.
    """

    trial: Conducted
    monitored: Monitored
    allocation: pd.DataFrame = field(default_factory=no_rows)
    analyses: pd.DataFrame = field(default_factory=no_rows)
    margins: pd.DataFrame = field(default_factory=no_rows)


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
    if design.enrichment is not None:
        return _enriched(model, design, design.enrichment, groups, seeds, unblinding=unblinding, threads=threads)
    if design.is_assigned_in_course:
        every = conduct(model, design, groups, seeds, every_arm=True, unblinding=unblinding, threads=threads)
        return _assigned_in_course(design, every, seeds) if every else []
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
    stopped = [first_randomised(trial, mine.n_randomised) for trial, mine in zip(trials, looked, strict=True)]
    margins = margin_rows(design, stopped)
    return [Completed(trial, mine, margins=rows) for trial, mine, rows in zip(stopped, looked, margins, strict=True)]


def _enriched(
    model: Model,
    design: Design,
    rule: Enrichment,
    groups: Sequence[Patients],
    seeds: Sequence[int],
    *,
    unblinding: Unblinding | None,
    threads: int | None,
) -> list[Completed]:
    """Return trials of a full population and a subgroup, with what is told of all eligible patients who could come."""
    marked = [with_subgroup(model, design, patients) for patients in groups]
    counts = [told_apart(patients) for patients in marked]
    refuse_one_sided_subgroup(rule, counts)
    needed = [needed_patients(design, patients) for patients in marked]
    trials = conduct(model, design, needed, seeds, unblinding=unblinding, threads=threads)
    done = []
    for (trial, looked), of_all in zip(looked_at_populations(design, rule, trials), counts, strict=True):
        screening = trial.patients.screening
        turned_away = screening["eligible"] - len(trial.assigned)
        more = {"n_screened": float(screening["screened"]), "n_turned_away": float(turned_away), **of_all}
        done.append(Completed(trial, Monitored(looked.contrasts.assign(**more), looked.looks)))
    return done


def _assigned_in_course(design: Design, every: Sequence[Conducted], seeds: Sequence[int]) -> list[Completed]:
    """Return trials whose patients are assigned by what is known when they come, from patients known in every arm."""
    import pandas as pd

    ended: list[tuple[InCourse, Monitored, list]] = []
    if design.response_adaptive is not None:
        ended = adapted_trials(design, design.response_adaptive, every, seeds)
    elif design.platform is not None:
        ended = platform_trials(design, design.platform, every, seeds)
    return [
        Completed(
            course.trial, looked, course.allocation, pd.concat(beside, ignore_index=True) if beside else no_rows()
        )
        for course, looked, beside in ended
    ]

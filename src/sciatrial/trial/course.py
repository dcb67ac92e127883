"""The course of trials from the first patient to the last look: conducted, looked at, stopped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sciatrial.model import Model
from sciatrial.population import Patients
from sciatrial.trial.adapted import adapted_trials
from sciatrial.trial.conduct import conduct
from sciatrial.trial.conducted import Conducted, first_randomised
from sciatrial.trial.design import Design
from sciatrial.trial.in_course import InCourse
from sciatrial.trial.margins import margin_rows
from sciatrial.trial.monitoring import Monitored, monitor
from sciatrial.trial.platform_course import platform_trials
from sciatrial.trial.results import no_rows
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
    threads: int | None = None,
) -> list[Completed]:
    """Conduct one trial for each group of patients, look at it as the design plans, and stop it where its bounds say.

    Parameters
    ----------
    groups, seeds
        Patients of each trial, and the seed of its luck.
    unblinding
        How blinding breaks; left out, it holds.
    """
    if design.is_assigned_in_course:
        every = conduct(model, design, groups, seeds, every_arm=True, unblinding=unblinding, threads=threads)
        return _assigned_in_course(design, every, seeds) if every else []
    trials = conduct(model, design, groups, seeds, unblinding=unblinding, threads=threads)
    looked = monitor(design, trials) if trials else []
    # nobody was randomised after a trial had stopped
    stopped = [first_randomised(trial, mine.n_randomised) for trial, mine in zip(trials, looked, strict=True)]
    margins = margin_rows(design, stopped)
    return [Completed(trial, mine, margins=rows) for trial, mine, rows in zip(stopped, looked, margins, strict=True)]


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

"""Several arms against one control: which of them go on after a look, and by which closed test they are shown."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from math import inf
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field

from sciatrial.statistics import IntersectionTest, Selection, Sides
from sciatrial.trial.aims import Analysis

if TYPE_CHECKING:
    from sciatrial.trial.design import Design

_MOST_ARMS = 8  # beside the control: 255 intersections


class Freed(StrEnum):
    """What becomes of the patients that an arm would still have recruited after it stopped.

    ``reallocated``: the arms that stay share them in their ratio, so that `n_total` stays. ``not_recruited``: nobody
    takes their place; every arm that stays is recruited to the size that it was planned with.
    """

    REALLOCATED = "reallocated"
    NOT_RECRUITED = "not_recruited"


class TrialStop(StrEnum):
    """When the whole trial stops before its last look.

    ``all_decided``: no arm but the control is left. ``first_shown``: or one arm is shown to be better.
    """

    ALL_DECIDED = "all_decided"
    FIRST_SHOWN = "first_shown"


class MultiArm(BaseModel):
    """Several arms against one control, of which looks select some; needs interim looks and ``one_sided``.

    An arm is shown when every intersection of hypotheses that holds it is rejected (closed test), stages combined by
    the inverse normal method with the planned information as weights. A stage is everybody whose endpoint fell due
    after the look before and by this one. That holds `alpha` for all arms together, whatever arms a look drops.

    Parameters
    ----------
    test
        How the arms of an intersection are tested in a stage: ``dunnett``, ``bonferroni``, ``simes`` or ``sidak``.
    most
        At each interim look, how many arms go on: the best by z. Left out, no limit. An arm that is shown at the look
        counts among them.
    above_z
        At each interim look, the z (all patients so far, positive in favour of the arm; -20 to 20) that an arm must
        exceed, or it stops for futility. Left out, none does. Not binding: alpha holds if an arm goes on nevertheless.
    within_z
        At each interim look, how far below the best arm's z (0 to 20) an arm may be and go on. Left out, any distance.
    freed
        ``reallocated`` or ``not_recruited``.
    stop
        ``all_decided`` or ``first_shown``.

    Source
    ------
    Bauer and Kieser (1999), Statistics in Medicine 18, 1833-1848. Posch and others (2005), Statistics in Medicine 24,
    3697-3714. Jenkins, Stone and Jennison (2011), Pharmaceutical Statistics 10, 347-356 (whose patients a stage has).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    test: IntersectionTest = IntersectionTest.DUNNETT
    most: tuple[Annotated[int, Field(ge=1, le=_MOST_ARMS)], ...] = ()
    above_z: tuple[Annotated[float, Field(ge=-20, le=20)], ...] = ()
    within_z: tuple[Annotated[float, Field(ge=0, le=20)], ...] = ()
    freed: Freed = Freed.REALLOCATED
    stop: TrialStop = TrialStop.ALL_DECIDED

    def selection(self, look: int) -> Selection:
        """Return the rule of an interim look, counted from 1."""
        return Selection(
            most=self.most[look - 1] if self.most else _MOST_ARMS,
            above_z=self.above_z[look - 1] if self.above_z else -inf,
            within_z=self.within_z[look - 1] if self.within_z else inf,
        )

    def problems(self, design: Design) -> list[str]:
        """Return what does not fit the design, as ``key: found; expected; next``."""
        found = [*family_problems("multi_arm", design), *self._look_problems(design)]
        if design.analysis is not Analysis.ANCOVA:
            told = f"{design.analysis}, and stages are combined, which must not share what is known of a patient"
            found.append(f'analysis: {told}; ancova; write analysis = "ancova", or leave multi_arm out')
        if design.imputation is not None:
            told = "fills in one trial that is analysed at once, not stage by stage; none; delete it"
            found.append(f"imputation: {told}, or leave multi_arm out")
        return found

    def _look_problems(self, design: Design) -> list[str]:
        looks, found = design.looks, []
        n = len(looks.information)
        if not n:
            told = "has no look at which arms are selected; interim looks; add looks.information"
            found.append(f"multi_arm: {told}, or use [trial.multiplicity]")
        if looks.deciding is not None:
            told = "one comparison stops the trial, but with multi_arm every arm stops alone; none; delete it"
            found.append(f"looks.deciding: {told}")
        if looks.futility is not None:
            told = "is a bound for one comparison; multi_arm.above_z stops arms for futility; delete it"
            found.append(f"looks.futility: {told}")
        for name in ("most", "above_z", "within_z"):
            values = getattr(self, name)
            if values and len(values) != n:
                told = f"{len(values)} for {n} interim looks; one for each, or none; write as many as looks.information"
                found.append(f"multi_arm.{name}: {told}")
        return found


def family_problems(key: str, design: Design) -> list[str]:
    """Return why the comparisons of a design are no family of arms against one control; `key` is the table's name."""
    found = []
    if design.sides is not Sides.ONE:
        told = f"{design.sides}, and {key} shows that arms are better; one_sided"
        found.append(f'sides: {told}; write sides = "one_sided", alpha = 0.025')
    compared = design.compared() if len(design.arms) > 1 else ()
    controls = list(dict.fromkeys(item.control for item in compared))
    if len(controls) > 1:
        told = f"have the controls {', '.join(controls)}; one, as {key} tests several arms against it"
        found.append(f"comparisons: {told}; name one control in all of them")
    elif len(compared) < 2:
        told = f"are {len(compared)}; two or more, which {key} tests together; add an arm, or leave {key} out"
        found.append(f"comparisons: {told}")
    elif len(compared) > _MOST_ARMS:
        found.append(f"comparisons: are {len(compared)}; {_MOST_ARMS} or fewer with {key}; leave some out")
    left = [arm for arm in design.arms if arm not in {*controls, *(item.arm for item in compared)}]
    if len(controls) == 1 and left:
        told = f"leave out {', '.join(left)}, which {key} could neither test nor drop; every arm but the control"
        found.append(f"comparisons: {told}; add it")
    return found


def arm_indices(design: Design) -> tuple[list[int], int]:
    """Return the places of the tested arms, in the order of the comparisons, and of the control among all arms."""
    names: Sequence[str] = list(design.arms)
    compared = design.compared()
    return [names.index(item.arm) for item in compared], names.index(compared[0].control)

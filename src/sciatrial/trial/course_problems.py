"""What cannot be combined with assignment that follows the trial's course, or with one analysis at its end."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from sciatrial.trial.aims import Analysis, EndpointMeasure, Strategy
from sciatrial.trial.randomisation import Randomisation

if TYPE_CHECKING:
    from sciatrial.trial.design import Design


def course_problems(design: Design, key: str) -> list[str]:
    """Return what a design has that cannot go with the table `key`, as ``key: found; expected; next``."""
    found = []
    if design.accrual is None:
        told = "is missing; patients a month, from which it follows what is known by which patient"
        found.append(f"accrual: {told}; add accrual = {{ per_month = … }}, or leave {key} out")
    found += one_ancova_problems(design, key)
    if design.randomisation != Randomisation():
        told = f"has no meaning beside {key}, which assigns patients; no such table; delete it, or leave {key} out"
        found.append(f"randomisation: {told}")
    if design.imputation is not None:
        told = f"knows no periods of {key}; none; delete it, or leave {key} out"
        found.append(f"imputation: {told}")
    if len(design.arms) > 1 and shared_control(design) is None:
        told = f"do not compare every other arm with one control once, as {key} needs"
        control = Counter(item.control for item in design.compared()).most_common(1)[0][0]
        pairs = [f'{{ arm = "{arm}", control = "{control}" }}' for arm in design.arms if arm != control]
        found.append(f"comparisons: {told}; one control for all; write comparisons = [ {', '.join(pairs)} ]")
    return found


def one_ancova_problems(design: Design, key: str) -> list[str]:
    """Return what a design has beside a table `key` whose trial is analysed once, by ancova, at its end."""
    found = []
    if design.analysis is not Analysis.ANCOVA or design.endpoint.measure is not EndpointMeasure.CHANGE_FROM_BASELINE:
        told = f"{design.analysis} of a {design.endpoint.measure.replace('_', ' ')} with {key}"
        expected = "ancova of a change from baseline"
        found.append(f'analysis: {told}; {expected}; write analysis = "ancova", or leave {key} out')
    if design.estimand.rescue is Strategy.PRINCIPAL_STRATUM:
        told = f"principal_stratum with {key}; treatment_policy, composite or while_on_treatment; choose one"
        found.append(f"estimand.rescue: {told}")
    if design.looks.information:
        told = f"has interim looks, and {key} is analysed once, at the end; none; delete it, or leave {key} out"
        found.append(f"looks.information: {told}")
    return found


def shared_control(design: Design) -> str | None:
    """Return the arm against which every other one is compared, None where there is no such arm."""
    compared = design.compared()
    controls = {item.control for item in compared}
    if len(controls) != 1:
        return None
    control = controls.pop()
    arms = sorted(item.arm for item in compared)
    return control if arms == sorted(arm for arm in design.arms if arm != control) else None

"""What does not fit together in the design of a trial, each as ``key: found; expected; next``."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from sciatrial.foundation import DAYS_PER_MONTH
from sciatrial.statistics import Binding
from sciatrial.trial.adjustment import adjustment_problems
from sciatrial.trial.aims import LONGITUDINAL, Analysis, Strategy

if TYPE_CHECKING:
    from sciatrial.trial.design import Design

# a mean and a spread need two
_FEWEST_AT_A_LOOK = 2
CLOSEST_LOOKS = 0.001  # of the planned endpoints


# tables each of which says by itself how a trial goes and what it shows
_ALONE = (
    "multi_arm", "multiplicity", "reestimation", "dose_finding", "response_adaptive", "platform", "factorial",
    "borrowing", "enrichment",
)  # fmt: skip


def design_problems(design: Design) -> list[str]:
    """Return what does not fit together, all of it."""
    sizes = _size_problems(design)
    problems = [*sizes, *_visit_problems(design), *_comparison_problems(design), *_rescue_problems(design)]
    problems += design.endpoint.problems()
    if design.imputation is not None:
        problems += design.imputation.problems(design.endpoint.measure, design.estimand.rescue)
    problems += design.estimand.problems(design.analysis, design.endpoint.measure, has_rescue=design.rescue is not None)
    # bounds of looks that are almost one cannot be integrated
    problems += _whole_endpoint_problems(design, are_sizes_right=not sizes) or design.looks.problems(
        design.alpha, design.sides
    )
    problems += _look_problems(design, are_sizes_right=not sizes)
    problems += _conduct_problems(design, are_sizes_right=not sizes)
    problems += _course_problems(design, are_sizes_right=not sizes)
    problems += _combined_problems(design)
    if design.costs is not None:
        problems += design.costs.problems(tuple(design.arms), has_accrual=design.accrual is not None)
    if design.multi_arm is not None:
        problems += design.multi_arm.problems(design)
    if design.multiplicity is not None:
        problems += design.multiplicity.problems(design)
    if design.reestimation is not None and not sizes:
        problems += design.reestimation.problems(design)
    if design.enrichment is not None:
        problems += design.enrichment.problems(design, are_sizes_right=not sizes)
    if design.safety is not None:
        expected = design.expected_sizes() if not sizes else dict.fromkeys(design.arms, 0.0)
        problems += design.safety.problems(expected, has_accrual=design.accrual is not None)
    if design.borrowing is not None:
        problems += design.borrowing.problems(design)
    if design.dose_finding is not None:
        has_looks = bool(design.looks.information)
        problems += design.dose_finding.problems(
            design.arms, design.analysis, design.endpoint.measure, has_looks=has_looks
        )
    return problems


def _size_problems(design: Design) -> list[str]:
    problems = []
    if len(design.arms) < 2:
        problems.append(f"arms: there are {len(design.arms)}; two arms or more; add a table [arms.NAME]")
    if (design.n_total is None) == (design.n_per_arm is None):
        problems.append("give n_total or n_per_arm, one of them and not both")
    if design.allocation is not None:
        if design.n_per_arm is not None:
            problems.append("n_per_arm makes all arms equal: leave allocation out")
        problems += [f"allocation.{arm}: no such arm" for arm in design.allocation if arm not in design.arms]
        problems += [f"allocation: arm {arm} is missing" for arm in design.arms if arm not in design.allocation]
    # of a platform each arm has its own remedy
    if not problems and design.platform is None and min(design.expected_sizes().values()) < 2:
        sizes = ", ".join(f"{arm} {size:g}" for arm, size in design.expected_sizes().items())
        key = "n_per_arm" if design.n_total is None else "n_total"
        problems.append(f"{key}: gives {sizes}; every arm needs two patients or more; raise it, or drop an arm")
    return problems


def _visit_problems(design: Design) -> list[str]:
    if not design.visits_months:
        return ["visits_months: give one visit or more"]
    problems = []
    if any(b <= a for a, b in pairwise(design.visits_months)):
        problems.append("visits_months: give each visit once, in increasing order")
    # two visits may both move, the day of randomisation does not
    gaps = [design.visits_months[0], *((b - a) / 2 for a, b in pairwise(design.visits_months))]
    room = min(gaps) * DAYS_PER_MONTH
    if design.visit_window_days and not problems and design.visit_window_days >= room:
        told = f"{design.visit_window_days:g} days let visits of one patient meet; below {room:.4g}"
        problems.append(f"visit_window_days: {told}; choose fewer, or visits further apart")
    if design.endpoint.month not in design.visits_months:
        visits = ", ".join(f"{month:g}" for month in design.visits_months)
        told = f"endpoint.month: {design.endpoint.month:g} is not a visit; visits are {visits}"
        problems.append(f"{told}; choose one of them, or add {design.endpoint.month:g} to visits_months")
    return problems


def _comparison_problems(design: Design) -> list[str]:
    problems = []
    for index, comparison in enumerate(design.comparisons):
        for role, arm in (("arm", comparison.arm), ("control", comparison.control)):
            if arm not in design.arms:
                problems.append(f"comparisons.{index}.{role}: {arm!r} is not an arm")
        if comparison.arm == comparison.control:
            problems.append(f"comparisons.{index}: an arm cannot be its own control")
        if comparison in design.comparisons[:index]:
            problems.append(f"comparisons.{index}: {comparison.name} is listed twice")
    return problems


def _rescue_problems(design: Design) -> list[str]:
    """Find rescue that an arm has anyway, or that an estimand cannot be about."""
    if design.rescue is None:
        return []
    given, strategy = design.rescue.intervention, design.estimand.rescue
    problems = []
    before = [month for month in design.visits_months if design.rescue.from_month <= month < design.endpoint.month]
    if strategy is not Strategy.TREATMENT_POLICY and not before:
        told = f"{design.rescue.from_month:g} leaves no visit before the endpoint at month {design.endpoint.month:g}"
        expected = f"a visit before it, for a {strategy} estimand"
        problems.append(f"rescue.from_month: {told}; {expected}; rescue earlier, or choose treatment_policy")
    if design.endpoint.counts_rescue_as_failure and strategy is not Strategy.COMPOSITE:
        told = f"{strategy}, and the endpoint counts rescue as a failure"
        problems.append(f'estimand.rescue: {told}; composite; write rescue = "composite", or another endpoint')
    if design.endpoint.hierarchy and strategy is Strategy.COMPOSITE and not design.endpoint.counts_rescue_as_failure:
        told = "composite, and no outcome of the hierarchy counts rescue; treatment_policy"
        problems.append(f'estimand.rescue: {told}; write it, or add {{ event = "rescue" }} to the hierarchy')
    return problems + [
        f"rescue.intervention: arm {arm} takes {given} anyway; choose another rescue"
        for arm, protocol in design.arms.items()
        if given in (protocol.intervention, *protocol.co_treatments)
    ]


def _look_problems(design: Design, *, are_sizes_right: bool) -> list[str]:
    """Find looks that cannot be placed in time, that have nothing to see, or that nobody decides."""
    problems = []
    if design.looks.information and design.accrual is None:
        told = "is missing; patients a month, from which the months of the looks follow"
        problems.append(f"accrual: {told}; add accrual = {{ per_month = … }}")
    deciding = design.looks.deciding
    if (
        deciding is not None
        and design.arms
        and (deciding.arm, deciding.control)
        not in [(comparison.arm, comparison.control) for comparison in design.compared()]
    ):
        names = ", ".join(comparison.name for comparison in design.compared())
        told = f"{deciding.arm} vs {deciding.control} is not compared; one of {names}"
        problems.append(f"looks.deciding: {told}; choose one, or add it to comparisons")
    is_alone = deciding is None and design.multi_arm is None
    if is_alone and design.looks.information and len(design.arms) > 1 and len(design.compared()) > 1:
        # an arm that stops alone would have to stop recruiting alone
        told = f"is missing among {len(design.compared())} comparisons; the one by which the whole trial stops"
        problems.append(f"looks.deciding: {told}; add deciding = {{ arm = …, control = … }}, or [trial.multi_arm]")
    futility = design.looks.futility
    if futility is not None and futility.binding is Binding.BINDING and design.analysis in LONGITUDINAL:
        # endpoints understate the information of an mmrm: futility would stop fewer null trials than the lowered
        # bounds for efficacy count on
        which = f"{'an' if design.analysis is Analysis.MMRM else 'a'} {design.analysis}"
        told = f"binding, and {which} knows more at a look than its endpoints say, so that the error exceeds alpha"
        problems.append(f'looks.futility.binding: {told}; non_binding; write "non_binding", or analysis = "ancova"')
    if not are_sizes_right:
        return problems
    fewest, arm = min((size, arm) for arm, size in design.expected_endpoints().items())
    for place, share in enumerate(design.looks.information):
        if share > 0 and share * fewest < _FEWEST_AT_A_LOOK:
            told = f"{share:g} is some {share * fewest:.1f} observed endpoints in arm {arm}"
            expected = f"{_FEWEST_AT_A_LOOK} or more in every arm"
            problems.append(f"looks.information.{place}: {told}; {expected}; look later, or randomise more")
    return problems


def _conduct_problems(design: Design, *, are_sizes_right: bool) -> list[str]:
    """Find what cannot be in randomisation, adjustment, accrual, dropout and missed visits."""
    problems = adjustment_problems(design)
    problems += design.randomisation.problems(n_sites=design.n_sites)
    if design.dropout_hazard is not None:
        problems += design.dropout_hazard.problems(design.arms, design.dropout_per_year)
    if design.missing_visits is not None:
        problems += design.missing_visits.problems(design.arms)
    if are_sizes_right:
        problems += [] if design.accrual is None else design.accrual.problems(design.most_patients)
    return problems


def _course_problems(design: Design, *, are_sizes_right: bool) -> list[str]:
    """Find what cannot be in time trends, assignment by the trial's course, platforms and factors."""
    problems = []
    if design.time_trend is not None:
        problems += design.time_trend.problems(design.endpoint.outcome, design.accrual)
    if design.factorial is not None:
        problems += design.factorial.problems(design)
    if len(design.arms) < 2:  # told with the sizes; there is nothing that the other tables could be about
        return problems
    if design.response_adaptive is not None:
        problems += design.response_adaptive.problems(design, are_sizes_right=are_sizes_right)
    if design.platform is not None:
        problems += design.platform.problems(design, are_sizes_right=are_sizes_right)
    return problems


def _combined_problems(design: Design) -> list[str]:
    """Find tables each of which would say alone how the trial goes."""
    given = [name for name in _ALONE if getattr(design, name) is not None]
    problems = [f"{name}: cannot be combined with {given[0]}; one of the two; delete one" for name in given[1:]]
    if design.time_trend is not None and design.reestimation is not None:
        told = (
            "cannot be combined with reestimation, whose later patients wait for the look, in a month that their scores"
        )
        problems.append(f"time_trend: {told} would have to know; one of the two; delete one")
    stopping = None if design.safety is None else design.safety.stopping
    is_followed = stopping is not None and stopping.is_followed
    if design.imputation is not None and is_followed:
        told = (
            "would fill visits that did not take place, where the boundary for harm, which is followed, stops a trial"
        )
        problems.append(f"imputation: {told}; one of the two; delete it, or safety.stopping's counts and true_share")
    if given and is_followed:
        told = f"is followed by simulated trials, which those of {given[0]} do not do; a boundary that none follows"
        problems.append(f"safety.stopping: {told}; delete counts and true_share, or {given[0]}")
    return problems


def _whole_endpoint_problems(design: Design, *, are_sizes_right: bool) -> list[str]:
    """Find looks that whole endpoints cannot tell, or hardly tell, from the one before, or from the end."""
    if not are_sizes_right or any(arm not in design.arms for arm in design.deciding_arms()):
        return []
    problems, before = [], None
    planned = sum(design.expected_endpoints()[arm] for arm in design.deciding_arms())
    fewest = max(1.0, CLOSEST_LOOKS * planned)
    for place, (share, target) in enumerate(zip(design.looks.information, design.look_endpoints(), strict=True)):
        told = f"looks.information.{place}: {share:g} is {target} observed endpoints"
        if 0 < share < 1 and target >= planned:
            problems.append(f"{told}, all of the {planned:.4g} that are planned; fewer; look earlier")
        # looks in the wrong order are told elsewhere
        if before is not None and 0 <= target - before <= fewest:
            expected = f"more than {fewest:g} later"
            problems.append(f"{told}, after a look at {before}; {expected}; leave out one of the two")
        before = target
    return problems

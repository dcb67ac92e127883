"""Whether direct and indirect evidence of a comparison agree: node splitting (Dias et al. 2010, doi:10.1002/sim.3767).

For each comparison, studies that hold both treatments estimate an effect of their own; the others estimate the indirect
one. A comparison can be split where the network still joins both treatments without those studies (van Valkenhoef et
al. 2016), so that direct and indirect evidence are independent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sciatrial.foundation import EvidenceError, Problem, Progress, silent
from sciatrial.synthesis.arm_tables import Arms, arms_of, islands
from sciatrial.synthesis.course_models import TimeCourseModel, TimeCoursePriors
from sciatrial.synthesis.course_sampling import sample_courses
from sciatrial.synthesis.courses import basis
from sciatrial.synthesis.network import NetworkPriors, sample_design
from sciatrial.synthesis.network_design import Effects, design_of, split_column
from sciatrial.synthesis.sampling import Diagnostics, Draws, Sampler, one_dim


@dataclass(frozen=True, repr=False)
class NodeSplits:
    """Direct against indirect evidence.

    Attributes
    ----------
    splits
        One row for each comparison: `treatment`, `comparator`; median and 95 % interval of `direct`, `indirect` and
        `difference` (columns with the suffixes `_low` and `_high`), `p_value` (twice the smaller posterior probability
        of a difference on one side of 0) and `converged`.
    diagnostics
        Of each row's fit.
    """

    splits: pd.DataFrame
    diagnostics: tuple[Diagnostics, ...]

    @property
    def converged(self) -> bool:
        """Whether every row can be believed."""
        return all(found.converged for found in self.diagnostics)

    def table(self) -> str:
        """Return the splits as text; the first line says whether all of them can be believed."""
        bad = [
            f"{row['treatment']} vs {row['comparator']}: {found.headline().removeprefix('NOT CONVERGED: ')}"
            for row, found in zip(self.splits.to_dict("records"), self.diagnostics, strict=True)
            if not found.converged
        ]
        first = "NOT CONVERGED: " + " ".join(bad) if bad else f"Converged: all {len(self.splits)} splits"
        return "\n".join([first, self.splits.to_string(index=False, float_format="%.3f")])

    def __repr__(self) -> str:
        return self.table()


def splittable(arms: pd.DataFrame, *, reference: str) -> list[tuple[str, str]]:
    """Return comparisons that have direct evidence and independent indirect evidence, as (treatment, comparator)."""
    within = ("months",) if "months" in arms.columns else ()
    return _splittable(arms_of(arms, reference=reference, within=within))


def split_nodes(
    arms: pd.DataFrame,
    *,
    reference: str,
    sampler: Sampler,
    effects: Effects = Effects.RANDOM,
    comparisons: Sequence[tuple[str, str]] | None = None,
    priors: NetworkPriors | None = None,
    progress: Progress = silent,
) -> NodeSplits:
    """Split comparisons of a network of arms, all that can be if none are given; arguments as in `fit_network`.

    Raises
    ------
    EvidenceError
        As `fit_network`, and when a comparison cannot be split.
    """
    network = arms_of(arms, reference=reference)
    chosen, samplers, priors = _chosen(network, comparisons), {}, priors or NetworkPriors()
    rows, found = [], []
    for pair in chosen:
        design = design_of(network, split=pair)
        draws = sample_design(network, design, effects, priors, sampler, progress, samplers)
        effect = one_dim(draws.values["effect"])
        whole = np.concatenate([np.zeros((len(effect), 1)), effect], axis=1)
        rows.append(_row(network, pair, whole[:, :-1], effect[:, -1], draws))
        found.append(draws.diagnostics)
    return NodeSplits(pd.DataFrame(rows), tuple(found))


def split_courses(
    arms: pd.DataFrame,
    *,
    reference: str,
    model: TimeCourseModel,
    month: float,
    sampler: Sampler,
    comparisons: Sequence[tuple[str, str]] | None = None,
    priors: TimeCoursePriors | None = None,
    progress: Progress = silent,
) -> NodeSplits:
    """Split comparisons of courses over time; direct and indirect effects are told at one month.

    Arguments as in `fit_time_course`; every coefficient of the comparison's course is split at once.

    Raises
    ------
    EvidenceError
        As `fit_time_course`, and when a comparison cannot be split.
    """
    network = arms_of(arms, reference=reference, within=("months",), subject="time course")
    chosen, samplers, priors = _chosen(network, comparisons), {}, priors or TimeCoursePriors()
    last, n_course = float(network.frame["months"].max()), len(model.shape.coefficients)
    rows, found = [], []
    for pair in chosen:
        extra = split_column(network, *pair)
        draws = sample_courses(network, model, priors, sampler, extra=extra, progress=progress, samplers=samplers)
        coefficients = one_dim(draws.values["coefficient"]).reshape(-1, len(network.treatments), n_course)
        name = model.shape.parameter
        parameter = one_dim(draws.values[name]) if name else 1.0
        functions = basis(model.shape, np.full(len(coefficients), float(month)), parameter, last)
        effect = np.einsum("dtc,dc->dt", coefficients, functions)
        whole = np.concatenate([np.zeros((len(effect), 1)), effect[:, :-1]], axis=1)
        rows.append(_row(network, pair, whole, effect[:, -1], draws))
        found.append(draws.diagnostics)
    return NodeSplits(pd.DataFrame(rows), tuple(found))


def _splittable(network: Arms) -> list[tuple[str, str]]:
    members = network.frame.groupby("study")["treatment"].agg(set)
    pairs = {(a, b) for found in members for a in found for b in found if _before(network, b, a)}
    return [
        pair for pair in sorted(pairs, key=lambda p: tuple(map(network.treatments.index, p))) if _joined(network, pair)
    ]


def _before(network: Arms, first: str, second: str) -> bool:
    return network.treatments.index(first) < network.treatments.index(second)


def _joined(network: Arms, pair: tuple[str, str]) -> bool:
    """Whether studies that do not hold both treatments still join them."""
    both = network.frame.groupby("study")["treatment"].transform(lambda names: set(pair) <= set(names)).astype(bool)
    rest = network.frame[~both]
    return any(set(pair) <= set(nodes) for nodes, _ in islands(rest["study"], rest["treatment"]))


def _chosen(network: Arms, comparisons: Sequence[tuple[str, str]] | None) -> list[tuple[str, str]]:
    known = _splittable(network)
    if comparisons is None:
        if not known:
            what = Problem("network", "has no comparison with independent indirect evidence", "a closed loop")
            raise EvidenceError("node splitting", [what])
        return known
    wrong = [
        Problem(
            f"{a} vs {b}", "cannot be split", "a comparison with direct and with independent indirect evidence",
            "choose one of " + "; ".join(" vs ".join(pair) for pair in known) if known else "",
        )
        for a, b in comparisons
        if (a, b) not in known and (b, a) not in known
    ]  # fmt: skip
    if wrong:
        raise EvidenceError("node splitting", wrong)
    return list(comparisons)


def _row(
    network: Arms, pair: tuple[str, str], effect: NDArray[np.float64], difference: NDArray[np.float64], draws: Draws
) -> dict[str, Any]:
    first, second = (network.treatments.index(name) for name in pair)
    indirect = effect[:, first] - effect[:, second]
    row: dict[str, Any] = {"treatment": pair[0], "comparator": pair[1]}
    for name, values in (("direct", indirect + difference), ("indirect", indirect), ("difference", difference)):
        row[f"{name}_low"], row[name], row[f"{name}_high"] = np.quantile(values, [0.025, 0.5, 0.975])
    above = float((difference > 0).mean())
    return {**row, "p_value": 2 * min(above, 1 - above), "converged": draws.diagnostics.converged}

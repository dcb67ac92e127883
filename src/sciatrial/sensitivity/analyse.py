"""Morris's elementary effects of everything, then Sobol's variance shares of what matters.

Source
------
Morris, Factorial sampling plans for preliminary computational experiments, Technometrics 1991; Campolongo et al., An
effective screening design for sensitivity analysis of large models, Environmental Modelling and Software 2007; Saltelli
et al., Variance based sensitivity analysis of model output, Computer Physics Communications 2010. Computed by SALib.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sciatrial.foundation import Problem, Progress, TrialError, how_to_install, months_problem, silent
from sciatrial.model import Model
from sciatrial.parameters import Prior
from sciatrial.sensitivity.inputs import Input, uncertain_inputs
from sciatrial.sensitivity.response import Setting, responses
from sciatrial.sensitivity.results import Sensitivity

if TYPE_CHECKING:
    import pandas as pd

_LEVELS = 4
_Response = Callable[[Sequence[Input], NDArray[np.float64]], NDArray[np.float64]]


def analyse_sensitivity(
    model: Model,
    prior: Prior,
    setting: Setting,
    *,
    trajectories: int = 10,
    n_shares: int = 12,
    base_points: int = 64,
    keep: Path | None = None,
    threads: int | None = None,
    progress: Progress = silent,
) -> Sensitivity:
    """Find which uncertain numbers matter for which outcome, when.

    Parameters
    ----------
    model, prior, setting
        What is simulated.
    trajectories
        Morris trajectories, 2 or more; each takes one point more than there are inputs.
    n_shares
        How many of the most influential inputs get variance shares, 2 or more; 0 for none.
    base_points
        Sobol base points, a power of 2; the shares take ``base_points × (n_shares + 2)`` points.
    keep
        Folder for finished parts, made when the first is kept; the same call goes on where it was interrupted.

    Returns
    -------
    Sensitivity
        With 95 % intervals, which tell whether the numbers of points were enough.

    Raises
    ------
    TrialError
        When SALib is missing, or a number is out of range; before anything is simulated or written.
    """
    _library()
    _refuse(trajectories, n_shares, base_points, setting)

    def response(inputs: Sequence[Input], points: NDArray[np.float64]) -> NDArray[np.float64]:
        return responses(model, prior, setting, inputs, points, keep=keep, threads=threads, progress=progress)

    inputs = uncertain_inputs(model, prior, causes=setting.cohort.causes, protocol=setting.protocol)
    effects, n_effects = elementary_effects(inputs, response, setting.columns, trajectories, setting.seed)
    modules, n_modules = module_effects(inputs, response, setting.columns, trajectories, setting.seed)
    chosen = most_influential(effects, inputs, n_shares)
    shares, n_points = variance_shares(chosen, response, setting.columns, base_points, setting.seed)
    return Sensitivity(
        cohort=setting.cohort.name,
        arm=setting.arm,
        control=str(setting.control.intervention),
        study=setting.study,
        seed=setting.seed,
        n_patients=setting.n_patients,
        inclusion_probability=setting.inclusion_probability,
        trajectories=trajectories,
        base_points=base_points,
        n_points=n_effects + n_modules + n_points,
        effects=effects,
        modules=modules,
        shares=shares,
    )


def _library() -> None:
    try:
        import SALib  # noqa: F401
    except ImportError as error:
        problem = Problem("SALib", "is not installed", "the libraries that sciatrial needs", how_to_install())
        raise TrialError("sensitivity", problem) from error


def _refuse(trajectories: int, n_shares: int, base_points: int, setting: Setting) -> None:
    problems = []
    if trajectories < 2:
        problems.append(Problem("trajectories", f"is {trajectories}", "2 or more"))
    if n_shares == 1 or n_shares < 0:
        problems.append(Problem("n_shares", f"is {n_shares}", "2 or more, or 0"))
    if base_points < 2 or base_points & (base_points - 1):
        problems.append(Problem("base_points", f"is {base_points}", "a power of 2"))
    wrong_months = months_problem("months", setting.months)
    if wrong_months is not None:
        problems.append(wrong_months)
    elif list(setting.months) != sorted(set(setting.months)):
        problems.append(Problem("months", f"is {list(setting.months)}", "each month once, in increasing order"))
    if setting.n_patients < 2:
        problems.append(Problem("n_patients", f"is {setting.n_patients}", "2 or more"))
    if problems:
        raise TrialError("sensitivity", problems)


def _problem(names: Sequence[str], groups: Sequence[str] | None = None) -> dict[str, Any]:
    problem: dict[str, Any] = {"num_vars": len(names), "names": list(names), "bounds": [[0.0, 1.0]] * len(names)}
    return problem if groups is None else problem | {"groups": list(groups)}


def elementary_effects(
    inputs: Sequence[Input],
    response: _Response,
    columns: Sequence[tuple[str, str, float]],
    trajectories: int,
    seed: int,
) -> tuple[pd.DataFrame, int]:
    """Return Morris's measures of every input in every column, and how many points they took."""
    from SALib.analyze import morris as analyse
    from SALib.sample import morris as sample

    problem = _problem([item.key for item in inputs])
    points = sample.sample(problem, trajectories, num_levels=_LEVELS, seed=seed)
    values = response(inputs, points)
    modules = {item.key: item.module for item in inputs}

    def measured(column: NDArray) -> dict[str, Any]:
        return analyse.analyze(problem, points, column, num_levels=_LEVELS, seed=seed)

    return _told(columns, values, measured, "input", modules), len(points)


def module_effects(
    inputs: Sequence[Input],
    response: _Response,
    columns: Sequence[tuple[str, str, float]],
    trajectories: int,
    seed: int,
) -> tuple[pd.DataFrame, int]:
    """Return the size of the effect of moving all numbers of a module at once, and how many points it took."""
    from SALib.analyze import morris as analyse
    from SALib.sample import morris as sample

    # a number that several modules use belongs to the first of them
    groups = [item.module.partition(" + ")[0] for item in inputs]
    problem = _problem([item.key for item in inputs], groups)
    points = sample.sample(problem, trajectories, num_levels=_LEVELS, seed=seed + 1)
    values = response(inputs, points)

    def measured(column: NDArray) -> dict[str, Any]:
        return analyse.analyze(problem, points, column, num_levels=_LEVELS, seed=seed)

    return _told(columns, values, measured, "module", None), len(points)


def _told(
    columns: Sequence[tuple[str, str, float]],
    values: NDArray[np.float64],
    measured: Callable[[NDArray], dict[str, Any]],
    what: str,
    modules: dict[str, str] | None,
) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for place, (quantity, outcome, month) in enumerate(columns):
        found = measured(values[:, place])
        for index, name in enumerate(found["names"]):
            row = {"quantity": quantity, "outcome": outcome, "month": month, what: str(name)}
            if modules is not None:
                row["module"] = modules[str(name)]
            row |= {
                "mu_star": float(found["mu_star"][index]),
                "mu_star_ci": float(found["mu_star_conf"][index]),
            }
            if modules is not None:
                row["sigma"] = float(found["sigma"][index])
            rows.append(row)
    return pd.DataFrame(rows)


def most_influential(effects: pd.DataFrame, inputs: Sequence[Input], n: int) -> tuple[Input, ...]:
    """Return the inputs with the largest elementary effect in any column, measured against that column's largest."""
    if n == 0:
        return ()
    frame: Any = effects
    largest = frame.groupby(["quantity", "outcome", "month"])["mu_star"].transform("max")
    relative = (frame["mu_star"] / largest.where(largest > 0, 1.0)).groupby(frame["input"]).max()
    order = relative.sort_values(ascending=False, kind="stable").index[:n].tolist()
    by_key = {item.key: item for item in inputs}
    return tuple(by_key[key] for key in order)


def variance_shares(
    inputs: Sequence[Input],
    response: _Response,
    columns: Sequence[tuple[str, str, float]],
    base_points: int,
    seed: int,
) -> tuple[pd.DataFrame, int]:
    """Return Sobol's first-order and total shares of the variance, and how many points they took."""
    import pandas as pd

    names = ["quantity", "outcome", "month", "input", "first", "first_ci", "total", "total_ci"]
    if not inputs:
        return pd.DataFrame(columns=names), 0
    from SALib.analyze import sobol as analyse
    from SALib.sample import sobol as sample

    problem = _problem([item.key for item in inputs])
    points = sample.sample(problem, base_points, calc_second_order=False, seed=seed)
    values = response(inputs, points)
    rows = []
    for place, (quantity, outcome, month) in enumerate(columns):
        column = values[:, place]
        if np.ptp(column) == 0:
            continue  # nothing varies, so there is no variance to share
        found = analyse.analyze(problem, column, calc_second_order=False, seed=seed)
        rows.extend(
            [quantity, outcome, month, item.key, *(float(found[k][i]) for k in ("S1", "S1_conf", "ST", "ST_conf"))]
            for i, item in enumerate(inputs)
        )
    return pd.DataFrame(rows, columns=names), len(points)

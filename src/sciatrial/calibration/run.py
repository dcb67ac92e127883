"""The whole calibration: simulate, emulate, sample, look again where the posterior lies, and tell what was found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sciatrial.calibration import diagnose
from sciatrial.calibration.cells import CellDraws, cell_draws
from sciatrial.calibration.fit import Calibration, Settings, first_wave, reached, sharpened
from sciatrial.calibration.posterior import Posterior
from sciatrial.calibration.predictive import predict_numbers, unlikeness
from sciatrial.calibration.problem import Scales
from sciatrial.calibration.sampler import Chains, Sample
from sciatrial.calibration.space import TRIAL_SHIFTS, draws_at
from sciatrial.calibration.terms import PATIENT_SD
from sciatrial.evidence import Evidence
from sciatrial.foundation import Progress, derived_seed, fingerprint, silent
from sciatrial.parameters import Prior

N_DRAWS = 500
REFERENCE = "reference"
_VARIED_INCLUSION = 0.16  # four mechanisms of which none is there with probability a half


def _assumed(scales: Scales) -> list[str]:
    """Return what a fit takes for granted, in sentences."""
    return [
        "the prior of each number is a normal on its scale in the middle of its range, which holds 90 % of it",
        "each effect that may be absent is there with the prior probability that stands beside it",
        "pain that a trial does not name is leg pain, or back pain where the disc is the cause",
        "trials that print no baseline of the main pain enrol at the mean of those that do",
        "trials that print no duration of symptoms enrol around a usual one, with a shift of their own",
        "trials that say only from which duration on they let patients in enrol around three times that duration",
        "nobody enrols whose main pain is measured below 30 of 100",
        "sampling errors of an arm are correlated by 0.6 over visits of a score, by 0.4 over scores, and by 0.9 "
        "between two rules by which the same patients respond at one visit",
        f"a share of responders is as many points of a mean as move a normal crowd with an SD of {PATIENT_SD:g} "
        "past its rule",
        "what arms of cells show that nothing stands beside has a change of its own, "
        f"N(0, {scales.uncontrolled:g} points) early and late, and says nothing about cells in the reference fit",
        "what trials differ by is linear in their shifts and in the discrepancy's columns; numbers of one group of "
        f"studies lie about their means by a t with {scales.freedom:g} degrees of freedom",
    ]


@dataclass(frozen=True, repr=False)
class Fit:
    """A finished calibration with all that belongs to it.

    ``sample`` is the reference posterior, in which arms of cells without a control say nothing of cells,
    ``with_single_arms`` the sensitivity fit that lets them in, ``sceptical`` the one whose effects are rarer a priori.
    ``reached, influence, confounded, sensitivity`` and ``predictive`` are tables of `diagnose`; ``cells`` answers the
    questions about cells under each fit, and under the prior.
    """

    calibration: Calibration
    sample: Sample
    with_single_arms: Sample
    sceptical: Sample
    posterior: Posterior
    reached: pd.DataFrame
    influence: pd.DataFrame
    confounded: pd.DataFrame
    sensitivity: pd.DataFrame
    predictive: pd.DataFrame
    prior_predictive: pd.DataFrame
    cells: pd.DataFrame

    def __repr__(self) -> str:
        return repr(self.posterior)


def calibrate(
    evidence: Evidence,
    prior: Prior,
    *,
    settings: Settings | None = None,
    folder: Path | None = None,
    workers: int = 1,
    progress: Progress = silent,
) -> Fit:
    """Fit the model to published arms and facts.

    Parameters
    ----------
    evidence, prior
        Checked tables, and the prior table.
    settings
        How much work; None is a full calibration, `Settings.quick()` a look.
    folder
        Where finished runs of the simulator are kept, so that an interrupted calibration goes on.
    workers
        Processes; they change the time, not the numbers.
    progress
        Told of runs and chains; may ask to stop.

    Returns
    -------
    Fit
        A fit that did not converge says so: see ``posterior.checks``.

    Raises
    ------
    CalibrationError
        When NumPyro is missing, the folder belongs to another calibration, or too few runs succeeded.
    KeyboardInterrupt
        When `progress` asks to stop; finished runs are kept.
    """
    calibration = prepare_calibration(
        evidence, prior, settings=settings, folder=folder, workers=workers, progress=progress
    )
    return fitted(calibration, evidence, folder=folder, workers=workers, progress=progress)


def prepare_calibration(
    evidence: Evidence,
    prior: Prior,
    *,
    settings: Settings | None = None,
    folder: Path | None = None,
    workers: int = 1,
    progress: Progress = silent,
) -> Calibration:
    """Run the simulator over the prior and where a first posterior lies, and fit the emulator; as `calibrate`."""
    settings = settings or Settings()
    calibration = first_wave(evidence, prior, settings=settings, folder=folder, workers=workers, progress=progress)
    if settings.n_second:
        short = Chains(n_chains=2, n_warmup=400, n_draws=800)
        first = calibration.sample(workers=workers, progress=progress, label="first chains", chains=short)
        calibration = sharpened(calibration, first, folder=folder, workers=workers, progress=progress)
    return calibration


def fitted(
    calibration: Calibration,
    evidence: Evidence,
    *,
    folder: Path | None = None,
    workers: int = 1,
    progress: Progress = silent,
) -> Fit:
    """Sample the reference posterior and the two sensitivity fits, and tell what was found; as `calibrate`."""
    settings, problem, mask = calibration.settings, calibration.problem, calibration.mask
    how: dict[str, Any] = {"workers": workers, "progress": progress}
    shorter = replace(settings.chains, n_chains=min(settings.chains.n_chains, 2))
    sceptic = f"prior {_VARIED_INCLUSION:g}"
    samples = {
        REFERENCE: calibration.sample(label="chains", **how),
        "single arms let in": calibration.sample(
            label="chains with single arms", chains=shorter, single_arms=True, **how
        ),
        sceptic: calibration.sample(label="sceptical chains", chains=shorter, inclusion=_VARIED_INCLUSION, **how),
    }  # fmt: skip
    sample = samples[REFERENCE]
    samples["prior"] = prior_sample(calibration, sample)
    cells = {
        name: cell_draws(
            calibration, one, n_draws=settings.n_draws if name == REFERENCE else settings.n_draws // 3,
            mask=None if name == "prior" else mask, single_arms=name == "single arms let in", folder=folder,
            label=f"cells at draws: {name}", **how,
        )
        for name, one in samples.items()
    }  # fmt: skip
    told = diagnose.convergence(problem, sample)
    parameters = diagnose.parameter_table(problem, sample)
    checks = diagnose.checks(calibration, sample, told, cells[REFERENCE])
    answers = [one.answers().assign(fit=name, pareto_k=one.pareto_k) for name, one in cells.items()]
    return Fit(
        calibration, sample, samples["single arms let in"], samples[sceptic],
        _posterior(calibration, sample, cells[REFERENCE], parameters, checks, evidence), reached(calibration),
        diagnose.influence(problem, sample, mask), diagnose.confounded_pairs(problem, sample),
        diagnose.power_scaled(problem, sample, parameters), _predictive(calibration, sample),
        _predictive(calibration, samples["prior"]), pd.concat(answers, ignore_index=True),
    )  # fmt: skip


def prior_sample(calibration: Calibration, like: Sample) -> Sample:
    """Return draws of the prior in the shape of a posterior's."""
    problem, scales = calibration.problem, calibration.problem.scales
    rng = np.random.default_rng(derived_seed(calibration.settings.seed, "prior sample"))
    columns = np.array([scales.of_column(kind) for kind in problem.columns.kinds])
    width = scales.of_spreads
    return replace(
        like,
        z=rng.standard_normal(like.z.shape),
        present=rng.random(like.present.shape) < calibration.settings.inclusion_probability,
        discrepancy=rng.standard_normal(like.discrepancy.shape) * columns,
        spreads=np.abs(rng.standard_normal(like.spreads.shape)) * width,
        shift_sds=scales.shift * np.abs(rng.standard_normal(like.shift_sds.shape)),
    )


def _posterior(
    calibration: Calibration,
    sample: Sample,
    cells: CellDraws,
    parameters: pd.DataFrame,
    checks: pd.DataFrame,
    evidence: Evidence,
) -> Posterior:
    """Keep draws as often as the simulator's own differences of cells say; a draw may come more than once.

    Each has the shifts of a new trial, from the t of the likelihood.
    """
    problem, space, settings = calibration.problem, calibration.space, calibration.settings
    rng = np.random.default_rng(derived_seed(settings.seed, "a new trial's shifts"))
    keep = cells.kept[cells.resampled(min(N_DRAWS, len(cells.kept)), derived_seed(settings.seed, "draws that ship"))]
    z, present, shift_sds = (sample.flat(name)[keep].copy() for name in ("z", "present", "shift_sds"))
    names = [name for name, is_shift in zip(space.inputs, space.is_shift, strict=True) if is_shift]
    wider = unlikeness(rng, problem.scales.freedom, (len(keep),))  # as every trial's numbers are in the likelihood
    for key in TRIAL_SHIFTS:
        if key in space.keys:
            z[:, space.keys.index(key)] = wider * shift_sds[:, names.index(key)] * rng.standard_normal(len(keep))
    draws = draws_at(space, z, present)
    effects = diagnose.effect_table(problem, sample, cells, settings.inclusion_probability)
    return Posterior(
        keys=draws.keys, scales=draws.scales, values=draws.values, sds=draws.sds, groups=draws.groups,
        included=draws.included, coordinate_keys=space.keys, coordinates=z, columns=problem.columns.names,
        discrepancy=sample.flat("discrepancy")[keep], spreads=sample.flat("spreads")[keep], shift_sds=shift_sds,
        freedom=problem.scales.freedom, parameters=parameters, effects=effects,
        no_cell_effect=(cells.no_effect, cells.error(cells.no_effect)), checks=checks,
        made_with=_made_with(calibration, evidence),
    )  # fmt: skip


def _made_with(calibration: Calibration, evidence: Evidence) -> Mapping[str, Any]:
    rows: Any = calibration.terms.rows
    settings = {name: value for name, value in asdict(calibration.settings).items() if not isinstance(value, dict)}
    return {
        "evidence": evidence.fingerprint(),
        "prior table": fingerprint(calibration.space.prior.rows.astype(str)),
        "runs": calibration.runs_fingerprint,
        "numbers of trials": len(rows),
        "studies": int(rows["study_id"].nunique()),
        "facts": len(calibration.facts.rows),
        "numbers of cell arms without a control, which say nothing of cells": int(calibration.is_alone.sum()),
        **settings,
        "assumptions": _assumed(calibration.problem.scales),
    }


def _predictive(calibration: Calibration, sample: Sample) -> pd.DataFrame:
    """Return predictions of every number by a posterior (or prior): ``observed, mean, p05 … p95, from_discrepancy``."""
    problem = calibration.problem
    rows: Any = calibration.terms.rows
    place = np.arange(len(problem.observed))
    made = predict_numbers(
        problem, sample, place, seed=derived_seed(calibration.settings.seed, "predictive"), most_draws=400
    )
    told = rows[["study_id", "arm_id", "cause", "score", "rule", "kind", "month", "intervention", "is_cells", "n"]]
    facts = calibration.facts.rows
    more = pd.DataFrame({"study_id": facts["fact"], "arm_id": "", "cause": facts["cause"], "kind": "fact"})
    table: Any = pd.concat([told, more], ignore_index=True)
    table["observed"] = np.concatenate([rows["observed"], facts["observed"]]).astype(float)
    table["mean"] = made.mean.mean(axis=0)
    for share in (0.05, 0.25, 0.5, 0.75, 0.95):
        table[f"p{round(100 * share):02d}"] = np.quantile(made.drawn, share, axis=0)
    table["from_discrepancy"] = made.discrepancy.mean(axis=0)
    table["is_alone"] = calibration.is_alone
    return table

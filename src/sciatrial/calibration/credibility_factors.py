"""The thirteen credibility factors of V&V 40: gradations, and the level that the numbers at hand reach.

V&V 40 leaves gradations to whoever assesses. Those here climb from a (not done) to e, each step on top of the ones
below, and every step is a condition on a number, so that nobody's opinion of the model is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from sciatrial.calibration.applicability import Verdict, compared, coverage_words, n_scored, scored
from sciatrial.calibration.blind_scores import BlindValidation
from sciatrial.calibration.numerical_checks import TIGHT, TOLERANCE, Known
from sciatrial.calibration.posterior import Posterior
from sciatrial.calibration.questions import QUESTIONS
from sciatrial.calibration.scores import FEWEST_STUDIES, What
from sciatrial.calibration.self_check import JointTest
from sciatrial.calibration.validation import Validation
from sciatrial.foundation import Cause
from sciatrial.population import PopulationComparison

LEVELS = "abcde"
NOT_DONE = "not done"
LEFT_OUT, BLIND = "studies left out of the fit", "studies predicted blind"
MANY_STUDIES = 20
SMALLEST_P = 0.01
FEWEST_REPLICATES = 100
_EXACT_ERROR, _SMALL_POINTS = 1e-3, 0.1
_STEP_POINTS = (5.0, 1.0, 0.1)  # a half, a tenth and a hundredth of a difference that matters
_HARD_SHARES = (0.25, 0.10, 0.02)
_WELL_EXPLAINED = 0.9
_CHAIN_CHECKS = ("R-hat", "effective sample", "divergences", "E-BFMI")
_EXPLAINED = "variance that the emulator explains, median"
_HARD_CHECKS = ("arms of fewer than", "arms whose baseline is")


@dataclass(frozen=True)
class Factor:
    """One factor: where V&V 40 puts it, and what its levels b to e ask for; a is "not done" throughout."""

    name: str
    activity: str
    steps: tuple[str, ...]


_NOBODY = "repeated by somebody independent (nothing here can show that)"
FACTORS = (
    Factor("software quality assurance", "verification: code", (
        "version, tables, prior and seed stand on the record",
        "these tables and this prior are the very ones of the fit",
        "the same patients simulated twice give the same numbers to the last bit",
        f"audited, and {_NOBODY}",
    )),
    Factor("numerical code verification", "verification: code", (
        f"an exact solution is met within {_EXACT_ERROR:g} of the dose",
        f"two ways to compute, and cells without effect against their carrier, agree within {_SMALL_POINTS:g} points",
        f"simulation-based calibration, {FEWEST_REPLICATES} replicates or more, does not reject the sampler "
        f"(p > {SMALLEST_P:g})",
        f"another program, {_NOBODY}",
    )),
    Factor("discretisation error", "verification: calculation", (
        "the error of the steps in time is measured",
        *(f"the largest error of any score of anybody is below {points:g} points of 100" for points in _STEP_POINTS),
    )),
    Factor("numerical solver error", "verification: calculation", (
        "sampler and emulator are checked",
        f"the chains hold ({', '.join(_CHAIN_CHECKS)})",
        "every check of the fit holds",
        f"the emulator explains {100 * _WELL_EXPLAINED:.0f} % of the variance or more (median)",
    )),
    Factor("use error", "verification: calculation", (
        "seed and settings stand on the record",
        "what was validated rests on the runs, tables and prior of this fit",
        "what was validated carries the fingerprint of this very posterior",
        _NOBODY,
    )),
    Factor("model form", "validation: model", (
        "assumptions are listed",
        "the form is compared with simpler ones on studies that it never saw",
        "for arms it is worse than none of them",
        "for arms and for contrasts with a control it is better than each",
    )),
    Factor("model inputs", "validation: model", (
        "every number that varies has a range from before the fit",
        "and one from after it, by chains that hold",
        "it is known how far the learned numbers move with prior and data",
        "none of them is pulled apart by prior and data, and none lies at the edge of its range",
    )),
    Factor("test samples", "validation: comparator", (
        "a study was predicted that the fit never saw",
        f"{FEWEST_STUDIES} studies were",
        f"{FEWEST_STUDIES} trials of cells with a control were",
        f"{MANY_STUDIES} trials of cells with a control were",
    )),
    Factor("test conditions", "validation: comparator", (
        "a study was predicted that the fit never saw",
        f"{FEWEST_STUDIES} studies of each of two causes were",
        f"every question about cells has {FEWEST_STUDIES} such trials with a control",
        f"every cause of the model has {FEWEST_STUDIES} studies",
    )),
    Factor("equivalency of input parameters", "validation: assessment", (
        "virtual patients are enrolled as each study describes its own",
        *(f"arms that they hardly make up, or do not reach, are {100 * share:.0f} % or fewer"
          for share in _HARD_SHARES),
    )),
    Factor("output comparison", "validation: assessment", (
        "predictions and printed numbers are compared",
        "the 95 % interval (over studies) of how often 90 % intervals hold the printed number of an arm holds 90 %",
        "the error for arms is worse than no baseline's",
        "both hold for contrasts with a control and for contrasts of cells too",
    )),
    Factor("relevance of the quantities of interest", "applicability", (
        f"scores of arms were predicted for {FEWEST_STUDIES} studies",
        f"differences from an untreated control were, for {FEWEST_STUDIES}",
        f"differences between cells and a control were, for {FEWEST_STUDIES}",
        f"the same for each question about cells, {FEWEST_STUDIES} each",
    )),
    Factor("relevance of the validation activities to the context of use", "applicability", (
        "one domain is tested, whether it misses or not",
        "one domain is tested and does not miss",
        "every question about cells is tested and does not miss",
        "studies were predicted blind, before anybody knew what they found",
    )),
)  # fmt: skip


@dataclass(frozen=True)
class Records:
    """What there is to go by.

    ``is_as_fitted`` tells whether tables and prior at hand are those of the fit; ``applicability`` as `applicability`
    gives it, ``checks`` as `numerical_checks`, ``sensitivity`` as ``Fit.sensitivity``; ``population`` are its patients
    beside published ones.
    """

    posterior: Posterior
    validation: Validation | None
    blind: BlindValidation | None
    checks: pd.DataFrame
    self_check: JointTest | None
    sensitivity: pd.DataFrame | None
    is_as_fitted: bool
    applicability: pd.DataFrame
    population: PopulationComparison | None = None

    @property
    def validations(self) -> Mapping[str, Validation]:
        """What was predicted unseen, by how; predictions of studies that were known are no validation."""
        found: dict[str, Validation] = {}
        if self.validation is not None and len(self.validation.predictions):
            found[LEFT_OUT] = self.validation
        if self.blind is not None and len(self.blind.predictions) and not self.blind.made_with.get("known"):
            found[BLIND] = self.blind.validation
        return MappingProxyType(found)

    def largest(self, stratum: str, what: str) -> int:
        """Return how many studies were predicted unseen, by whichever way has more."""
        return max((n_scored(one, stratum, what) for one in self.validations.values()), default=0)

    def error(self, known: Known) -> float:
        """Return a numerical error; NaN where it was not computed."""
        found = self.checks.loc[(self.checks["check"] == known).to_numpy(dtype=bool), "found"]
        return float(found.iloc[0]) if len(found) else np.nan


Found = tuple[str, str]


def level_of(*steps: bool) -> str:
    """Return the level reached: a, and one further for every step that holds, up to the first that does not."""
    held = next((place for place, step in enumerate(steps) if not step), len(steps))
    return LEVELS[held]


def factors_of(records: Records) -> dict[str, Found]:
    """Return level and evidence of each factor."""
    made = (
        _software(records), _code(records), _steps(records), _solver(records), _use(records), _form(records),
        _inputs(records), _samples(records), _conditions(records), _equivalency(records), _outputs(records),
        _quantities(records), _activities(records),
    )  # fmt: skip
    return {factor.name: (level, _capital(told)) for factor, (level, told) in zip(FACTORS, made, strict=True)}


def _software(records: Records) -> Found:
    made = records.posterior.made_with
    stamped = all(name in made for name in ("evidence", "prior table", "seed"))
    again = records.error(Known.SAME)
    same = "are" if records.is_as_fitted else "are NOT"
    told = (
        f"version {version('sciatrial')}; evidence {made.get('evidence', 'unknown')}, prior table "
        f"{made.get('prior table', 'unknown')}; tables and prior at hand {same} those of the fit; simulated twice: "
        f"differs by {_points(again)}"
    )
    return level_of(stamped, records.is_as_fitted, again == 0, False), told


def _code(records: Records) -> Found:
    exact = records.error(Known.EXACT)
    apart, carrier = records.error(Known.PROCESSORS), records.error(Known.CARRIER)
    test = records.self_check
    passes = test is not None and test.n_replicates >= FEWEST_REPLICATES and test.p_value > SMALLEST_P
    calibrated = (
        f"{NOT_DONE} here: simulation-based calibration is in the tests of the package" if test is None else
        f"simulation-based calibration: p = {test.p_value:.3g} in {test.n_replicates} replicates"
    )  # fmt: skip
    told = (
        f"exact solution: off by {exact:.1g} of the dose; two ways to compute differ by {_points(apart)}; cells "
        f"without effect differ from their carrier by {_points(carrier)}; {calibrated}"
    )
    agree = apart <= _SMALL_POINTS and carrier <= _SMALL_POINTS
    return level_of(exact <= _EXACT_ERROR, agree, passes, False), told


def _steps(records: Records) -> Found:
    error = records.error(Known.STEPS)
    if not np.isfinite(error):
        return "a", NOT_DONE
    n = records.checks.loc[(records.checks["check"] == Known.STEPS).to_numpy(dtype=bool), "n"].iloc[0]
    told = (
        f"largest difference of any score at tolerance {TOLERANCE:g}, which calibrations use, from tolerance "
        f"{TIGHT:g}: {_points(error)}, in {n} patients"
    )
    return level_of(True, *(error < most for most in _STEP_POINTS)), told


def _solver(records: Records) -> Found:
    checks = records.posterior.checks
    if not len(checks):
        return "a", NOT_DONE
    explained = _first_number(checks, _EXPLAINED)
    failed: Any = checks.loc[~checks["holds"].astype(bool)]
    told = "; ".join(f"{row['check']}: {row.get('found', '')}" for row in checks.to_dict("records"))
    told += f". Fails: {', '.join(failed['check'])}" if len(failed) else ". Every check holds"
    return level_of(True, _chains_hold(records), not len(failed), explained >= _WELL_EXPLAINED), told


def _chains_hold(records: Records) -> bool:
    checks = records.posterior.checks
    chains = checks[np.isin(checks["check"].to_numpy(dtype=str), _CHAIN_CHECKS)]
    return len(chains) > 0 and bool(chains["holds"].all())


def _same_fit(made: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two records rest on the same runs of the simulator, tables and prior, each told."""
    return all(name in made and made[name] == other.get(name) for name in ("runs", "evidence", "prior table"))


def _use(records: Records) -> Found:
    made = records.posterior.made_with
    seed = made.get("seed")
    same_fit = records.validation is not None and _same_fit(made, records.validation.made_with)
    same_posterior = (
        records.blind is not None and records.blind.made_with.get("posterior") == records.posterior.fingerprint()
    )
    told = [f"seed {seed}, {len(made)} settings and fingerprints on the record"]
    told.append("studies left out: " + (NOT_DONE if records.validation is None else
                "same runs, tables and prior" if same_fit else "of ANOTHER fit"))  # fmt: skip
    told.append("studies predicted blind: " + (NOT_DONE if records.blind is None else
                "by this very posterior" if same_posterior else "by ANOTHER posterior"))  # fmt: skip
    return level_of(seed is not None, same_fit or same_posterior, same_posterior, False), _sentences(told)


def _form(records: Records) -> Found:
    assumed = list(records.posterior.made_with.get("assumptions", ()))
    told = [f"{len(assumed)} assumptions of the calibration"]
    if not records.validations:
        return level_of(bool(assumed), False), _sentences([*told, f"comparison with simpler forms: {NOT_DONE}"])
    arms, contrasts = [], []
    for how, one in records.validations.items():
        arms += compared(one, "all", What.ARMS)
        contrasts += compared(one, "all", What.VERSUS_CONTROL)
        told.append(f"{how}: {_discrepancy_words(one.predictions)}")
        told.append(f"arms: {_comparison_words(one, What.ARMS)}")
    is_best = bool(contrasts) and all(one.is_better for one in (*arms, *contrasts))
    return level_of(bool(assumed), bool(arms), not any(one.is_worse for one in arms), is_best), _sentences(told)


def _discrepancy_words(predictions: pd.DataFrame) -> str:
    moved = predictions.loc[(predictions["kind"] != "sd").to_numpy(dtype=bool), "from_discrepancy"]
    middle = np.nanmedian(np.abs(moved.to_numpy(dtype=float))) if len(moved) else np.nan
    return f"what no mechanism gives moves a prediction by {middle:.1f} (median)"


def _comparison_words(validation: Validation, what: str) -> str:
    error = scored(validation, "all", what, "crps")
    told = [one.in_words() for one in compared(validation, "all", what)]
    return f"error (CRPS) {error:.2f}: {'; '.join(told)}" if told else "nothing to compare"


def _inputs(records: Records) -> Found:
    table, sensitivity = records.posterior.parameters, records.sensitivity
    if not len(table):
        return "a", NOT_DONE
    before, after = (
        bool(np.isfinite(table[f"{when}_50"].to_numpy(dtype=float)).all()) for when in ("prior", "posterior")
    )
    little = int(np.sum(~(table["contraction"].to_numpy(dtype=float) >= _LEARNED)))
    edge = table.loc[table["is_at_edge"].astype(bool), "key"].tolist()
    told = [f"{len(table)} numbers vary; of {little} the data say next to nothing (contraction under {_LEARNED:g})"]
    told.append(f"at the edge of their range: {_listed(edge)}")
    apart: list[str] = []
    if sensitivity is None:
        told.append(f"sensitivity to prior and data: {NOT_DONE} here")
    else:
        apart = sensitivity.loc[sensitivity["verdict"] == "prior and data disagree", "key"].tolist()
        told.append(f"of {len(sensitivity)} learned numbers prior and data pull apart: {_listed(apart)}")
    steps = (len(table) > 0 and before, after and _chains_hold(records), sensitivity is not None)
    return level_of(*steps, not apart and not edge), _sentences(told)


_LEARNED = 0.1
_NAMED = 4


def _samples(records: Records) -> Found:
    if not records.validations:
        return "a", f"{NOT_DONE}: no study was predicted unseen"
    n, n_cells = records.largest("all", What.ARMS), records.largest("all", What.CELLS)
    told = []
    for how, one in records.validations.items():
        most: Any = one.predictions.groupby(["study_id", "arm_id"])["n"].max()
        patients = float(most.sum())
        told.append(
            f"{how}: {len(one.predictions)} numbers of {one.predictions['study_id'].nunique()} studies, some "
            f"{patients:.0f} patients; trials of cells with a control: {n_scored(one, 'all', What.CELLS)}"
        )
    return level_of(n > 0, n >= FEWEST_STUDIES, n_cells >= FEWEST_STUDIES, n_cells >= MANY_STUDIES), _sentences(told)


def _conditions(records: Records) -> Found:
    if not records.validations:
        return "a", NOT_DONE
    seen = pd.concat([one.predictions[["study_id", "cause"]] for one in records.validations.values()])
    by_cause: Any = seen.groupby("cause")["study_id"].nunique()
    count = {str(cause): int(by_cause.get(str(cause), 0)) for cause in Cause}
    asked = {name: _n_of_question(records, name) for name in QUESTIONS}
    enough = [n >= FEWEST_STUDIES for n in count.values()]
    told = [", ".join(f"{cause} {n}" for cause, n in count.items()) + " studies"]
    told += [f"{name}: trials with a control {n}" for name, n in asked.items()]
    all_asked = all(n >= FEWEST_STUDIES for n in asked.values())
    return level_of(True, sum(enough) >= 2, all_asked, all(enough)), _sentences(told)


def _n_of_question(records: Records, name: str) -> int:
    return records.largest(str(QUESTIONS[name].cause), What.CELLS)


def _equivalency(records: Records) -> Found:
    if not records.validations:
        return "a", _sentences([NOT_DONE, _DOOR + door_words(records.population)])
    shares, told = [], []
    checks: Any = records.posterior.checks
    for start in _HARD_CHECKS:
        for row in checks[checks["check"].str.startswith(start)].to_dict("records"):
            hard, n = (int(word) for word in str(row["found"]).split(" of "))
            shares.append(hard / max(n, 1))
            told.append(f"{row['check']}: {row['found']}")
    share = sum(shares) if shares else np.nan
    if BLIND in records.validations and records.blind is not None and len(records.blind.arms):
        hard = int(np.sum(records.blind.arms["verdict"].to_numpy(dtype=str) != "good"))
        share = np.nanmax([share, hard / len(records.blind.arms)])
        told.append(f"hard or out of reach among arms predicted blind: {hard} of {len(records.blind.arms)}")
    told = [*(told or ["arms were not counted"]), _DOOR + door_words(records.population)]
    return level_of(True, *(share <= most for most in _HARD_SHARES)), _sentences(told)


_DOOR = "patients at the door: "


def door_words(population: PopulationComparison | None) -> str:
    """Return how far patients at the door look like published ones; it raises no level."""
    if population is None:
        return f"comparison with published ones {NOT_DONE}"
    row = population.counts().to_dict("records")[-1]
    return (
        f"{row['met_equal']} of {row['numbers']} published numbers within the stated distance as "
        f"they come, {row['met']} with weights; of the {row['held_back']} held back from the weights, "
        f"{row['held_back_met']}; {len(population.left_out)} facts are not comparable"
    )


def _outputs(records: Records) -> Found:
    if not records.validations:
        return "a", f"{NOT_DONE}: no validation"
    found = [(how, *_outputs_of(one)) for how, one in records.validations.items()]
    return min(level for _, level, _ in found), _sentences(f"{how}, {told}" for how, _, told in found)


def _outputs_of(validation: Validation) -> Found:
    """Return level and evidence of one validation; the lowest counts."""
    holds, worse, told = {}, {}, []
    for what in (What.ARMS, What.VERSUS_CONTROL, What.CELLS):
        n = n_scored(validation, "all", what)
        if n < FEWEST_STUDIES:
            holds[what], worse[what] = False, True
            told.append(f"{what}: untested, {n} studies")
            continue
        holds[what], coverage = coverage_words(validation, "all", what)
        worse[what] = any(one.is_worse for one in compared(validation, "all", what))
        told.append(f"{what}: {coverage}; {_comparison_words(validation, what)}")
    others = [holds[what] and not worse[what] for what in (What.VERSUS_CONTROL, What.CELLS)]
    return level_of(True, holds[What.ARMS], not worse[What.ARMS], all(others)), ". ".join(
        _capital(text) if place else text for place, text in enumerate(told)
    )


def _quantities(records: Records) -> Found:
    if not records.validations:
        return "a", NOT_DONE
    n = {what: records.largest("all", what) for what in (What.ARMS, What.VERSUS_CONTROL, What.CELLS)}
    asked = {name: _n_of_question(records, name) for name in QUESTIONS}
    told = [f"{what}: {count} studies" for what, count in n.items()] + [f"{name}: {k}" for name, k in asked.items()]
    steps = [*(count >= FEWEST_STUDIES for count in n.values()), all(k >= FEWEST_STUDIES for k in asked.values())]
    return level_of(*steps), _sentences(told)


def _activities(records: Records) -> Found:
    if not records.validations:
        return "a", NOT_DONE
    table = records.applicability
    count = {str(verdict): int(np.sum(table["verdict"].to_numpy(dtype=str) == verdict)) for verdict in Verdict}
    asked = table["verdict"].to_numpy(dtype=str)[np.asarray(table["is_question"], dtype=bool)]
    tested, missed = count[Verdict.TESTED], count[Verdict.MISSES]
    told = f"of {len(table)} domains: " + ", ".join(f"{name} {n}" for name, n in count.items())
    told += "; studies predicted blind: " + ("yes" if BLIND in records.validations else NOT_DONE)
    all_asked = len(asked) > 0 and bool((asked == Verdict.TESTED).all())
    is_blind = BLIND in records.validations
    return level_of(tested + missed > 0, tested > 0, all_asked, is_blind), told


def _first_number(checks: pd.DataFrame, name: str) -> float:
    found = [str(row["found"]) for row in checks.to_dict("records") if row["check"] == name]
    return float(found[0].split(" ")[0]) if found else np.nan


def _sentences(parts: Iterable[str]) -> str:
    return ". ".join(map(_capital, parts)) + "."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _listed(names: Sequence[str]) -> str:
    """Return how many, and the first few by name."""
    if not names:
        return "none"
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{len(names)} ({', '.join(names[:_NAMED])}{more})"


def _points(error: float) -> str:
    if not np.isfinite(error):
        return "unknown"
    return f"{error:.2g} points of 100" if error else "nothing"

"""Study file → Study: every problem of the file told at once."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sciatrial.clinic import Protocol
from sciatrial.foundation import Intervention, Problem, StudyError, fingerprint, nearest
from sciatrial.population import Cohort, MixedCohort, cohort_named, cohort_names
from sciatrial.study.problems import own_problem, validated
from sciatrial.study.settings import StudySettings
from sciatrial.trial import Design, Scenario, Unblinding, cohort_problems, subgroup_cohort_problems

_QUICK_TRIALS = 6
_OVERRIDES = ("symptom_months", "age_years", "percent_female", "eligible")
_SUM = 1e-6


@dataclass(frozen=True)
class Study:
    """A study file, checked.

    ``settings`` are the file's own tables, ``design`` and ``cohort`` what they mean; ``resolved`` is the whole study
    with every default written out, as TOML would hold it; ``text`` is the file as it was given, ``folder`` where it
    lay.
    """

    settings: StudySettings
    design: Design
    cohort: Cohort
    resolved: Mapping[str, Any]
    text: str
    folder: Path = Path()
    changes: tuple[str, ...] = ()
    is_quick: bool = False

    @property
    def name(self) -> str:
        """The study's name."""
        return self.settings.name

    def fingerprint(self) -> str:
        """Return the hash of the resolved study; the order of the arms decides who is given which."""
        return fingerprint([self.resolved, list(self.design.arms)])

    def __repr__(self) -> str:
        arms = ", ".join(f"{arm} {size:g}" for arm, size in self.design.expected_sizes().items())
        return (
            f"Study: {self.name}\n  {self.design.size} patients of {self.cohort.name}: {arms}\n"
            f"  {self.settings.simulation.n_trials} trials a scenario, seed {self.settings.seed}"
        )


def read_study(path: str | Path, *, changes: Iterable[str] = (), quick: bool = False) -> Study:
    """Read and check a study file.

    Parameters
    ----------
    path
        A TOML file; `sciatrial new` writes one with every setting explained.
    changes
        ``table.key=value`` in TOML, put in place of what the file says.
    quick
        Simulate 6 trials a scenario: the same path with rough numbers.

    Returns
    -------
    Study

    Raises
    ------
    StudyError
        With every problem of the file: unreadable, unknown setting (with the nearest), wrong type or unit, number out
        of range, words or arms that do not fit together.
    """
    path = Path(path)
    text = _text(path)
    document = _parsed(text, path)
    changes = tuple(changes)
    problems = [problem for change in changes for problem in _change(document, change)]
    if problems:
        raise StudyError(str(path), problems)
    if quick:
        simulation = document.setdefault("simulation", {})
        if isinstance(simulation, dict):
            simulation["n_trials"] = _QUICK_TRIALS
    return _checked(document, path, text, changes, quick)


def _text(path: Path) -> str:
    def refuse(found: str, next_step: str) -> StudyError:
        return StudyError(str(path), Problem("file", found, "a study file: TOML in UTF-8", next_step))

    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError as error:
        beside = sorted(str(p) for p in path.parent.glob("*.toml")) if path.parent.is_dir() else []
        close = nearest(str(path), beside)
        hint = f"did you mean {close!r}?" if close else "check the path, or write one with `sciatrial new NAME`"
        raise refuse("there is no such file", hint) from error
    except IsADirectoryError as error:
        raise refuse("is a folder", "name the file inside it") from error
    except UnicodeDecodeError as error:
        raise refuse(f"is not text in UTF-8 (byte {error.start})", "save it as UTF-8") from error
    except OSError as error:
        raise refuse(f"cannot be read ({error.strerror})", "check the path and its rights") from error


def _parsed(text: str, path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise StudyError(
            str(path),
            Problem("file", f"is not TOML: {error}", "key = value, text in quotes", "correct that line"),
        ) from error


def _change(document: dict[str, Any], change: str) -> list[Problem]:
    """Put one ``a.b=value`` into the document, where ``value`` is TOML or, failing that, a plain word."""
    key, separator, raw = change.partition("=")
    parts = [part.strip() for part in key.split(".")]
    if not separator or not all(parts):
        return [Problem(f"--set {change}", "is not a change", "table.key=value", "for example --set trial.n_total=90")]
    try:
        value = tomllib.loads(f"value = {raw.strip()}")["value"]
    except tomllib.TOMLDecodeError:
        value = raw.strip()
    here = document
    for depth, part in enumerate(parts[:-1]):
        here = here.setdefault(part, {})
        if not isinstance(here, dict):
            where = ".".join(parts[: depth + 1])
            return [Problem(f"--set {change}", f"{where} is a single value", "the key of a table", "check the key")]
    here[parts[-1]] = value
    return []


def _checked(document: Mapping[str, Any], path: Path, text: str, changes: tuple[str, ...], quick: bool) -> Study:
    settings, problems = validated(StudySettings, document, "")
    cohort, more = _cohort(document.get("population", {}))
    problems += more
    design, more = _design(document.get("trial", {}), document.get("arms", {}))
    problems += more
    if design is not None and cohort is not None:
        problems += _same_patients(design, cohort)
    if design is not None and settings is not None:
        problems += [
            Problem(f"evidence.same_arm.{arm}", "is not an arm of this study", "one of " + ", ".join(design.arms))
            for arm in settings.evidence.same_arm
            if arm not in design.arms
        ]
        problems += _unblinding_problems(settings, design)
    if problems or settings is None or cohort is None or design is None:
        raise StudyError(str(path), list(dict.fromkeys(problems)))
    resolved = _resolved(settings, design, cohort)
    return Study(settings, design, cohort, resolved, text, path.parent, changes, quick)


def _unblinding_problems(settings: StudySettings, design: Design) -> list[Problem]:
    simulation = settings.simulation
    if Scenario.UNBLINDED_NULL not in simulation.scenarios:
        return []
    found = (simulation.unblinding or Unblinding()).problems(design)
    return [replace(problem, where=f"simulation.unblinding.{problem.where}") for problem in found]


def _cohort(population: Any) -> tuple[Cohort | None, list[Problem]]:
    if not isinstance(population, dict):
        return None, []  # told of by the settings
    shares, problems = _shares_screened(population)
    if problems:
        return None, problems
    allowed = ("cohort", "cohorts", *_OVERRIDES)
    for key in population:
        if key not in allowed:
            close = nearest(key, allowed)
            hint = f"did you mean {close!r}?" if close else "delete it"
            problems.append(Problem(f"population.{key}", "no such setting", "one of " + ", ".join(allowed), hint))
    overrides = {key: population[key] for key in _OVERRIDES if key in population}
    parts = []
    for name in shares:
        shipped = cohort_named(name).model_dump(mode="json", by_alias=True)
        cohort, more = validated(Cohort, shipped | overrides, "population")
        parts.append(cohort)
        # what differs is the same in each part, and so is what is wrong with it
        problems += [problem for problem in more if problem not in problems]
    good = [cohort for cohort in parts if cohort is not None]
    if len(good) < len(parts):
        return None, problems
    return good[0] if len(good) == 1 else MixedCohort.of(good, list(shares.values())), problems


def _shares_screened(population: Mapping[str, Any]) -> tuple[dict[str, float], list[Problem]]:
    """Return of which shipped cohorts those screened come, name → share, and what is wrong with that."""
    where, known = "population.cohorts", "one of " + ", ".join(cohort_names())
    if "cohorts" not in population:
        name = population.get("cohort")
        found = "is missing" if "cohort" not in population else _unknown_cohort(name)
        return ({}, [_no_cohort("population.cohort", found, name)]) if found else ({str(name): 1.0}, [])
    shares: Any = population["cohorts"]
    if "cohort" in population:
        return {}, [Problem(where, "stands beside cohort", "one of the two", "delete one of them")]
    if not isinstance(shares, dict) or len(shares) < 2:
        expected = "two or more, each with its share of those screened: { chronic_radicular = 0.7, stenosis = 0.3 }"
        return {}, [Problem(where, f"is {shares!r}", expected, f"name {known}")]
    problems = [_no_cohort(f"{where}.{name}", found, name) for name in shares if (found := _unknown_cohort(name))]
    numbers = [share for share in shares.values() if isinstance(share, int | float) and not isinstance(share, bool)]
    if len(numbers) < len(shares) or min(numbers) <= 0 or abs(sum(numbers) - 1) > _SUM:
        told = ", ".join(f"{name} = {share}" for name, share in shares.items())
        problems.append(Problem(where, told, "shares above 0 that sum to 1", "divide each by their sum"))
    return {str(name): float(share) for name, share in shares.items()} if not problems else {}, problems


def _unknown_cohort(name: Any) -> str:
    """Return how to tell of a name that is no cohort, empty for one that is."""
    return "" if isinstance(name, str) and name in cohort_names() else f"{name!r} is not known"


def _no_cohort(where: str, found: str, name: Any) -> Problem:
    close = nearest(str(name), cohort_names())
    hint = f"did you mean {close!r}?" if close else "choose one of these"
    return Problem(where, found, "one of " + ", ".join(cohort_names()), hint)


def _same_patients(design: Design, cohort: Cohort) -> list[Problem]:
    """Return the factors of the trial by which no two patients of the cohort differ."""
    lines = cohort_problems("randomisation.strata", design.randomisation.strata, cohort)
    lines += cohort_problems("adjust_for", design.adjust_for, cohort)
    if design.enrichment is not None:
        lines += subgroup_cohort_problems(design.enrichment.subgroup, cohort)
    return [*(own_problem("trial", line) for line in lines), *_surgery_problems(design, cohort)]


def _surgery_problems(design: Design, cohort: Cohort) -> list[Problem]:
    """Return where patients of several causes would be operated on, which frees something else in each."""
    where = [f"arms.{arm}" for arm, protocol in design.arms.items() if protocol.intervention is Intervention.SURGERY]
    where += ["trial.rescue"] if design.rescue is not None and design.rescue.is_surgery else []
    if len(cohort.causes) == 1:
        return []
    found = f"surgery in patients of {' and '.join(cohort.causes)}"
    expected = "no surgery, since what it frees differs by cause"
    return [Problem(f"{key}.intervention", found, expected, "plan a study for each cause") for key in where]


def _growing_time(protocol: Protocol | None, where: str) -> list[Problem]:
    """Return the problem of a patient's own cells that seem to be grown in no time."""
    if protocol is None or not protocol.is_grown_from_own_cells or "weeks_until_treatment" in protocol.model_fields_set:
        return []
    return [
        Problem(
            f"{where}.weeks_until_treatment",
            "is missing",
            "weeks from randomisation to treatment: a patient's own cells take some to grow",
            "give the weeks; 0 where cells are harvested and grown before randomisation",
        )
    ]


def _design(trial: Any, arms: Any) -> tuple[Design | None, list[Problem]]:
    if not isinstance(trial, dict) or not isinstance(arms, dict):
        return None, []  # told of by the settings
    problems: list[Problem] = []
    usable: dict[str, Any] = {}
    for name, words in arms.items():
        if not isinstance(words, dict) or not words:
            problems.append(Problem(f"arms.{name}", "is empty", "at least `intervention`", "say what the arm receives"))
            protocol = None
        else:
            protocol, more = validated(Protocol, words, f"arms.{name}")
            problems += [*more, *_growing_time(protocol, f"arms.{name}")]
        # a stand-in lets the trial's own problems be told beside the arm's
        usable[name] = words if protocol is not None else {"intervention": str(Intervention.USUAL_CARE)}
    design, more = validated(Design, {**trial, "arms": usable}, "trial")
    if more:
        # what does not fit together can only be told once each setting is right by itself
        wrong = {problem.where.split(".")[1] for problem in more if problem.where.startswith("trial.")}
        mended = {key: value for key, value in trial.items() if key not in wrong}
        mended |= {key: stand_in for key, stand_in in _stand_ins(trial).items() if key in wrong and key in trial}
        _, again = validated(Design, {**mended, "arms": usable}, "trial")
        # whether an analysis aims at the estimand is told once all that it rests on is right
        unfit = _AIMS if wrong & {"analysis", "endpoint", "estimand"} else ()
        more += [
            problem
            for problem in again
            if problem not in more and problem.found != "is missing" and not problem.where.startswith(unfit)
        ]
    return (None if problems else design), problems + more


_AIMS = ("trial.analysis", "trial.estimand")


def _stand_ins(trial: Mapping[str, Any]) -> dict[str, Any]:
    """Return right values for settings that others must fit, for those that are wrong by themselves."""
    endpoint, visits = trial.get("endpoint"), trial.get("visits_months")
    visit = visits[0] if isinstance(visits, list) and visits else 1
    month = endpoint.get("month", visit) if isinstance(endpoint, dict) else visit
    return {"n_total": 1_000, "n_per_arm": 100, "endpoint": {"outcome": "leg_pain", "month": month}}


def _resolved(settings: StudySettings, design: Design, cohort: Cohort) -> dict[str, Any]:
    """Return the study with every default written out; nothing that is None."""
    population: dict[str, Any]
    if isinstance(cohort, MixedCohort):
        shares = {part.name: share for part, share in zip(cohort.parts, cohort.shares, strict=True)}
        same: set[str] = {name for name in _OVERRIDES if name in settings.population}
        population = {"cohorts": shares, **cohort.parts[0].model_dump(mode="json", by_alias=True, include=same)}
    else:
        population = {"cohort": cohort.name, **cohort.model_dump(mode="json", by_alias=True, include=set(_OVERRIDES))}
    plan = design.model_dump(mode="json", exclude_none=True)
    arms = plan.pop("arms")
    plan["comparisons"] = [comparison.model_dump(mode="json") for comparison in design.compared()]
    if design.n_total is not None:
        plan["allocation"] = design.ratio
    top = settings.model_dump(mode="json", by_alias=True, exclude_none=True)
    if settings.calibration.drawn is Scenario.POSTERIOR:
        del top["calibration"]["inclusion_probability"]
    return {**top, "population": population, "trial": plan, "arms": arms}

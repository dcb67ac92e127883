"""What `sciatrial show` tells of the trials together: pooled results, certainty, maps, harms, what was fitted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sciatrial.apps.shown import Shown
from sciatrial.apps.synthesise import SEED
from sciatrial.foundation import Problem, StudyError

if TYPE_CHECKING:
    import pandas as pd

    from sciatrial.evidence import Evidence
    from sciatrial.population import PopulationComparison
    from sciatrial.synthesis import Pooled, Question


@dataclass(frozen=True)
class Asked:
    """The options of `show` that ask something of the trials together; None where they were not given."""

    outcome: str | None = None
    month: int | None = None
    treatment: str | None = None
    comparator: str | None = None
    by: str | None = None
    tables: Path | None = None
    picture: Path | None = None
    show_r: bool | None = None
    posterior: Path | None = None

    def given(self) -> set[str]:
        """Return the names of the options that were given."""
        return {field.name for field in fields(self) if getattr(self, field.name) is not None}

    def question(self) -> Question:
        """Return what was asked, the defaults where nothing was said."""
        from sciatrial.synthesis import Question

        words = {name: getattr(self, name) for name in ("outcome", "month", "treatment", "comparator")}
        return Question(**{name: word for name, word in words.items() if word is not None})

    def evidence(self) -> Evidence:
        """Return the tables to read: those of the package, or a folder's."""
        from sciatrial.evidence import read_evidence

        return read_evidence(self.tables)


@dataclass(frozen=True)
class Topic:
    """A topic: what it shows, which options it knows, how it draws."""

    show: Callable[[Asked], tuple[Shown, Callable[[], Any] | None]]
    options: frozenset[str]
    reads_tables: bool = True

    def known(self) -> frozenset[str]:
        """Return the names of the options that it knows."""
        return self.options | {"tables"} if self.reads_tables else self.options


def show_synthesis(topic: str, asked: Asked) -> Shown:
    """Return a table of the trials together, and draw it where a picture is asked for.

    Raises
    ------
    StudyError
        For an option that the topic does not know, or a picture that it cannot draw or write.
    """
    found = TOPICS[topic]
    unknown = asked.given() - found.known()
    if unknown:
        told = ", ".join(f"--{name.replace('_', '-')}" for name in sorted(unknown))
        known = ", ".join(f"--{name.replace('_', '-')}" for name in sorted(found.known()))
        raise StudyError(f"show {topic}", Problem("options", f"{told}: not of this topic", known, "leave out"))
    shown, draw = found.show(asked)
    if asked.picture is not None and draw is not None:
        from sciatrial.report import save_picture

        save_picture(draw(), asked.picture)
        return replace(shown, note=f"{shown.note}\nPicture: {asked.picture}".strip())
    return shown


def _picture(name: str, *drawn: Any) -> Callable[[], Any]:
    """Return what draws a picture of the report room when it is asked for."""

    def draw() -> Any:
        from importlib import import_module

        return getattr(import_module("sciatrial.report"), name)(*drawn)

    return draw


_QUESTION = frozenset({"outcome", "month", "treatment", "comparator"})


def _pooled(asked: Asked) -> tuple[Shown, Callable[[], Any] | None]:
    from sciatrial.synthesis import r_of_answer, synthesise, traffic_lights

    evidence = asked.evidence()
    found = synthesise(evidence, asked.question(), with_sensitivity=False)
    note = f"Scale: {found.scale}. " + (
        f"No answer: {found.unanswered}." if found.unanswered else
        f"{_trials(len(found.studies))}: {', '.join(found.studies['study'])}. Quoted: {found.main['model']}."
    )  # fmt: skip
    code = r_of_answer(found) if asked.show_r else ""
    narrow = _narrow_models(found)
    return (
        Shown(found.question.in_words(), found.effects, note, narrow, code),
        _picture("plot_forest", found, traffic_lights(evidence)),
    )


def _spaced(frame: Any) -> Any:
    """Write words with blanks, so that a narrow terminal can break them."""
    words = [name for name in frame.columns if frame[name].dtype.kind not in "fib"]
    return frame.assign(**{name: [str(value).replace("_", " ") for value in frame[name]] for name in words})


def _span(low: Any, high: Any) -> str:
    return "" if low != low or high != high else f"{low:.3g} to {high:.3g}"


def _narrow_models(found: Pooled) -> pd.DataFrame:
    import pandas as pd

    rows = [
        {"model": row["model"], "effect": f"{row['estimate']:.3g}", "95 % interval": _span(row["low"], row["high"]),
         "a new trial": _span(row["prediction_low"], row["prediction_high"]),
         "benefit": f"{row['probability_better']:.2f}".replace("nan", "")}
        for row in found.effects.to_dict("records")
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["model", "effect", "95 % interval", "a new trial", "benefit"])


def _narrow_trials(found: Pooled) -> pd.DataFrame:
    import pandas as pd

    rows = [
        {"trial": row["study"], "month": f"{row['month']:g}", "effect": f"{row['estimate']:.3g}",
         "95 % interval": _span(row["low"], row["high"]), "weight": f"{row['weight']:.0f}",
         "patients": f"{row['n_treatment']:.0f} + {row['n_comparator']:.0f}".replace("nan", "?")}
        for row in found.studies.to_dict("records")
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["trial", "month", "effect", "95 % interval", "weight", "patients"])


def _trials(n: int) -> str:
    return "One trial" if n == 1 else f"{n} trials"


def _forest(asked: Asked) -> tuple[Shown, Callable[[], Any] | None]:
    from sciatrial.synthesis import synthesise, traffic_lights

    evidence = asked.evidence()
    found = synthesise(evidence, asked.question(), with_sensitivity=False)
    note = f"Scale: {found.scale}. {'No answer: ' + found.unanswered if found.unanswered else ''}"
    shown = Shown(f"Trials: {found.question.in_words()}", found.studies, note, _narrow_trials(found))
    return shown, _picture("plot_forest", found, traffic_lights(evidence))


def _funnel(asked: Asked) -> tuple[Shown, Callable[[], Any] | None]:
    import pandas as pd

    from sciatrial.synthesis import TauMethod, begg_test, egger_test, pool_effects, synthesise, trim_and_fill

    found = synthesise(asked.evidence(), asked.question(), with_sensitivity=False)
    title = f"Small-study effects: {found.question.in_words()}"
    if len(found.studies) < _FEWEST_FOR_ASYMMETRY:
        note = f"{_trials(len(found.studies))}: asymmetry needs three, and has no power under ten."
        return Shown(title, pd.DataFrame(), note), _picture("plot_funnel", found)
    pooled = pool_effects(found.studies["estimate"], found.studies["se"] ** 2, method=TauMethod.REML)
    filled = trim_and_fill(pooled)
    tests = (egger_test(pooled), begg_test(pooled))
    rows = [{"test": test.name, "statistic": test.statistic, "p": test.p_value} for test in tests]
    rows.append({"test": "trim and fill: studies filled in", "statistic": filled.n_missing, "p": float("nan")})
    return Shown(title, pd.DataFrame(rows), tests[0].note), _picture("plot_funnel", found)


_FEWEST_FOR_ASYMMETRY = 3


def _left_out(asked: Asked) -> tuple[Shown, Callable[[], Any] | None]:
    import pandas as pd

    from sciatrial.synthesis import synthesise

    found = synthesise(asked.evidence(), asked.question())
    left = found.leave_one_out.rename(columns={"without": "variation"})
    left = left.assign(variation=["without " + str(name) for name in left["variation"]]) if len(left) else left
    frame = pd.concat([found.sensitivity, left], ignore_index=True)
    note = "By the model with a prior on the spread between trials, which any number of trials can have."
    return Shown(f"What it hangs on: {found.question.in_words()}", frame, note), _picture("plot_left_out", found)


def _certainty(asked: Asked) -> tuple[Shown, Callable[[], Any] | None]:
    from sciatrial.synthesis import certainty_of, epidural_routes, synthesise

    evidence = asked.evidence()
    found = synthesise(evidence, asked.question(), with_sensitivity=False)
    made = certainty_of(evidence, found, asked_routes=epidural_routes())
    note = (
        f"Certainty: {made.grade.replace('_', ' ')}, starts {made.starts}. Important difference "
        f"{made.important_difference:.3g} {found.scale} ({made.important_difference_source}). The question is one of "
        "leg pain from a root, treated at the root. Drafted by rule; a person may override a domain with a reason."
    )
    if found.unanswered:
        note = f"No direct evidence: {found.unanswered}."
    narrow = made.domains.reindex(columns=["domain", "judgement", "steps_down", "numbers"])
    return Shown(f"Certainty (GRADE): {made.question}", made.domains, note, narrow), None


def _map(asked: Asked) -> tuple[Shown, Callable[[], Any] | None]:
    from sciatrial.synthesis import EPIDURAL, evidence_map

    frame: Any = evidence_map(asked.evidence())
    at_root = frame[frame["route"].isin(EPIDURAL) & (frame["outcome"] == "leg_pain")]
    note = (
        f"Cells by an epidural or perineural route for leg pain: {int(at_root['n_studies'].sum())} studies with an "
        "outcome. Rows with none are shown: nobody has done that."
    )
    has = frame[(frame["n_studies"] > 0) | (frame["route"].isin(EPIDURAL) & (frame["outcome"] == "leg_pain"))]
    has = has[["cell_type", "route", "outcome", "n_studies", "n_patients", "best"]]
    shown = Shown("Patients behind each cell type, route and outcome", frame, note, _spaced(has))
    return shown, _picture("plot_evidence_map", frame)


def _directness(asked: Asked) -> tuple[Shown, Callable[[], Any] | None]:
    from sciatrial.synthesis import speaks_of

    frame: Any = speaks_of(asked.evidence())
    cells = frame[frame["gives_cells"]]
    counts = ", ".join(f"{word.replace('_', ' ')} {n}" for word, n in cells["speaks_of"].value_counts().items())
    narrow = frame[["study_id", "speaks_of", "gives_cells", "design", "n_total"]]
    return Shown("What each study speaks of", frame, f"Studies of cells: {counts}.", _spaced(narrow)), None


def _network(asked: Asked) -> tuple[Shown, Callable[[], Any] | None]:
    import pandas as pd

    from sciatrial.evidence import arm_estimates, published_contrasts
    from sciatrial.synthesis import PAIN, Reviews, at_visit, islands_of, trial_arms

    evidence = asked.evidence()
    arms = trial_arms(
        arm_estimates(evidence), published_contrasts(evidence), outcome=asked.outcome or PAIN, reviews=Reviews.STAND_IN
    )
    if asked.month is not None:
        arms = at_visit(arms, asked.month)
    rows = []
    groups: Any = arms.groupby(["study", "source"], sort=True)
    for key, visit in groups:
        study, source = str(key[0]), str(key[1])
        names = sorted(set(visit["treatment"]))
        months = ", ".join(f"{month:g}" for month in sorted(set(visit["month"])))
        rows.append({"study": study, "treatments": " | ".join(names), "months": months, "source": source})
    islands = islands_of(arms)
    told = "; ".join(", ".join(island) for island in islands)
    note = "All treatments are connected."
    if len(islands) > 1:
        note = (
            f"Not connected: {len(islands)} islands ({told}). Treatments of different islands cannot be compared; a "
            "trial between two of them, or a published difference, would join them."
        )
    return Shown("Trials that compare treatments", pd.DataFrame(rows), note), _picture("plot_network", arms)


def _courses(asked: Asked) -> tuple[Shown, Callable[[], Any] | None]:
    from rich.console import Console

    from sciatrial.apps.bar import Bar
    from sciatrial.evidence import arm_estimates, published_contrasts
    from sciatrial.report import DRAWN_MONTHS, observed_only
    from sciatrial.synthesis import PAIN, Level, Reviews, fit_literature, trial_arms

    evidence, outcome = asked.evidence(), asked.outcome or PAIN
    with Bar(Console(stderr=True)) as bar:
        fitted = fit_literature(evidence, seed=SEED, outcome=outcome, progress=bar)
    visits = trial_arms(
        arm_estimates(evidence), published_contrasts(evidence), outcome=outcome, level=Level.PRODUCT,
        reviews=Reviews.STAND_IN,
    )  # fmt: skip
    shown = observed_only(fitted, fitted.frame((1.0, 3.0, 6.0, 12.0, 24.0)))
    shown = shown[shown["treatment"] != fitted.reference].reset_index(drop=True)
    narrow = shown.assign(interval=[_span(*pair) for pair in zip(shown["low"], shown["high"], strict=True)])
    narrow = narrow[["treatment", "month", "median", "interval"]]
    note = f"{fitted.diagnostics.headline()}\nAgainst {fitted.reference.replace('_', ' ')}, points of 100."
    drawn = observed_only(fitted, fitted.frame(DRAWN_MONTHS))
    return Shown(f"Effects over time: {outcome.replace('_', ' ')}", shown, note, narrow), _picture(
        "plot_courses", drawn, visits
    )


def _moderators(asked: Asked) -> tuple[Shown, Callable[[], Any] | None]:
    from sciatrial.synthesis import CELLS, PAIN, PLACEBO_PROCEDURE, regress_effects

    found = regress_effects(
        asked.evidence(), asked.by or "dose", outcome=asked.outcome or PAIN, treatment=asked.treatment or CELLS,
        comparator=asked.comparator or PLACEBO_PROCEDURE,
    )  # fmt: skip
    left = "; ".join(f"{row['study']} {row['arm']}: {row['reason']}" for row in found.left_out.to_dict("records"))
    note = f"{found.note}. Spread between arms {found.tau:.3g}."
    if found.unanswered:
        note = f"No answer: {found.unanswered}."
    if left:
        note += f" Left out: {left}."
    title = f"Effect by {found.moderator.replace('_', ' ')}: {found.outcome.replace('_', ' ')}"
    return Shown(title, found.coefficients, note), _picture("plot_regression", found)


def _harms(asked: Asked) -> tuple[Shown, Callable[[], Any] | None]:
    from sciatrial.synthesis import CELLS, PLACEBO_PROCEDURE, pool_harms

    frame = pool_harms(
        asked.evidence(), treatment=asked.treatment or CELLS, comparator=asked.comparator or PLACEBO_PROCEDURE
    )
    narrow: Any = frame[["event", "n_with_event", "n_at_risk", "percent", "low", "high"]]
    return Shown("Adverse events, pooled", frame, "", _spaced(narrow)), _picture("plot_harms", frame)


def _posterior(asked: Asked) -> tuple[Shown, Callable[[], Any] | None]:
    from sciatrial.calibration import Posterior, reference_posterior
    from sciatrial.report import parameter_words, posterior_lines

    found = reference_posterior() if asked.posterior is None else Posterior.load(asked.posterior)
    note = "\n".join(posterior_lines(found))
    title = f"Prior and posterior of {len(found.parameters)} numbers: median and middle 90 %"
    return Shown(title, found.parameters, note, parameter_words(found.parameters)), lambda: _drawn(
        "plot_effect_probabilities", found
    )


def _population(asked: Asked) -> tuple[Shown, Callable[[], Any] | None]:
    from sciatrial.report import population_lines, population_table

    found = _compared(asked)
    narrow: Any = population_table(found)[["what", "published", "may differ by", "posterior", "as they come",
                                           "weighted", "with weights"]]  # fmt: skip
    groups: Any = found.of()["cohort"]
    names = groups.str.replace("_", " ").where(~groups.duplicated(), "")  # of a group once
    narrow.insert(0, "of whom", names.to_numpy())
    title = f"Patients at the door: published beside virtual, {found.n_draws} draws of {found.n_patients} patients"
    note = "\n".join(population_lines(found))
    return Shown(title, found.table(), note, narrow), lambda: _drawn("plot_population", found)


def _compared(asked: Asked) -> PopulationComparison:
    """Return the comparison that ships or stands beside a posterior; else make it, which takes some minutes."""
    from rich.console import Console

    from sciatrial.apps.bar import Bar
    from sciatrial.calibration import (
        Posterior,
        kept_population,
        posterior_population,
        reference_population,
        reference_posterior,
    )

    if asked.posterior is None and asked.tables is None:
        return reference_population()
    posterior = reference_posterior() if asked.posterior is None else Posterior.load(asked.posterior)
    if asked.posterior is not None and asked.tables is None:
        kept = kept_population(asked.posterior, posterior)
        if kept is not None:
            return kept
    with Bar(Console(stderr=True)) as bar:
        return posterior_population(posterior, asked.evidence(), progress=bar)


def _drawn(name: str, *records: Any) -> Any:
    """Return the figure of a picture whose function gives axes."""
    return _picture(name, *records)().figure


TOPICS: Mapping[str, Topic] = {
    "pooled": Topic(_pooled, _QUESTION | {"picture", "show_r"}),
    "forest": Topic(_forest, _QUESTION | {"picture"}),
    "funnel": Topic(_funnel, _QUESTION | {"picture"}),
    "sensitivity": Topic(_left_out, _QUESTION | {"picture"}),
    "certainty": Topic(_certainty, _QUESTION),
    "evidence-map": Topic(_map, frozenset({"picture"})),
    "directness": Topic(_directness, frozenset()),
    "network": Topic(_network, frozenset({"outcome", "month", "picture"})),
    "courses": Topic(_courses, frozenset({"outcome", "picture"})),
    "moderators": Topic(_moderators, frozenset({"outcome", "treatment", "comparator", "by", "picture"})),
    "pooled-harms": Topic(_harms, frozenset({"treatment", "comparator", "picture"})),
    "posterior": Topic(_posterior, frozenset({"posterior", "picture"}), reads_tables=False),
    "population": Topic(_population, frozenset({"posterior", "picture"})),
}

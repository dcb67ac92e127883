"""``sciatrial sensitivity`` and ``sciatrial attribute``: which numbers matter, and where relief comes from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sciatrial.apps.places import refuse_unwritable_file, refuse_unwritable_folder, written
from sciatrial.foundation import LONGEST_MONTHS, Problem, Score, StudyError, months_problem, signed

if TYPE_CHECKING:
    from sciatrial.sensitivity import Sensitivity, Setting
    from sciatrial.study import Study

StudyFile = Annotated[Path, typer.Argument(metavar="STUDY", help="A study file; its cohort and arms are used.")]
Arm = Annotated[str | None, typer.Option("--arm", help="An arm of the study; left out, its first arm with cells.")]
Out = Annotated[Path, typer.Option("--out", metavar="FOLDER", help="New folder for tables and pictures.")]
Months = Annotated[str, typer.Option("--months", help=f"Months, separated by commas, up to {LONGEST_MONTHS:g}.")]


def sensitivity(
    study: StudyFile,
    out: Out,
    arm: Arm = None,
    outcome: Annotated[str, typer.Option("--outcome", help="Scores, separated by commas.")] = "leg_pain",
    months: Months = "1,3,6,12",
    patients: Annotated[int, typer.Option("--patients", help="Virtual patients at each point, 2 or more.")] = 100,
    trajectories: Annotated[int, typer.Option("--trajectories", help="Morris trajectories.")] = 10,
    shares: Annotated[int, typer.Option("--shares", help="How many numbers get variance shares; 0 for none.")] = 12,
    base_points: Annotated[int, typer.Option("--base-points", help="Sobol base points, a power of 2.")] = 64,
) -> None:
    """Find which uncertain numbers matter for which outcome, when: Morris, then Sobol, over the prior."""
    from rich.console import Console

    from sciatrial.apps.bar import Bar
    from sciatrial.model import sciatica_model
    from sciatrial.parameters import read_prior
    from sciatrial.sensitivity import Setting, analyse_sensitivity, forget_parts, refuse_other_folder

    read, name = _read(study, arm)
    setting = Setting(
        read.cohort, read.design.arms[name], tuple(_scores(outcome)), _months(months), patients, read.settings.seed,
        read.settings.calibration.inclusion_probability, arm=name, study=read.settings.name,
    )  # fmt: skip
    parts = out.with_name(out.name + ".parts")
    refuse_unwritable_folder(out)
    refuse_other_folder(parts)
    try:
        with Bar(Console(stderr=True)) as bar:
            found = analyse_sensitivity(
                sciatica_model(),
                read_prior(),
                setting,
                trajectories=trajectories,
                n_shares=shares,
                base_points=base_points,
                keep=parts,
                progress=bar,
            )
    finally:
        forget_parts(parts, is_done=False)
    with written(out, "folder"):
        found.save(out)
        _draw(found, setting, out)
        forget_parts(parts, is_done=True)
    _print_largest(found, setting)
    if read.settings.calibration.drawn == "posterior":
        print("Over the prior, not over the posterior that the study names.")
    print(out)


def _draw(found: Sensitivity, setting: Setting, out: Path) -> None:
    from sciatrial.report import plot_influence, plot_interactions, plot_modules, plot_shares, save_picture

    last = setting.months[-1]
    for quantity in ("treated", "effect"):
        for score in map(str, setting.outcomes):
            words = {"quantity": quantity, "outcome": score}
            pictures = {
                "influence": plot_influence(found, **words),
                "modules": plot_modules(found, **words),
                "interactions": plot_interactions(found, **words, month=last),
            }
            if len(found.shares):
                pictures["shares"] = plot_shares(found, **words, month=last)
            for kind, figure in pictures.items():
                save_picture(figure, out / f"{score}-{quantity}-{kind}.svg")


def _print_largest(found: Sensitivity, setting: Setting) -> None:
    print(found)
    for score in map(str, setting.outcomes):
        _, unit, decimals = _words(score)
        for month in setting.months:
            for quantity in ("treated", "effect"):
                what = found.in_words(quantity)
                print(f"{score}, month {month:g}, largest effects of a number over its prior range on {what}, {unit}:")
                for row in found.top(quantity, score, month).to_dict("records"):
                    size = f"{row['mu_star']:.{decimals}f} ± {row['mu_star_ci']:.{decimals}f}"
                    print(f"  {row['input']}: {size} ({row['module']})")


def attribute(
    study: StudyFile,
    arm: Arm = None,
    outcome: Annotated[str | None, typer.Option("--outcome", help="A score; left out, the study's endpoint.")] = None,
    months: Months = "1,3,6,12",
    patients: Annotated[int, typer.Option("--patients", help="Virtual patients a draw, 2 or more.")] = 100,
    draws: Annotated[int, typer.Option("--draws", help="Draws; 0 for the reference values alone.")] = 20,
    picture: Annotated[
        Path | None, typer.Option("--picture", metavar="FILE", help="Draw it: .svg, .png or .pdf.")
    ] = None,
) -> None:
    """Divide an arm's effect: less inflammation, repair, neurotrophic support, needle and fluid, context."""
    from rich.console import Console

    from sciatrial.apps.bar import Bar
    from sciatrial.model import sciatica_model
    from sciatrial.parameters import read_prior, reference_draw
    from sciatrial.report import calibration_words, picture_format, plot_attribution, save_picture
    from sciatrial.study import study_draws
    from sciatrial.trial import Scenario
    from sciatrial.trial import attribute as divide

    read, name = _read(study, arm)
    if draws < 0:
        raise StudyError("attribute", Problem("--draws", f"is {draws}", "0 or more"))
    asked = _months(months)
    if picture is not None:
        picture_format(picture)
        refuse_unwritable_file(picture)
    if draws:
        drawn = study_draws(read, n_draws=draws)
        chosen = [drawn.one(i) for i in range(draws)]
        scenario = read.settings.calibration.drawn
    else:
        prior = read_prior()
        chosen, scenario = [reference_draw(prior, included=prior.groups).one(0)], Scenario.REFERENCE
    with Bar(Console(stderr=True)) as bar:
        found = divide(
            sciatica_model(),
            read.design.arms[name],
            chosen,
            read.cohort.model_copy(update={"eligible": {}}),
            outcome=outcome or str(read.design.endpoint.outcome),
            months=asked,
            n_patients=patients,
            seed=read.settings.seed,
            arm=name,
            scenario=scenario,
            progress=bar,
        )
    source = calibration_words(scenario)
    what = (
        f"{draws} {source}: median (middle 90 %)" if draws else f"{source}, every optional effect present: no interval"
    )
    relief, unit, decimals = _words(found.outcome)
    print(f"{found.outcome}, arm {name}: {unit} against co-treatments alone; {relief}")
    print(f"  {what}; people not screened")
    for row in found.table().to_dict("records"):
        median, low, high = (signed(row[name], decimals) for name in ("median", "low", "high"))
        interval = f"  ({low} to {high})" if draws > 1 else ""
        print(f"  month {row['month']:g}  {row['part']:<22} {median:>7}{interval}")
    if picture is not None:
        save_picture(plot_attribution(found), picture)
        print(picture)


def _read(path: Path, arm: str | None) -> tuple[Study, str]:
    from sciatrial.foundation import unknown_word
    from sciatrial.study import read_study

    study = read_study(path)
    arms = study.design.arms
    if arm is None:
        arm = next((name for name, protocol in arms.items() if protocol.is_cell_therapy), next(iter(arms)))
    if arm not in arms:
        raise StudyError(str(path), unknown_word("--arm", arm, arms, "arm"))
    return study, arm


def _scores(text: str) -> list[Score]:
    from sciatrial.foundation import unknown_word

    words = [word.strip() for word in text.split(",") if word.strip()]
    wrong = [word for word in words if word not in [str(score) for score in Score]]
    if wrong or not words:
        raise StudyError("sensitivity", [unknown_word("--outcome", word, Score, "score") for word in wrong or [text]])
    return [Score(word) for word in words]


def _months(text: str) -> tuple[float, ...]:
    try:
        months = tuple(sorted({float(word) for word in text.split(",")}))
    except ValueError as error:
        problem = Problem("--months", f"is {text!r}", "numbers separated by commas, for example 1,3,6")
        raise StudyError("months", problem) from error
    problem = months_problem("--months", months)
    if problem is not None:
        raise StudyError("months", problem)
    return months


def _words(score: str) -> tuple[str, str, int]:
    """Return which way is relief, the unit, and how many decimals tell something."""
    from sciatrial.foundation import scale_of

    top = scale_of(score)[1]
    relief = "above 0 is relief" if score == Score.QUALITY_OF_LIFE else "below 0 is relief"
    return (relief, "points", 1) if top > 10 else (relief, f"on a scale up to {top:g}", 3)

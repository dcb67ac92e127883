"""The pictures of the report, each with what it shows in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from sciatrial.report import figures, tables
from sciatrial.report.assurance_figures import plot_assurance
from sciatrial.report.borrowing_figures import plot_control_prior, plot_drift
from sciatrial.report.course_figures import has_closed_arms, plot_allocation, plot_open_arms
from sciatrial.report.dose_figures import plot_dose_response
from sciatrial.report.effects import measure_of, measure_words
from sciatrial.report.enrichment_report import has_subgroup, plot_selections
from sciatrial.report.evidence_figures import plot_evidence_map
from sciatrial.report.family_figure import plot_arms
from sciatrial.report.family_tables import drops_arms
from sciatrial.report.flow_figure import plot_flow
from sciatrial.report.flow_words import flow_of
from sciatrial.report.forest_figure import plot_forest
from sciatrial.report.look_figures import drawn_scenario, has_interim_looks, plot_looks
from sciatrial.report.new_size_report import has_new_size, plot_new_sizes
from sciatrial.report.page import picture_address
from sciatrial.report.population_figures import plot_population
from sciatrial.report.population_tables import POPULATION_SAYS, rows_of
from sciatrial.report.report_inputs import ReportInputs
from sciatrial.trial import OperatingCharacteristics, SummaryMeasure, assurance_curve


def report_pictures(inputs: ReportInputs, comparison: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Return name → image address, its width in pixels, and what it shows, also for those who cannot see it.

    Parameters
    ----------
    inputs
        What the report shows.
    comparison
        From `compare_with_published`.
    """
    endpoint = str(inputs.operating.endpoint["outcome"])
    arms = list(inputs.study["arms"])
    cells = [arm for arm, arm_words in inputs.study["arms"].items() if arm_words["intervention"] == "cell_therapy"]
    colours = figures.arm_colours(arms, cells)
    score = figures.words_of(endpoint)
    made = {
        "courses": (
            figures.plot_courses(inputs.operating, inputs.result, score=endpoint, colours=colours),
            f"{score} by arm. Line: median over simulated trials of the arm's mean; bands: middle 50 and 90 %. Open "
            "circles: one of these trials, mean and 95 % interval of those still observed.",
        ),
        "scores": (
            figures.plot_all_scores(inputs.operating, colours=colours, skip=endpoint),
            "All other scores by arm: median over simulated trials of the arm's mean; bars hold the middle 50 %.",
        ),
        "contrasts": (
            figures.plot_contrasts(
                inputs.result, important=inputs.study["trial"].get("minimal_important_change")
            ).figure,
            f"Comparisons of one simulated trial ({inputs.result.name}), with "
            f"{100 * (1 - 2 * inputs.result.alpha_of_a_side):g} % intervals.",
        ),
        "operating": (
            figures.plot_operating(inputs.operating).figure,
            "Share of simulated trials that succeed, with 95 % Monte-Carlo intervals.",
        ),
        "truth": (
            figures.plot_truth(inputs.operating),
            "Each point is one simulated trial: its estimate against the true value of its estimand under the same "
            "draw. The line is where both are equal.",
        ),
        "assurance": (
            plot_assurance(
                [assurance_curve(inputs.operating, comparison) for comparison in _compared(inputs.operating)],
                **_important(inputs),
            ),
            "Above: share of trials that show a benefit over the true benefit that they meet (logistic curve, 95 % "
            "band; points: groups of trials). Dotted: assurance, the curve's mean over the true benefits below.",
        ),
        "flow": (
            plot_flow(flow_of(inputs.result, inputs.study)),
            f"Participant flow of one simulated trial ({inputs.result.name}), as CONSORT 2025 has it. Nobody declines "
            "to take part, and nobody stops the treatment once it is given: neither is simulated.",
        ),
        "inside": (
            figures.plot_inside(inputs.operating, colours=colours),
            "What happens inside, by arm: median over simulated trials of the arm's mean; bands hold the middle 50 %. "
            "No trial could see it.",
        ),
    }  # fmt: skip
    if has_interim_looks(inputs.operating):
        made["looks"] = (
            plot_looks(inputs.operating),
            "The statistic at each look of simulated trials "
            f"({tables.scenario_words(drawn_scenario(inputs.operating))}) until they stop, and the bounds.",
        )
    if has_new_size(inputs.operating):
        said = "Patients of simulated trials whose size is estimated anew, by the result at the look, and how often."
        made["new-size"] = (plot_new_sizes(inputs.operating, inputs.new_sizes), said)
    if has_subgroup(inputs.operating):
        said = "What looks of simulated trials find in full population and subgroup, and which of the two goes on."
        made["selections"] = (plot_selections(inputs.operating), said)
    if drops_arms(inputs.operating):
        each = "population" if has_subgroup(inputs.operating) else "arm"
        said = f"What becomes of each {each} in simulated trials, by scenario."
        made["arms"] = (plot_arms(inputs.operating), said)
    if len(inputs.result.dose_target):
        made["doses"] = (
            plot_dose_response(inputs.result),
            f"Benefit by dose in one simulated trial ({inputs.result.name}): adjusted means and 95 % intervals of the "
            "differences; the shapes that are shown, each over its own value at dose 0, which need not be the "
            "control's estimate; the target dose with its interval.",
        )
    made |= _course_figure(inputs, colours)
    made |= _borrowing_figures(inputs)
    if np.isfinite(comparison["published"]).any() and np.isfinite(comparison["simulated_median"]).any():
        made["published"] = (
            figures.plot_published(comparison, colours=colours),
            "Published arm results beside simulated trials. The interval is of an arm's summary over simulated trials.",
        )
    for place, (answer, _) in enumerate(inputs.together):
        if not answer.unanswered:
            said = f"{tables.sentence(answer.question.in_words())}: published trials, and what they say together."
            made[f"together-{place}"] = (plot_forest(answer, inputs.lights), said)
    if inputs.mapped is not None:
        said = "Published studies of cells by type and route. What nobody has studied is marked."
        made["map"] = (plot_evidence_map(inputs.mapped), said)
    if inputs.population is not None and len(rows_of(inputs.population, inputs.cause)):
        made["population"] = (plot_population(inputs.population, cause=inputs.cause).figure, POPULATION_SAYS)
    return {
        # as wide as its text was set for, so that letters are the same size in every figure
        name: {"address": picture_address(figure), "says": says, "width": round(figure.get_figwidth() * 112)}
        for name, (figure, says) in made.items()
    }


def _important(inputs: ReportInputs) -> dict[str, Any]:
    """Return the unit of a benefit and, where it is of scores, the benefit that matters to a patient."""
    endpoint = inputs.operating.endpoint
    if measure_of(endpoint) is SummaryMeasure.DIFFERENCE_IN_MEANS:
        return {"important": inputs.study["trial"].get("minimal_important_change")}
    return {"unit": measure_words(endpoint)}


def _borrowing_figures(inputs: ReportInputs) -> dict[str, Any]:
    """Return the figures of a borrowed control, none where nothing is borrowed."""
    if inputs.control_prior is None or inputs.operating.borrowed.empty:
        return {}
    beside = "the control of one simulated trial"
    if len(inputs.control_prior.arms):
        beside = f"the published arms that it is made of and {beside}"
    made = {
        "control-prior": (
            plot_control_prior(inputs.control_prior, inputs.result),
            f"The prior of the control's mean change (above); below it {beside} ({inputs.result.name}), with 95 % "
            "intervals.",
        )
    }
    if not inputs.drifts.empty:
        said = "Type I error and power with and without borrowing, by the drift of the control from the prior's mean."
        made["drift"] = (plot_drift(inputs.drifts), said)
    return made


def _course_figure(inputs: ReportInputs, colours: Mapping[str, str]) -> dict[str, Any]:
    """Return the picture of the course that assigned patients, none for designs whose course does not."""
    if inputs.operating.allocation.empty:
        return {}
    which = tables.scenario_words(drawn_scenario(inputs.operating))
    if has_closed_arms(inputs.operating):
        told = "from the mean month of the first patient who could get the arm to that of the last"
        figure = plot_open_arms(inputs.operating, colours=colours)
        return {"course": (figure, f"Arms open over time ({which}): {told}; lines: middle 90 % of trials.")}
    told = "Each arm's probability of assignment over the course of simulated trials"
    figure = plot_allocation(inputs.operating, colours=colours)
    return {"course": (figure, f"{told} ({which}): mean over trials, bands hold the middle 50 and 90 %.")}


def _compared(operating: OperatingCharacteristics) -> list[str]:
    return list(dict.fromkeys(map(str, operating.trials["comparison"])))

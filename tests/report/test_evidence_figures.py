"""Pictures of what the tables hold."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from sciatrial.report import figures, plot_courses, plot_evidence_map, plot_harms, plot_network
from tests.report.conftest import marks, texts

ROUTES = ("intradiscal", "epidural_transforaminal", "perineural", "operative")


def map_of() -> pd.DataFrame:
    """Return two cell types; one study of 40 patients in the disc, one of unknown size at an operation."""
    rows = [
        {"cell_type": cell, "route": route, "outcome": outcome, "n_studies": 0, "n_patients": 0.0, "best": "none"}
        for cell in ("uc_msc", "mpc")
        for route in ROUTES
        for outcome in ("leg_pain", "back_pain", "disability")
    ]
    frame = pd.DataFrame(rows)
    frame.loc[0, ["n_studies", "n_patients", "best"]] = [2, 40.0, "randomised"]
    frame.loc[9, ["n_studies", "n_patients", "best"]] = [1, 0.0, "uncontrolled"]
    return frame


def visit(study: str, *treatments: str, month: float = 3.0, source: str = "arms") -> list[dict]:
    return [
        {"study": study, "treatment": name, "month": month, "estimate": -10.0 * place, "se": 3.0, "n": 20.0,
         "source": source, "is_imputed": False}
        for place, name in enumerate(treatments)
    ]  # fmt: skip


def arms_of(*visits: list[dict]) -> pd.DataFrame:
    columns = ["study", "treatment", "month", "estimate", "se", "n", "source", "is_imputed"]
    return pd.DataFrame([row for rows in visits for row in rows], columns=columns)


def draws_of(*treatments: str) -> pd.DataFrame:
    return pd.DataFrame(
        [{"treatment": name, "month": month, "median": -month, "low": -month - 5, "high": -month + 5}
         for name in treatments for month in (1.0, 3.0, 12.0)],
        columns=["treatment", "month", "median", "low", "high"],
    )  # fmt: skip


HARMS = pd.DataFrame(
    [("infection", 3, 2, 90, 2.2, 0.5, 6.0, 1.2, 0.1, 13.0, 1), ("tumour", 2, 0, 38, np.nan, 0.0, 7.6, np.nan, np.nan,
     np.nan, 0)],
    columns=["event", "n_arms", "n_with_event", "n_at_risk", "percent", "low", "high", "odds_ratio", "odds_ratio_low",
             "odds_ratio_high", "n_trials"],
)  # fmt: skip
NETWORK = arms_of(
    visit("one", "cell_therapy", "placebo_procedure"),
    visit("two", "cell_therapy", "placebo_procedure"),
    visit("two", "cell_therapy", "placebo_procedure", month=12.0),
    visit("three", "surgery", "usual_care"),
    visit("review: somebody", "surgery", "physiotherapy", source="review"),
)


def test_a_map_has_a_panel_an_outcome_and_prints_patients_and_studies():
    figure = plot_evidence_map(map_of())
    titles = [ax.get_title("left").split(":")[0] for ax in figure.axes]
    assert titles == ["Leg pain", "Back pain", "Disability"]
    assert "40 (2)" in texts(figure)


def test_what_nobody_measured_at_the_root_says_no_trial_and_is_hatched():
    ax = plot_evidence_map(map_of()).axes[0]
    assert [text.get_text() for text in ax.texts].count("no trial") == 4
    assert sum(patch.get_hatch() is not None for patch in ax.patches) == 4


def test_patients_who_were_not_counted_are_not_told_as_none():
    figure = plot_evidence_map(map_of())
    assert "n ? (1)" in texts(figure)
    assert "0 (1)" not in texts(figure)


def test_designs_differ_in_shape_as_well_as_colour():
    legend = plot_evidence_map(map_of()).legends[0]
    assert len({handle.get_marker() for handle in legend.legend_handles[:3]}) == 3


def test_a_network_has_a_node_a_treatment_with_its_studies():
    told = texts(plot_network(NETWORK))
    for words in ("Cell therapy (2)", "Placebo procedure (2)", "Surgery (2)", "Usual care (1)", "Physiotherapy (1)"):
        assert words in told


def test_islands_stand_apart_and_are_counted():
    figure = plot_network(NETWORK)
    told = texts(figure)
    assert "2 islands: nothing compares one with another" in told
    assert "Island 1: 3 treatments, 2 studies" in told
    boxes = [patch.get_bbox() for patch in figure.axes[0].patches]
    assert not boxes[0].overlaps(boxes[1])


def test_a_comparison_of_reviews_only_is_dashed():
    lines = plot_network(NETWORK).axes[0].lines
    assert [line.is_dashed() for line in lines].count(True) == 1
    assert len(lines) == 3


def test_a_trial_counts_once_however_many_visits_it_has():
    assert [text.get_text() for text in plot_network(NETWORK).axes[0].texts].count("2") == 1


def test_names_of_twenty_five_treatments_do_not_overlap():
    chain = [visit(f"s{k}", f"other: treatment number {k}", f"other: treatment number {k + 1}") for k in range(24)]
    figure = plot_network(arms_of(*chain))
    figure.draw_without_rendering()
    names = [text for text in figure.axes[0].texts if text.get_text().startswith("Other")]
    boxes = [text.get_window_extent() for text in names]
    assert len(boxes) == 25
    assert not any(one.overlaps(other) for place, one in enumerate(boxes) for other in boxes[place + 1 :])
    assert all(box.x0 >= 0 and box.x1 <= figure.bbox.width for box in boxes)


def test_a_network_without_a_comparison_says_so():
    assert "No comparison in these tables" in texts(plot_network(arms_of()))


def test_every_treatment_but_the_reference_has_a_panel_of_its_course():
    figure = plot_courses(draws_of("cell_therapy", "surgery", "placebo_procedure"), NETWORK)
    shown = [ax.get_title("left") for ax in figure.axes if ax.get_visible()]
    assert shown == ["Cell therapy", "Surgery"]
    assert "Effect against placebo procedure over time" in texts(figure)


def test_trials_against_the_reference_are_points_with_intervals():
    cells, surgery = plot_courses(draws_of("cell_therapy", "surgery"), NETWORK).axes
    points = [(point.get_xdata()[0], point.get_ydata()[0]) for point in marks(cells, "o")]
    assert sorted(points) == [(3.0, 10.0), (3.0, 10.0), (12.0, 10.0)]
    assert not marks(surgery, "o")
    assert "no trial against it directly" in texts(surgery)


def test_another_reference_is_named_and_used():
    figure = plot_courses(draws_of("surgery"), NETWORK, reference="usual_care")
    assert "against usual care" in texts(figure)
    assert marks(figure.axes[0], "o")[0].get_ydata()[0] == 10.0


def test_courses_share_their_axes():
    first, second = plot_courses(draws_of("cell_therapy", "surgery"), NETWORK).axes
    assert first.get_ylim() == second.get_ylim()
    assert first.get_xlim() == second.get_xlim()


def test_no_course_gives_a_picture_that_says_so():
    assert "No treatment to draw" in texts(plot_courses(draws_of(), arms_of()))


def test_events_are_percentages_with_counts():
    figure = plot_harms(HARMS)
    assert [mark.get_xdata()[0] for mark in marks(figure.axes[0], "s")] == [2.2]
    told = texts(figure)
    assert "2.2 (0.5 to 6.0)" in told
    assert "2/90" in told
    assert "1.20 (0.10 to 13.00), 1 trial" in told


def test_no_event_is_a_bound_with_an_arrow_and_never_a_point():
    figure = plot_harms(HARMS)
    arrows = [text for text in figure.axes[0].texts if getattr(text, "arrow_patch", None) is not None]
    assert len(arrows) == 1
    assert [mark.get_xdata()[0] for mark in marks(figure.axes[0], "|")] == [7.6]
    assert "none; under 7.6" in texts(figure)
    assert "0/38" in texts(figure)


def test_no_count_gives_a_picture_that_says_so():
    assert "No count of an adverse event" in texts(plot_harms(HARMS.iloc[:0]))


@pytest.mark.parametrize(
    "draw",
    [
        lambda: plot_evidence_map(map_of()),
        lambda: plot_network(NETWORK),
        lambda: plot_courses(draws_of("cell_therapy"), NETWORK),
        lambda: plot_harms(HARMS),
    ],
    ids=["map", "network", "courses", "harms"],
)
def test_settings_are_left_alone_and_the_same_picture_comes_twice(draw):
    before = dict(mpl.rcParams)
    assert figures.as_svg(draw()) == figures.as_svg(draw())
    assert dict(mpl.rcParams) == before

"""The picture of a flow: every box in its place, whatever the number of arms."""

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from sciatrial.report.flow_figure import plot_flow
from sciatrial.report.flow_words import Flow

STAGES = (
    ("Allocated to x (n = 12)", "received it (n = 11)", "not received: own cells could not be made (n = 1)"),
    ("Lost to follow-up (n = 4)", "took rescue before it (n = 3)"),
    ("Analysed (n = 8)", "not analysed (n = 4)", "left before the endpoint (n = 4)"),
)


def flow(n_arms):
    arms = {f"arm_{place}_with_a_rather_long_name": STAGES for place in range(n_arms)}
    return Flow(
        ("Assessed for eligibility (n = 99)",), ("Excluded (n = 9)", "pain (n = 9)"), ("Randomised (n = 90)",), arms
    )


def boxes(figure):
    """Return left, lower, right and upper edge of every rounded box."""
    shapes = [patch for patch in figure.axes[0].patches if type(patch).__name__ == "FancyBboxPatch"]
    return [(b.get_x(), b.get_y(), b.get_x() + b.get_width(), b.get_y() + b.get_height()) for b in shapes]


@pytest.mark.parametrize("n_arms", range(2, 9))
def test_no_box_overlaps_another_or_leaves_the_page(n_arms):
    figure = plot_flow(flow(n_arms))
    found = boxes(figure)
    width, height = figure.get_size_inches()
    assert len(found) == 3 + 3 * n_arms
    for place, (x0, y0, x1, y1) in enumerate(found):
        assert min(x0, y0) > 0
        assert (x1 < width, y1 < height) == (True, True)
        for u0, v0, u1, v1 in found[place + 1 :]:
            assert x1 <= u0 or u1 <= x0 or y1 <= v0 or v1 <= y0


@pytest.mark.parametrize("n_arms", [2, 4, 5, 8])
def test_every_line_of_text_lies_in_its_box(n_arms):
    figure = plot_flow(flow(n_arms))
    ax = figure.axes[0]
    renderer = FigureCanvasAgg(figure).get_renderer()
    found = boxes(figure)
    for text in ax.texts:
        if not text.get_text() or text.get_rotation():
            continue
        extent = text.get_window_extent(renderer).transformed(ax.transData.inverted())
        assert any(
            x0 <= extent.x0 and extent.x1 <= x1 and y0 <= extent.y0 and extent.y1 <= y1 for x0, y0, x1, y1 in found
        ), text.get_text()


def test_arms_beyond_four_stand_in_two_rows():
    tops = {round(box[3], 6) for box in boxes(plot_flow(flow(4)))}
    more = {round(box[3], 6) for box in boxes(plot_flow(flow(7)))}
    assert (len(tops), len(more)) == (6, 9)

from sciatrial.report.family_figure import plot_arms
from tests.trial.adaptive import arms_design, operating_of


def test_every_arm_has_a_bar_of_all_trials_in_every_scenario():
    figure = plot_arms(operating_of(arms_design))
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["no cell effect", "optimistic"]
    for ax in figure.axes:
        widths = {}
        for bar in ax.patches:
            widths[round(bar.get_y(), 3)] = widths.get(round(bar.get_y(), 3), 0) + bar.get_width()
        assert all(abs(width - 100) < 1e-9 for width in widths.values())
        assert len(widths) == 2

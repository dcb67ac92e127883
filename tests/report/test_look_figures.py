from dataclasses import replace

import numpy as np

from sciatrial.report.look_figures import has_interim_looks, plot_looks


def words(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_a_design_with_one_look_has_none_in_between(operating):
    one = replace(operating, stopping=operating.stopping.loc[operating.stopping["look"] == 1])
    assert has_interim_looks(operating)
    assert not has_interim_looks(one)
    assert not has_interim_looks(replace(operating, stopping=operating.stopping.iloc[:0]))


def test_every_trial_is_a_path_that_ends_where_it_stopped(operating):
    figure = plot_looks(operating)
    paths = [line for line in figure.axes[0].lines if line.get_lw() == 0.7]
    mine = operating.looks.loc[operating.looks["scenario"] == "prior"]
    assert len(paths) == mine["trial"].nunique()
    ends = sorted(float(line.get_ydata()[-1]) for line in paths)
    np.testing.assert_allclose(ends, sorted(mine.groupby("trial")["z"].last()))


def test_bounds_of_both_sides_are_drawn_and_named(operating):
    figure = plot_looks(operating)
    assert "bound for efficacy" in words(figure)
    assert "bound for futility" not in words(figure)
    drawn = [tuple(line.get_ydata()) for line in figure.axes[0].lines]
    assert (2.96, 1.97) in drawn
    assert (-2.96, -1.97) in drawn


def test_a_futility_bound_is_drawn_where_there_is_one(operating):
    looks = operating.looks.assign(futility_z=np.where(operating.looks["look"] == 1, 0.3, np.nan))
    is_bound = (operating.stopping["quantity"] == "futility_z") & (operating.stopping["look"] == 1)
    stopping = operating.stopping.assign(value=np.where(is_bound, 0.3, operating.stopping["value"]))
    assert "bound for futility" in words(plot_looks(replace(operating, looks=looks, stopping=stopping)))


def test_where_no_draw_could_enrol_the_reference_is_drawn(operating):
    looks = operating.looks.loc[operating.looks["scenario"] == "reference"]
    assert len(plot_looks(replace(operating, looks=looks)).axes) == 1

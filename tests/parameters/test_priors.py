"""The prior table is read strictly, and draws keep to it."""

import csv
from dataclasses import replace

import numpy as np
import pytest

from sciatrial.foundation import CalibrationError
from sciatrial.parameters import (
    CELL_EFFECTS,
    Draws,
    draw_parameters,
    from_scale,
    onto_scale,
    read_prior,
    reference_draw,
    refuse_other_numbers,
    without_effects,
)

PRIOR = read_prior()


@pytest.fixture
def table(tmp_path):
    """Write the shipped table with one cell changed."""

    def write(key=None, **changes):
        path = tmp_path / "priors.csv"
        rows = [row.model_dump() for row in PRIOR.entries]
        for row in rows:
            name = f"{row['qualifier']}.{row['name']}" if row["qualifier"] else row["name"]
            if name == key:
                row |= changes
        with path.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, fieldnames=list(rows[0]))
            writer.writeheader()
            writer.writerows([{k: "" if v is None else v for k, v in row.items()} for row in rows])
        return path

    return write


def test_every_draw_lies_within_its_documented_range():
    values = draw_parameters(PRIOR, n_draws=200, seed=1, inclusion_probability=1.0).values
    for column, row in enumerate(PRIOR.entries):
        if row.low is not None:
            assert (values[:, column] >= row.low * (1 - 1e-12)).all(), row.key
            assert (values[:, column] <= row.high * (1 + 1e-12)).all(), row.key


def test_a_centred_range_is_the_central_ninety_percent_before_it_is_cut_off():
    row = next(row for row in PRIOR.entries if row.name == "trial_context_shift")
    values = draw_parameters(PRIOR, n_draws=4000, seed=2).table()["trial_context_shift"]
    # a normal cut off at its 5 % and 95 % points keeps 0.79 of its standard deviation
    assert values.std() == pytest.approx(0.7904 * row.high / 1.6449, rel=0.04)
    assert abs(values.mean()) < 0.05


def test_draw_17_is_the_same_however_many_are_drawn():
    few = draw_parameters(PRIOR, n_draws=20, seed=5)
    many = draw_parameters(PRIOR, n_draws=60, seed=5)
    late = draw_parameters(PRIOR, n_draws=3, seed=5, first=16)
    assert np.array_equal(few.values[17], many.values[17])
    assert np.array_equal(late.values[1], many.values[17])


def test_each_optional_effect_is_absent_with_its_stated_probability():
    included = draw_parameters(PRIOR, n_draws=2000, seed=3, inclusion_probability=0.3).included
    assert np.abs(included.mean(axis=0) - 0.3).max() < 4 * np.sqrt(0.21 / 2000)


def test_optional_effects_come_and_go_independently():
    included = draw_parameters(PRIOR, n_draws=2000, seed=3).included.astype(float)
    off_diagonal = np.corrcoef(included.T)[~np.eye(included.shape[1], dtype=bool)]
    assert np.abs(off_diagonal).max() < 0.1


def test_an_absent_effect_is_exactly_zero():
    draws = draw_parameters(PRIOR, n_draws=50, seed=4, inclusion_probability=0.0)
    for column, row in enumerate(PRIOR.entries):
        if row.inclusion:
            assert (draws.values[:, column] == 0).all()


def test_taking_cell_effects_out_changes_nothing_else():
    draws = draw_parameters(PRIOR, n_draws=10, seed=4, inclusion_probability=1.0)
    without = without_effects(PRIOR, draws, CELL_EFFECTS)
    for column, row in enumerate(PRIOR.entries):
        if row.inclusion in CELL_EFFECTS:
            assert (without.values[:, column] == 0).all()
        else:
            assert np.array_equal(without.values[:, column], draws.values[:, column])


def test_the_cell_effects_are_effects_of_the_table():
    assert set(CELL_EFFECTS) <= set(PRIOR.groups)


def test_the_reference_draw_holds_the_reference_values_and_only_the_named_effects():
    draw = reference_draw(PRIOR, included=("cell_conversion",)).one(0)
    assert draw.value("resorption_rate") == 0.02
    assert draw.value("converted_cell_matrix_factor") == 1.0
    assert draw.value("disc_resolution_gain") == 0.0


def test_the_most_specific_row_wins():
    draw = reference_draw(PRIOR).one(0)
    assert draw.value("narrowing_pressure") == 30.0
    assert draw.value("narrowing_pressure", ("stenosis",)) == 45.0
    assert draw.value("fragment_exposure_factor", ("bulge", "herniation")) == 0.02


@pytest.mark.parametrize("scale", ["linear", "log", "logit"])
def test_scales_have_their_inverse(scale):
    x = np.array([0.01, 0.3, 0.9])
    assert from_scale(scale, onto_scale(scale, x)) == pytest.approx(x, rel=1e-12)


def test_draws_survive_saving(tmp_path):
    draws = draw_parameters(PRIOR, n_draws=3, seed=9)
    again = Draws.load(draws.save(tmp_path / "draws"))
    assert again.fingerprint() == draws.fingerprint()


def test_all_faulty_rows_are_told_at_once(table):
    path = table("resorption_rate", reference=7.0)
    text = path.read_text().replace("dehydration_rate,,model,0.0003", "dehydration_rate,,model,nan")
    path.write_text(text)
    with pytest.raises(CalibrationError) as caught:
        read_prior(path)
    message = str(caught.value)
    assert "resorption_rate" in message
    assert "lies outside" in message
    assert "dehydration_rate" in message
    assert len(caught.value.problems) == 2


def test_a_range_that_does_not_fit_its_scale_is_refused(table):
    with pytest.raises(CalibrationError, match="does not fit the scale"):
        read_prior(table("resorption_rate", low=0.0))


def test_a_key_with_two_rows_is_refused(table):
    path = table()
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines, lines[1]]) + "\n")
    with pytest.raises(CalibrationError, match="more than one row"):
        read_prior(path)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(CalibrationError, match="cannot be read"):
        read_prior(tmp_path / "nowhere.csv")


def test_no_draws_are_refused():
    with pytest.raises(CalibrationError, match="1 or more"):
        draw_parameters(read_prior(), n_draws=0, seed=1)


def test_every_draw_lies_in_the_range_of_its_row():
    prior = read_prior()
    draws = draw_parameters(prior, n_draws=200, seed=1, inclusion_probability=1.0)
    for row in prior.entries:
        if row.low is not None and row.high is not None:
            values = draws.values[:, draws.keys.index(row.key)]
            assert row.low <= values.min(), row.key
            assert values.max() <= row.high, row.key


def test_draws_of_other_numbers_are_refused_by_name():
    drawn = draw_parameters(PRIOR, n_draws=2, seed=1)
    refuse_other_numbers(PRIOR, drawn)
    with pytest.raises(CalibrationError, match=f"without {drawn.keys[0]}, with renamed"):
        refuse_other_numbers(PRIOR, replace(drawn, keys=("renamed", *drawn.keys[1:])))
    with pytest.raises(CalibrationError, match="in another order"):
        refuse_other_numbers(PRIOR, replace(drawn, keys=drawn.keys[::-1]))

import pytest

from sciatrial.synthesis.treatments import CELLS, PLACEBO_PROCEDURE, Level, class_of, treatment_of


def arm(intervention, cell_type="", arm_id="a"):
    return {"intervention": intervention, "cell_type": cell_type, "arm_id": arm_id}


def test_sham_and_saline_are_one_comparator():
    assert treatment_of(arm("sham")) == treatment_of(arm("saline")) == PLACEBO_PROCEDURE


@pytest.mark.parametrize(("level", "name"), [(Level.CLASS, CELLS), (Level.PRODUCT, f"{CELLS}: mpc")])
def test_cells_are_one_class_or_told_apart(level, name):
    assert treatment_of(arm("cell_therapy", "mpc"), level) == name
    assert class_of(name) == CELLS


def test_what_has_no_word_is_never_joined_with_another_studys():
    assert treatment_of(arm("other", arm_id="ozone")) != treatment_of(arm("other", arm_id="condoliase"))


def test_an_oral_placebo_is_not_a_procedure():
    assert treatment_of(arm("placebo_oral")) == "placebo_oral" == class_of("placebo_oral")

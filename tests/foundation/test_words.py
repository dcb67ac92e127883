import inspect
import re
from enum import StrEnum

import pytest

from sciatrial import foundation
from sciatrial.foundation import words

LISTS = [member for _, member in inspect.getmembers(words, inspect.isclass) if issubclass(member, StrEnum)]
LISTS = [member for member in LISTS if member is not StrEnum]


@pytest.mark.parametrize("closed_list", LISTS, ids=lambda member: member.__name__)
def test_a_member_is_named_after_its_word(closed_list):
    assert [member.name for member in closed_list] == [member.value.upper() for member in closed_list]


@pytest.mark.parametrize("closed_list", LISTS, ids=lambda member: member.__name__)
def test_words_are_plain_lower_case_so_that_they_fit_a_table_cell_and_a_study_file(closed_list):
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", member) for member in closed_list)


@pytest.mark.parametrize("closed_list", LISTS, ids=lambda member: member.__name__)
def test_no_word_is_spelt_twice_in_a_list(closed_list):
    assert len(closed_list.__members__) == len(list(closed_list))


@pytest.mark.parametrize("closed_list", LISTS, ids=lambda member: member.__name__)
def test_a_list_is_offered_at_the_front_door_and_says_what_it_is(closed_list):
    assert getattr(foundation, closed_list.__name__) is closed_list
    assert closed_list.__doc__
    assert closed_list.__doc__ != StrEnum.__doc__


def test_a_word_is_read_from_its_spelling():
    assert words.Route("perineural") is words.Route.PERINEURAL


def test_a_word_prints_as_its_spelling():
    assert f"{words.CellType.UC_MSC}" == "uc_msc"


def test_every_carrier_of_cells_that_is_a_treatment_has_the_treatments_spelling():
    shared = {str(carrier) for carrier in words.Carrier} - {"fibrin"}
    assert shared <= {str(intervention) for intervention in words.Intervention}

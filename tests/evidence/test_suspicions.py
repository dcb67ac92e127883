"""Suspicions: each rule finds its fault in a form, and a remedy ends it."""

import pytest

from sciatrial.evidence import read_form
from sciatrial.evidence.suspicions import joined

IDENTIFIERS = [("registration", "ACTRN126; NCT01860417"), ("doi", "10.1097/tp.0b013e3182298a15")]


def _found(path, evidence):
    return [warning.found for warning in read_form(path, evidence).warnings]


@pytest.mark.parametrize(("column", "text"), IDENTIFIERS)
def test_a_study_with_the_same_identifier_is_suspected_with_the_row(form, evidence, column, text):
    (found,) = _found(form(("year = 2026", f'year = 2026\n{column} = "{text}"')), evidence)
    assert column in found
    assert "studies.csv, row " in found


def test_a_study_with_the_same_pubmed_number_is_suspected(form, evidence):
    number = next(text for text in evidence.studies["pmid"] if text)
    assert "same pmid as studies.csv" in _found(form(("year = 2026", f'year = 2026\npmid = "{number}"')), evidence)[0]


def test_a_study_of_the_same_size_year_condition_and_arms_is_suspected(form, evidence):
    first = read_form(form(), evidence)
    later = form(("Nobody N", "Somebody S"), ('"invented2026"', '"again2026"'))
    (found,) = _found(later, joined(evidence, first.frames))
    assert "same n_total, year, condition and arms" in found
    assert "(invented2026)" in found


def test_a_suspected_duplicate_comes_with_the_group_to_write(form, evidence):
    study = evidence.studies[(evidence.studies["overlap_group"] != "") & (evidence.studies["doi"] != "")].iloc[0]
    path = form(("year = 2026", f'year = 2026\ndoi = "{study["doi"]}"'))
    (warning,) = read_form(path, evidence).warnings
    assert f"adds_to = '{study['study_id']}'" in warning.next_step
    assert f"overlap_group = '{study['overlap_group']}'" in warning.next_step


def test_an_overlap_group_ends_the_suspicion_of_a_duplicate(form, evidence):
    marked = ('figure_from = "paper"', 'figure_from = "paper"\noverlap_group = "invented"')
    tables = joined(evidence, read_form(form(marked), evidence).frames)
    found = _found(form(marked, ('"invented2026"', '"again2026"')), tables)
    assert found == ["invented2026, again2026 share patients"]


def test_a_group_that_is_nearly_that_of_others_is_suspected(form, evidence):
    group = next(word for word in evidence.studies["overlap_group"] if word)
    marked = ('figure_from = "paper"', f'figure_from = "paper"\noverlap_group = "{group}s"')
    assert f"'{group}s' is the group of no other study" in _found(form(marked), evidence)


def test_an_arm_without_an_outcome_is_suspected(form, evidence):
    arm = '[[arms]]\narm_id = "third"\nrole = "control"\nintervention = "usual_care"\n'
    assert _found(form(more=arm), evidence) == ["has no outcome"]


def test_a_standard_error_called_sd_is_suspected_by_what_the_instrument_shows(form, evidence):
    (found,) = _found(form(("spread_low = 2.0", "spread_low = 0.45")), evidence)
    assert found == "an SD of 4.5 points of 100"


def test_a_standard_deviation_called_se_is_suspected(form, evidence):
    (found,) = _found(form(('spread_kind = "sd"', 'spread_kind = "se"')), evidence)
    assert found.startswith("an SE that means an SD of 89")


def test_what_the_checks_of_the_tables_find_in_the_new_rows_is_told_and_nothing_old(form, evidence):
    (found,) = _found(form(("n = 20", "n = 25")), evidence)
    assert found == "25 patients"


def test_a_contradiction_inside_the_form_is_told(form, evidence):
    change = (
        '[[outcomes]]\narm_id = "cells"\noutcome = "leg_pain"\ninstrument = "nrs_10"\nmonth = 0\nn = 20\n'
        'statistic = "mean"\nvalue = 7.0\nwhere = "Table 1"\n'
        '[[outcomes]]\narm_id = "cells"\noutcome = "leg_pain"\ninstrument = "nrs_10"\nmonth = 6\nn = 20\n'
        'statistic = "mean_change"\nvalue = -1.0\nwhere = "Table 3"\n'
    )
    assert _found(form(more=change), evidence) == ["mean change is -1"]


def test_joining_changes_nothing_that_was_given(form, evidence):
    before = evidence.fingerprint()
    after = joined(evidence, read_form(form(), evidence).frames)
    assert len(after.studies) == len(evidence.studies) + 1
    assert evidence.fingerprint() == before

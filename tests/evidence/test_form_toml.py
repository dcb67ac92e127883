"""TOML forms as text rows: spelling, what need not be said, and where each row stands."""

import pytest

from sciatrial.evidence.form_toml import read_toml_form
from sciatrial.foundation import EvidenceError


def test_a_number_keeps_its_spelling(form):
    assert read_toml_form(form()).rows["outcomes"][0].cells["value"] == "3.50"


def test_a_row_says_its_place_and_line(form):
    path = form()
    row = read_toml_form(path).rows["outcomes"][1]
    line = [number for number, text in enumerate(path.read_text().splitlines(), 1) if text == "[[outcomes]]"][1]
    assert row.origin == f"invented.toml, outcomes 2 (line {line})"


def test_rows_inherit_from_the_study(form):
    cells = read_toml_form(form()).rows["safety"][0].cells
    assert (cells["study_id"], cells["figure_from"]) == ("invented2026", "paper")


def test_a_known_instrument_brings_its_scale(form):
    cells = read_toml_form(form()).rows["outcomes"][0].cells
    assert (cells["scale_min"], cells["scale_max"]) == ("0", "10")


def test_a_percent_change_brings_no_scale(form):
    cells = read_toml_form(form(('statistic = "mean"', 'statistic = "percent_change"'))).rows["outcomes"][0].cells
    assert (cells["scale_min"], cells["scale_max"]) == ("", "")


def test_no_spread_is_called_none(form):
    path = form(('spread_kind = "sd"\nspread_low = 2.0\n', ""))
    assert read_toml_form(path).rows["outcomes"][0].cells["spread_kind"] == "none"


def test_a_spread_without_its_kind_is_not_called_none(form):
    assert read_toml_form(form(('spread_kind = "sd"\n', ""))).rows["outcomes"][0].cells["spread_kind"] == ""


@pytest.mark.parametrize(
    ("exchanged", "where", "told"),
    [
        (("[[safety]]", "[[safeti]]"), "safeti", "did you mean 'safety'"),
        (('where = "Figure 1"', 'were = "Figure 1"'), "safety 1, were", "did you mean 'where'"),
        (("n_with_event = 1", "n_with_event = [1, 2]"), "safety 1, n_with_event", "one row for each value"),
        (('role = "control"', "role = true"), "arms 2, role", "in double quotes"),
        (("[study]", "[[study]]"), "study", "one form for each study"),
        (("[study]", "[other]"), "study", "adds_to"),
        (("[[safety]]", "[safety]"), "safety", "[[safety]]"),
    ],
)
def test_a_fault_of_the_form_is_told_with_its_place(form, exchanged, where, told):
    problems = {problem.where: str(problem) for problem in read_toml_form(form(exchanged)).problems}
    assert told in problems[f"invented.toml, {where}"]


@pytest.mark.parametrize(("top", "where"), [("schema = 2", "schema"), ('confirmed = "yes"', "confirmed")])
def test_a_fault_at_the_top_is_told(form, top, where):
    assert [problem.where for problem in read_toml_form(form(top=top)).problems] == [f"invented.toml, {where}"]


def test_a_file_that_is_no_toml_is_told_with_its_line(tmp_path):
    (tmp_path / "broken.toml").write_text('[study]\ncitation = "open\n', encoding="utf-8")
    with pytest.raises(EvidenceError, match="line 2"):
        read_toml_form(tmp_path / "broken.toml")


def test_files_that_cannot_be_read_are_told_of(tmp_path):
    (tmp_path / "latin.toml").write_bytes(b'a = "\xe9"')
    with pytest.raises(EvidenceError, match="not UTF-8"):
        read_toml_form(tmp_path / "latin.toml")
    with pytest.raises(EvidenceError, match="cannot be read"):
        read_toml_form(tmp_path / "nowhere.toml")


def test_a_form_is_confirmed_unless_it_says_that_it_is_not(form):
    assert read_toml_form(form()).is_confirmed
    read = read_toml_form(form(top="confirmed = false"))
    assert not read.is_confirmed
    assert [warning.where for warning in read.warnings] == ["invented.toml, confirmed"]


def test_marks_of_doubt_are_told_with_their_lines(form):
    read = read_toml_form(form(("n_total = 41", "n_total = 41  # confirm: enrolled, not analysed")))
    assert [warning.found for warning in read.warnings] == ["1 cell marked '# confirm:'"]

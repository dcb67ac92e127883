"""Forms: a good one reads, and one with every fault tells all of them at once."""

import csv

import pytest

from sciatrial.evidence import read_form, starter_form
from sciatrial.foundation import EvidenceError


def _problems(path, evidence=None):
    with pytest.raises(EvidenceError) as caught:
        read_form(path, evidence)
    return {problem.where: problem for problem in caught.value.problems}


def test_a_good_form_reads_without_a_warning(form, evidence):
    addition = read_form(form(), evidence)
    assert {table: len(rows) for table, rows in addition.rows.items() if rows} == {
        "studies": 1, "arms": 2, "outcomes": 2, "safety": 1,
    }  # fmt: skip
    assert addition.warnings == ()


def test_the_frames_have_the_columns_and_types_of_the_tables(form, evidence):
    frames = read_form(form(), evidence).frames
    for table, frame in frames.items():
        assert list(frame.dtypes.items()) == list(getattr(evidence, table).dtypes.items())


def test_a_form_with_every_fault_tells_all_of_them_at_once(form, evidence):
    path = form(
        ("year = 2026", "year = 20260"),
        ('design = "rct"', 'design = "rtc"'),
        ('dose_basis = "nucleated"\n', ""),
        ('arm_id = "saline"\nrole', 'arm_id = "cells"\nrole'),
        ('instrument = "nrs_10"', 'instrument = "nrs_10"\nscale_min = 0\nscale_max = 100'),
        ("value = 4.8", "value = 14.8"),
        ("n_with_event = 1", "n_with_event = 22"),
        ('where = "Figure 1"', 'were = "Figure 1"'),
        top='schema = 7\ncolour = "red"',
    )
    places = [where.removeprefix("invented.toml, ") for where in _problems(path, evidence)]
    for expected in (
        "colour", "schema", "safety 1, were", "column year", "column design", "column dose_basis", "column scale_max",
        "column value", "column where", "column arm_id", "(invented2026, arm saline), column arm_id",
    ):  # fmt: skip
        assert any(place.endswith(expected) for place in places), expected


def test_every_problem_says_what_is_expected_and_what_to_do(form, evidence):
    for problem in _problems(
        form(('design = "rct"', 'design = "rtc"'), ("year = 2026", "year = 0")), evidence
    ).values():
        assert problem.found
        assert problem.expected
        assert problem.next_step


def test_an_unknown_word_comes_with_the_nearest(form, evidence):
    problem = next(iter(_problems(form(('"svf"', '"svff"')), evidence).values()))
    assert problem.next_step == "did you mean 'svf'?"


def test_a_study_id_that_is_taken_is_an_error_that_names_the_row(form, evidence):
    (problem,) = _problems(form(('"invented2026"', '"noriega2017"')), evidence).values()
    assert problem.found == "'noriega2017' is already used in studies.csv, row 2"


def test_a_faulty_study_id_is_told_once_not_for_every_row(form, evidence):
    assert len(_problems(form(('"invented2026"', '"Invented 2026"')), evidence)) == 1
    assert len(_problems(form(('figure_from = "paper"\n', "")), evidence)) == 1


def test_rows_can_be_added_to_a_study_of_the_tables(tmp_path, evidence):
    path = tmp_path / "later.toml"
    path.write_text(
        'adds_to = "noriega2017"\n[[safety]]\narm_id = "msc"\nevent = "death"\nn_with_event = 0\nn_at_risk = 12\n'
        'where = "text"\nfigure_from = "paper"\n'
    )
    assert read_form(path, evidence).frames["safety"]["study_id"].tolist() == ["noriega2017"]


def test_rows_for_a_study_that_is_nowhere_name_the_nearest(tmp_path, evidence):
    path = tmp_path / "later.toml"
    path.write_text(
        'adds_to = "noriega2018"\n[[safety]]\narm_id = "msc"\nevent = "death"\nn_with_event = 0\n'
        'where = "text"\nfigure_from = "paper"\n'
    )
    assert _problems(path, evidence)["later.toml, adds_to"].next_step == "did you mean 'noriega2017'?"


def test_a_row_that_is_already_there_is_an_error_however_its_numbers_are_spelt(tmp_path, evidence):
    row = evidence.safety.iloc[0].to_dict() | {"n_with_event": "0.0", "n_at_risk": "12", "followup_months": "12.00"}
    path = tmp_path / "safety.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(row))
        writer.writeheader()
        writer.writerow(row | {"n_with_event": "0"})
    assert [problem.found for problem in _problems(path, evidence).values()] == ["is the same as safety.csv, row 2"]


def test_a_folder_with_some_of_the_tables_is_a_form(tmp_path, folder, evidence):
    part = tmp_path / "part"
    part.mkdir()
    lines = (folder / "studies.csv").read_text(encoding="utf-8").splitlines()
    (part / "studies.csv").write_text(f"{lines[0]}\n{lines[2].replace('orozco2011', 'orozco2012')}\n", encoding="utf-8")
    addition = read_form(part, evidence)
    assert addition.rows["studies"][0].origin == "part/studies.csv, row 2"
    assert read_form([part / "studies.csv"], evidence).rows == addition.rows


def test_faults_of_a_csv_file_name_the_file_and_row(tmp_path, folder, evidence):
    lines = (folder / "risk_of_bias.csv").read_text(encoding="utf-8").splitlines()
    path = tmp_path / "risk_of_bias.csv"
    path.write_text(f"{lines[0]}\nnoriega2017,rob3,overall,low,,paper\nx,y\n", encoding="utf-8")
    assert [where.split("/")[1] for where in _problems(path, evidence)] == [
        "risk_of_bias.csv, row 3", "risk_of_bias.csv, row 2 (noriega2017), column tool",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["outcome.csv", "arms.txt"])
def test_a_file_that_is_no_table_names_the_nearest(tmp_path, evidence, name):
    (problem,) = _problems([tmp_path / name], evidence).values()
    assert "did you mean" in problem.next_step


def test_a_folder_without_tables_is_told(tmp_path, evidence):
    assert "folder" in _problems(tmp_path, evidence)


def test_the_starter_form_reads_and_waits_for_confirmation(tmp_path, evidence):
    path = tmp_path / "mine.toml"
    path.write_text(starter_form("mine2026"), encoding="utf-8")
    addition = read_form(path, evidence)
    assert not addition.is_confirmed
    assert [warning.where for warning in addition.warnings] == ["mine.toml, confirmed"]


def test_a_starter_form_without_its_comment_signs_reads_too(tmp_path, evidence):
    import re

    path = tmp_path / "mine.toml"
    path.write_text(re.sub(r"^# (\w+ +=)", r"\1", starter_form("mine2026"), flags=re.MULTILINE), encoding="utf-8")
    assert read_form(path, evidence).frames["studies"]["pmid"].tolist() == ["12345678"]


def test_a_name_that_no_study_can_have_comes_with_one_that_it_can():
    with pytest.raises(EvidenceError, match="for example 'my_study_2026'"):
        starter_form("My study 2026")

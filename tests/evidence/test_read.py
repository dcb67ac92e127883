"""Reading: the shipped tables pass, and every planted fault is told of with its place, all at once."""

import numpy as np
import pytest

from sciatrial.evidence import read_evidence
from sciatrial.foundation import EvidenceError


def _problems(folder):
    with pytest.raises(EvidenceError) as caught:
        read_evidence(folder)
    return {problem.where: problem for problem in caught.value.problems}


def test_a_copy_of_the_shipped_tables_reads_the_same(folder, evidence):
    assert read_evidence(folder).fingerprint() == evidence.fingerprint()


def test_an_empty_number_is_nan_and_an_empty_text_is_empty(evidence):
    amirdelfan = evidence.outcomes[evidence.outcomes["study_id"] == "amirdelfan2021"].iloc[0]
    assert np.isnan(amirdelfan["n"])
    assert evidence.arms["cell_type"].iloc[1] == ""


def test_the_order_of_columns_does_not_matter(folder, evidence):
    path = folder / "risk_of_bias.csv"
    lines = [line.split(",") for line in path.read_text(encoding="utf-8").splitlines()]
    path.write_text("\n".join(",".join(reversed(line)) for line in lines), encoding="utf-8")
    assert read_evidence(folder).fingerprint() == evidence.fingerprint()


def test_a_byte_order_mark_is_no_fault(folder, evidence):
    path = folder / "arms.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert read_evidence(folder).fingerprint() == evidence.fingerprint()


def test_faults_in_all_tables_are_told_of_at_once(folder, spoil):
    spoil("studies", 3, "design", "single-arm")
    spoil("arms", 2, "dose_million_cells", "-25")
    spoil("outcomes", 2, "spread_kind", "sd")
    spoil("safety", 2, "n_with_event", "13")
    spoil("risk_of_bias", 2, "judgement", "lwo")
    spoil("facts", 2, "value", "20%")
    spoil("parameters", 2, "high", "")
    assert list(_problems(folder)) == [
        "studies.csv, row 3 (orozco2011), column design",
        "arms.csv, row 2 (noriega2017, arm msc), column dose_million_cells",
        "outcomes.csv, row 2 (noriega2017, arm msc), column spread_low",
        "safety.csv, row 2 (noriega2017, arm msc), column n_with_event",
        "risk_of_bias.csv, row 2 (noriega2017), column judgement",
        "facts.csv, row 2 (unsatisfactory_outcome_2y), column value",
        "parameters.csv, row 2 (herniation_regression_incidence_pooled), column high",
    ]


def test_two_faults_of_one_row_are_both_told_of(folder, spoil):
    spoil("outcomes", 2, "outcome", "backpain")
    spoil("outcomes", 2, "month", "-1")
    assert [where.split("column ")[1] for where in _problems(folder)] == ["outcome", "month"]


def test_an_unknown_word_comes_with_the_nearest_and_all_words(folder, spoil):
    spoil("arms", 2, "route", "intradiskal")
    problem = _problems(folder)["arms.csv, row 2 (noriega2017, arm msc), column route"]
    assert problem.next_step == "did you mean 'intradiscal'?"
    assert "epidural_transforaminal" in problem.expected


@pytest.mark.parametrize("text", ["nan", "inf", "-Infinity"])
def test_a_number_that_is_not_finite_is_told_of(folder, spoil, text):
    spoil("outcomes", 2, "value", text)
    assert list(_problems(folder)) == ["outcomes.csv, row 2 (noriega2017, arm msc), column value"]


def test_a_decimal_comma_is_explained(folder, spoil):
    spoil("outcomes", 2, "value", "-20,5")
    problem = _problems(folder)["outcomes.csv, row 2 (noriega2017, arm msc), column value"]
    assert "'-20.5' with a point" in problem.next_step


def test_an_empty_cell_that_must_be_filled_is_told_of(folder, spoil):
    spoil("outcomes", 2, "value", "")
    assert _problems(folder)["outcomes.csv, row 2 (noriega2017, arm msc), column value"].found == "is empty"


@pytest.mark.parametrize(("column", "text"), [("year", "20017"), ("doi", "doi:10.1/x"), ("source_url", "see paper")])
def test_an_implausible_cell_is_told_of(folder, spoil, column, text):
    spoil("studies", 2, column, text)
    assert list(_problems(folder)) == [f"studies.csv, row 2 (noriega2017), column {column}"]


def test_a_missing_folder_is_told_of(tmp_path):
    assert _problems(tmp_path / "nowhere")["folder"].next_step == "check the path"


def test_missing_and_unreadable_files_are_told_of_beside_faulty_rows(folder, spoil):
    spoil("studies", 2, "design", "trial")
    (folder / "arms.csv").unlink()
    (folder / "outcomes.csv").write_bytes(b"\xff\xfe\x00s")
    (folder / "safety.csv").write_text("")
    (folder / "facts.csv").write_text('topic,name\n"open', encoding="utf-8")
    found = {where: problem.found for where, problem in _problems(folder).items()}
    assert found["arms.csv"] == "there is no such file"
    assert found["outcomes.csv"].startswith("is not UTF-8 text")
    assert found["safety.csv"] == "is empty"
    assert found["facts.csv"].startswith("is not CSV")
    assert "studies.csv, row 2 (noriega2017), column design" in found


def test_semicolons_are_recognised(folder):
    path = folder / "risk_of_bias.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(",", ";"), encoding="utf-8")
    assert "semicolons" in _problems(folder)["risk_of_bias.csv, header"].found


def test_a_row_with_too_few_cells_is_told_of(folder):
    with (folder / "risk_of_bias.csv").open("a", encoding="utf-8") as file:
        file.write("noriega2017,rob2\n")
    assert _problems(folder)["risk_of_bias.csv, row 109"].found == "has 2 cells"


def test_a_misspelt_column_comes_with_the_nearest(folder):
    path = folder / "risk_of_bias.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("judgement", "judgment", 1), encoding="utf-8")
    with pytest.raises(EvidenceError) as caught:
        read_evidence(folder)
    steps = [problem.next_step for problem in caught.value.problems]
    assert steps == ["did you mean 'judgement'?", "rename 'judgment' to 'judgement'"]


def test_an_additional_column_is_told_of(folder):
    path = folder / "risk_of_bias.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([lines[0] + ",colour", *(line + "," for line in lines[1:])]), encoding="utf-8")
    assert "'colour' is not a known column" in _problems(folder)["risk_of_bias.csv, header"].found


def test_a_column_that_stands_twice_is_told_of(folder):
    path = folder / "risk_of_bias.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([lines[0] + ",tool", *(line + "," for line in lines[1:])]), encoding="utf-8")
    assert _problems(folder)["risk_of_bias.csv, header"].found == "column 'tool' stands twice"


def test_repeated_rows_and_unknown_arms_are_told_of(folder, spoil):
    path = folder / "outcomes.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([*lines, lines[1]]) + "\n", encoding="utf-8")
    spoil("safety", 2, "arm_id", "mcs")
    problems = _problems(folder)
    assert problems["outcomes.csv, row 837 (noriega2017, arm msc)"].found == "is the same as row 2"
    assert problems["safety.csv, row 2 (noriega2017, arm mcs), column arm_id"].next_step == "did you mean 'msc'?"


def test_a_faulty_study_row_does_not_orphan_its_arms(folder, spoil):
    spoil("studies", 2, "design", "trial")
    assert len(_problems(folder)) == 1


def test_a_table_without_rows_is_allowed_where_nothing_points_at_it(folder):
    path = folder / "facts.csv"
    path.write_text(path.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")
    assert len(read_evidence(folder).facts) == 0

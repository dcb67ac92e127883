"""The folder of a trial, read back by pyreadstat and by the libraries of the field."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pyreadstat
import pytest

from sciatrial.exchange import write_adam
from sciatrial.foundation import StudyError
from sciatrial.trial import Borrowing, PriorPart

NOW = datetime(2026, 11, 28, tzinfo=UTC)
PROGRAM = ("sciatrial", "0.1.0")


@pytest.fixture(scope="module")
def folder(phase2b, tmp_path_factory):
    study, full, _ = phase2b
    path = tmp_path_factory.mktemp("adam")
    write_adam(full, study.design, path, study=study.name, question="Do cells help?", created=NOW, program=PROGRAM)
    return path


def test_the_page_of_a_study_that_borrows_says_whose_estimate_its_code_finds(phase2b, tmp_path):
    study, full, _ = phase2b
    design = study.design.model_copy(
        update={"borrowing": Borrowing(arm="saline", prior=(PriorPart(weight=1, mean=-20, sd=4),), patient_sd=24)}
    )
    write_adam(full, design, tmp_path, study=study.name, question="Do cells help?", created=NOW, program=PROGRAM)
    page = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert page.index("the planned analysis, without borrowing") < page.index("R finds the estimates again")


def test_there_are_two_files_of_each_dataset_and_what_they_mean(folder):
    names = {f"{name}.{ending}" for name in ("adsl", "adqs", "adeff", "adae") for ending in ("xpt", "json")}
    assert {path.name for path in folder.iterdir()} == {*names, "define.xml", "README.md"}


def test_pyreadstat_reads_every_number_bit_for_bit_and_every_text(folder, phase2b):
    for dataset in phase2b[2].values():
        frame, meta = pyreadstat.read_xport(folder / f"{dataset.file_name}.xpt")
        assert (meta.table_name, meta.file_label) == (dataset.name, dataset.label)
        assert meta.column_labels == [variable.label for variable in dataset.variables]
        for variable in dataset.variables:
            ours, theirs = dataset.frame[variable.name], frame[variable.name]
            same = (ours == theirs) | (ours.isna() & theirs.isna())
            assert same.all(), (dataset.name, variable.name)


def test_dataset_json_holds_the_same(folder, phase2b):
    for dataset in phase2b[2].values():
        document = json.loads((folder / f"{dataset.file_name}.json").read_text(encoding="utf-8"))
        assert document["records"] == len(document["rows"]) == len(dataset.frame)
        for place, variable in enumerate(dataset.variables):
            theirs = [row[place] for row in document["rows"]]
            ours = dataset.frame[variable.name]
            expected = list(ours) if variable.kind == "text" else [None if x != x else x for x in ours]
            assert theirs == expected, variable.name


def test_the_page_says_how_many_rows_and_what_the_trial_found(folder, phase2b):
    _, full, datasets = phase2b
    page = (folder / "README.md").read_text(encoding="utf-8")
    for dataset in datasets.values():
        assert f"| {dataset.name} | {dataset.label} | {len(dataset.frame)} |" in page
    assert f"| cells vs saline | 1 | {full.contrasts['estimate'].item():.6g} |" in page
    assert "No patient in these files is a person" in page
    assert "tumour (none of 38" in page


def test_the_page_says_that_a_ratio_is_told_as_its_logarithm(phase2b, tmp_path):
    study, full, _ = phase2b
    estimand = study.design.estimand.model_copy(update={"summary_measure": "win_odds"})
    design = study.design.model_copy(update={"estimand": estimand})
    write_adam(full, design, tmp_path, study="x", question="?", created=NOW, program=PROGRAM)
    assert "natural logarithm of the win odds" in (tmp_path / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "told"), [("größe", "not ASCII"), ("long" * 60, "240 characters")])
def test_an_arm_that_a_transport_file_cannot_hold_is_told_and_nothing_is_written(name, told, phase2b, tmp_path):
    study, full, _ = phase2b
    arms = {name: study.design.arms["cells"], "saline": study.design.arms["saline"]}
    design = study.design.model_copy(update={"arms": arms})
    renamed = type(full)(**{**vars(full), "subjects": full.subjects.replace({"arm": {"cells": name}})})
    with pytest.raises(StudyError) as raised:
        write_adam(renamed, design, tmp_path, study="x", question="?", created=NOW, program=PROGRAM)
    assert told in str(raised.value)
    assert "the patients stay the same" in str(raised.value)
    assert list(Path(tmp_path).iterdir()) == []

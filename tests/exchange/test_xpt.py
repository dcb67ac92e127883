"""SAS transport files, and a machine on which pyreadstat is missing."""

import sys
from dataclasses import replace

import pandas as pd
import pyreadstat
import pytest

from sciatrial.exchange import AnalysisDataset, Variable
from sciatrial.exchange.xpt import pyreadstat_installed, write_xpt, xpt_problems
from sciatrial.foundation import StudyError

TEXT = Variable("ARM", "Arm", "text", "Assigned", "name")
NUMBER = Variable("AVAL", "Value", "float", "Assigned", "number")


def dataset(arms, values):
    frame = pd.DataFrame({"ARM": pd.Series(arms, dtype=object), "AVAL": pd.Series(values, dtype=float)})
    return AnalysisDataset("ADX", "Invented", "kind", "structure", ("ARM",), (TEXT, NUMBER), {}, frame)


def test_numbers_texts_and_missing_values_come_back(tmp_path):
    path = tmp_path / "adx.xpt"
    write_xpt(dataset(["a", "", "x" * 200], [1 / 3, float("nan"), -0.594]), path)
    frame, meta = pyreadstat.read_xport(path)
    assert frame["AVAL"].tolist()[::2] == [1 / 3, -0.594]
    assert frame["AVAL"].isna().tolist() == [False, True, False]
    assert frame["ARM"].tolist() == ["a", "", "x" * 200]
    assert path.read_bytes().startswith(b"HEADER RECORD*******LIBRARY HEADER RECORD!!!!!!!")
    assert meta.table_name == "ADX"


def test_a_dataset_without_rows_is_a_file_without_rows(tmp_path):
    path = tmp_path / "adx.xpt"
    write_xpt(dataset([], []), path)
    frame, _ = pyreadstat.read_xport(path)
    assert (len(frame), list(frame.columns)) == (0, ["ARM", "AVAL"])


def test_every_text_that_does_not_fit_is_told_at_once(tmp_path):
    bad = dataset(["größe", "x" * 201, "fine"], [1, 2, 3])
    assert len(xpt_problems(bad)) == 2
    with pytest.raises(StudyError, match="201 characters"):
        write_xpt(bad, tmp_path / "adx.xpt")
    assert not (tmp_path / "adx.xpt").exists()
    assert xpt_problems(replace(bad, variables=(NUMBER,))) == []


def test_a_missing_library_is_told_with_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyreadstat", None)
    with pytest.raises(StudyError, match=r"\[exports\]"):
        pyreadstat_installed()

"""The dossier tells every law, number and source, and opens without a network."""

import re
from html.parser import HTMLParser

import pandas as pd
import pytest

from sciatrial.calibration import read_behaviours, read_prior
from sciatrial.evidence import read_evidence
from sciatrial.foundation import StudyError
from sciatrial.model import sciatica_model
from sciatrial.report import write_dossier
from sciatrial.report.dossier import parameter_table, treatments_by_theme

MODEL, PRIOR, EVIDENCE = sciatica_model(), read_prior(), read_evidence()


def written(folder):
    return write_dossier(folder, model=MODEL, prior=PRIOR, evidence=EVIDENCE, behaviours=read_behaviours())


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    files = written(tmp_path_factory.mktemp("dossier") / "new")
    return {file.name: file.read_text(encoding="utf-8") for file in files}


def plain(name):
    return name.replace("_", " ")


class Balance(HTMLParser):
    """Counts what is opened and closed, and every address that is loaded."""

    VOID = frozenset({"meta", "link", "br", "img", "hr", "input"})

    def __init__(self):
        super().__init__()
        self.open, self.loaded = [], []

    def handle_starttag(self, tag, attrs):
        if tag not in self.VOID:
            self.open.append(tag)
        self.loaded += [value for key, value in attrs if key == "src" or (tag == "link" and key == "href")]

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize("page", ["index.html", "summary.html"])
def test_a_page_is_whole_and_loads_nothing(pages, page):
    balance = Balance()
    balance.feed(pages[page])
    assert balance.open == []
    assert balance.loaded == []
    assert "<script" not in pages[page]


def test_every_law_state_and_parameter_is_told(pages):
    for law in (*MODEL.formulas, *MODEL.mechanisms):
        assert f'id="law-{law.name}"' in pages["index.html"]
        assert rf"\text{{{plain(law.name)}}} =" in pages["dossier.md"]
    for item in (*MODEL.states, *MODEL.parameters):
        assert plain(item.name) in pages["index.html"].lower()


def test_every_source_is_a_row_with_its_link_or_an_assumption(pages):
    rows = set(EVIDENCE.parameters["name"]) | set(EVIDENCE.facts["name"])
    sources = {source for row in PRIOR.entries for source in row.sources.split(";")}
    sources |= {source for law in (*MODEL.formulas, *MODEL.mechanisms) for source in law.sources}
    unknown = {s for s in sources if not s.startswith("assumption:")} - rows
    assert not unknown
    linked = set(re.findall(r'<a href="https?://[^"]+">([^<]+)</a>', pages["index.html"]))
    assert len(linked) > 60
    assert linked <= sources


def test_the_parameter_table_is_that_of_the_prior(pages):
    table = parameter_table(MODEL, PRIOR, EVIDENCE)
    assert len(table) == len(PRIOR.entries)
    assert set(table["confidence"]) == {"high", "medium", "low", "fact", ""}
    assert pages["parameters.csv"].count("\n") == len(table) + 1
    assert set(MODEL.parameter_names) <= set(table["parameter"])


def test_the_summary_tells_what_fails_and_what_it_is_not_for(pages):
    for behaviour in read_behaviours().query("not holds")["behaviour"]:
        assert behaviour in pages["summary.html"]
    assert "not a medical device" in pages["summary.html"]


def test_treatments_stand_where_they_act():
    acting = treatments_by_theme(MODEL)
    assert "cells_epidural" in acting["cells"]
    assert "surgery" in acting["disc"]
    assert "opioid" in acting["pain"]
    assert "epidural_steroid" in acting["drugs"]


def test_a_dossier_is_replaced_and_anything_else_is_not(tmp_path):
    files = written(tmp_path / "mine")
    assert [file.name for file in written(tmp_path / "mine")] == [file.name for file in files]
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(StudyError, match="something else"):
        written(other)
    assert [path.name for path in other.iterdir()] == ["thesis.txt"]


def test_the_same_inputs_give_the_same_pages(tmp_path, pages):
    again = {file.name: file.read_text(encoding="utf-8") for file in written(tmp_path / "again")}
    assert again == pages
    assert isinstance(parameter_table(MODEL, PRIOR, EVIDENCE), pd.DataFrame)


def test_a_page_of_somebody_elses_is_never_written_over(tmp_path):
    (tmp_path / "index.html").write_text("mine", encoding="utf-8")
    with pytest.raises(StudyError, match="holds something else"):
        written(tmp_path)
    assert (tmp_path / "index.html").read_text(encoding="utf-8") == "mine"

"""The dossier tells every law, number and source, and opens without a network."""

import html
import re
from html.parser import HTMLParser

import pandas as pd
import pytest

from sciatrial.evidence import read_evidence
from sciatrial.foundation import StudyError
from sciatrial.model import sciatica_model
from sciatrial.parameters import read_behaviours, read_prior
from sciatrial.report import write_dossier
from sciatrial.report.dossier import laws_of_treatment, parameter_table
from sciatrial.report.words import DISCLAIMER

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
    sources |= {s for law in (*MODEL.formulas, *MODEL.mechanisms, *laws_of_treatment()) for s in law.sources}
    unknown = {s for s in sources if not s.startswith("assumption:")} - rows
    assert not unknown
    linked = set(re.findall(r'<a href="https?://[^"]+">([^<]+)</a>', pages["index.html"]))
    assert len(linked) > 60
    assert linked <= sources


def test_the_parameter_table_is_that_of_the_prior(pages):
    table = parameter_table(MODEL, PRIOR, EVIDENCE)
    assert len(table) == len(PRIOR.entries)
    assert (table["unit"] != "").all()
    assert (table["meaning"] != "").all()
    assert pages["parameters.csv"].count("\n") == len(table) + 1
    assert set(MODEL.parameter_names) <= set(table["parameter"])


def test_the_summary_tells_what_fails_and_what_it_is_not_for(pages):
    for behaviour in read_behaviours().query("not holds")["behaviour"]:
        assert behaviour in html.unescape(pages["summary.html"])
    assert "not a medical device" in pages["summary.html"]


def test_confidence_is_that_of_the_number_and_its_sources_stand_beside_it():
    table = parameter_table(MODEL, PRIOR, EVIDENCE)
    by_basis = table.groupby("basis")["confidence"].agg(set)
    assert by_basis["tuned"] == {"calibrated by hand"}
    assert by_basis["assumed"] == {"none"}
    assert by_basis["scale"] == {"by choice"}
    measured = table[table["basis"] == "measured"]
    assert (measured["confidence"] == measured["source_confidence"]).all()
    assert set(measured["confidence"]) <= {"high", "medium", "low", "not graded"}
    tuned = table[table["parameter"] == "resorption_rate"].iloc[0]
    assert (tuned["confidence"], tuned["source_confidence"]) == ("calibrated by hand", "high")


def test_the_least_sure_of_several_sources_counts():
    table = parameter_table(MODEL, PRIOR, EVIDENCE)
    grades = dict(zip(EVIDENCE.parameters["name"], EVIDENCE.parameters["confidence"].astype(str), strict=True))
    grades |= {name: "not graded" for name in EVIDENCE.facts["name"] if name not in grades}
    order = ["high", "medium", "low", "not graded"]
    for row in table.to_dict("records"):
        given = [grades[source] for source in row["sources"].split("; ") if source in grades]
        assert row["source_confidence"] == (max(given, key=order.index) if given else "")


@pytest.mark.parametrize("page", ["index.html", "summary.html", "dossier.md"])
def test_every_page_says_what_it_is_for(pages, page):
    assert DISCLAIMER in " ".join(pages[page].split())


def test_every_equation_of_treatments_and_chance_is_told(pages):
    for law in laws_of_treatment():
        assert f'id="law-{law.name}"' in pages["index.html"]
        assert rf"\text{{{plain(law.name)}}} =" in pages["dossier.md"]
        assert law.unit


def test_pages_lead_to_each_other(pages):
    assert 'href="dossier.md"' in pages["index.html"]
    assert 'href="summary.html"' in pages["index.html"]
    assert 'href="index.html"' in pages["summary.html"]
    assert "](index.html)" in pages["dossier.md"]


def test_the_text_with_latex_links_its_sources(pages):
    linked = set(re.findall(r"\[([^\]]+)\]\(https?://[^)\s]+\)", pages["dossier.md"]))
    assert linked == set(re.findall(r'<a href="https?://[^"]+">([^<]+)</a>', pages["index.html"]))


def test_behaviours_are_printed_with_target_prototype_and_product(pages):
    page = html.unescape(pages["index.html"])
    for row in read_behaviours().to_dict("records"):
        cells = "".join(f"<td>{row[name]}</td>" for name in ("expected", "prototype", "got"))
        holds = "yes" if row["holds"] else '<span class="no">no</span>'
        assert f'<th scope="row">{row["behaviour"]}</th>{cells}<td>{holds}</td>' in page


def test_the_summary_tells_evidence_harms_and_what_is_not_standard(pages):
    page = " ".join(html.unescape(pages["summary.html"]).split())
    assert "Not a standard treatment" in page
    assert "Whether cells help sciatica is not known" in page
    assert "which does not make them absent" in page
    assert "https://doi.org/10." in page
    for jargon in ("mediator", "ectopic", "macrophage", "prior"):
        assert jargon not in re.sub(r"<svg.*?</svg>", "", page).lower().replace("a priori", "")


def test_in_print_nothing_is_folded(pages):
    assert pages["index.html"].count("<details open>") == pages["index.html"].count("<details")


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

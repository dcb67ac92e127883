"""The form of a candidate: it reads, keeps its doubts beside the cells, and cannot be added unconfirmed."""

import tomllib

import pytest

from sciatrial.evidence import add_study, read_evidence, read_form
from sciatrial.exchange import candidate_form, candidate_study
from sciatrial.foundation import EvidenceError
from tests.exchange.registry_samples import measure, registered_study, visit


@pytest.fixture(scope="module")
def evidence():
    return read_evidence()


@pytest.fixture
def written(tmp_path):
    path = tmp_path / "nct00000000.toml"
    path.write_text(candidate_form(candidate_study(registered_study())), encoding="utf-8")
    return path


def test_the_form_passes_every_rule_of_the_tables(written, evidence):
    addition = read_form(written, evidence)
    assert len(addition.rows["outcomes"]) == 4
    assert addition.frames["outcomes"]["figure_from"].unique().tolist() == ["registry"]


def test_the_form_is_refused_until_a_person_confirms_it(written, evidence):
    with pytest.raises(EvidenceError, match="confirmed"):
        add_study(evidence, read_form(written, evidence))
    written.write_text(written.read_text(encoding="utf-8").replace("confirmed = false", "confirmed = true"))
    assert len(add_study(evidence, read_form(written, evidence)).studies) == len(evidence.studies) + 1


def test_a_doubtful_cell_says_what_to_confirm(written):
    text = written.read_text(encoding="utf-8")
    assert "dose_million_cells = 20  # confirm: million cells in all, or per ml, per disc, per kg?" in text


def test_every_row_says_how_far_it_is_trusted_and_why(written):
    text = written.read_text(encoding="utf-8")
    rows = text.count("[[") + 1
    assert text.count("# candidate, confidence ") == rows


def test_what_was_left_out_stands_at_the_end(written):
    assert written.read_text(encoding="utf-8").rstrip().endswith("terms without a word: Headache")


def test_numbers_keep_their_spelling(written):
    assert "value       = 7.10" in written.read_text(encoding="utf-8")


def test_any_text_of_the_registry_leaves_the_form_whole():
    title = 'Leg Pain "NRS" \\ (0-10)\n# confirm: [[outcomes]]\x7f\x00 é'
    document = registered_study(measures=[measure(title, [visit("", ("3", "1"))], description="\n[study]\n")])
    document["protocolSection"]["armsInterventionsModule"]["armGroups"][0]["description"] = 'a "b"\n[x]\n# c'
    values = tomllib.loads(candidate_form(candidate_study(document)))
    assert len(values["outcomes"]) == 1
    assert set(values) == {"schema", "confirmed", "study", "arms", "outcomes", "safety"}

"""``sciatrial evidence`` as a user types it: new, check, add, accept, import, dictionary."""

import json

import pandas as pd
import pytest
from typer.testing import CliRunner

from sciatrial.apps.cli import app
from sciatrial.apps.evidence import changes
from sciatrial.evidence import read_evidence
from tests.exchange.registry_samples import NUMBER, registered_study


@pytest.fixture
def sciatrial(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(app, ["evidence", *words])


@pytest.fixture
def confirmed(sciatrial, tmp_path):
    sciatrial("new", "mine2026")
    path = tmp_path / "mine2026.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("confirmed = false", "confirmed = true"))
    return path


def test_from_a_new_form_to_tables_with_the_study(sciatrial, tmp_path):
    assert sciatrial("new", "mine2026").exit_code == 0
    path = tmp_path / "mine2026.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("confirmed = false", "confirmed = true"))
    assert sciatrial("check", "mine2026.toml").exit_code == 0
    assert sciatrial("add", "mine2026.toml").exit_code == 0
    assert sciatrial("add", "mine2026.toml", "--into", "tables", "--accept").exit_code == 0
    assert read_evidence(tmp_path / "tables").studies["study_id"].iloc[-1] == "mine2026"


def test_nothing_is_written_without_accept(sciatrial, confirmed, tmp_path):
    result = sciatrial("add", "mine2026.toml", "--into", "tables")
    assert "Nothing was written" in result.output
    assert "outcomes: 4 new rows" in result.output
    assert not (tmp_path / "tables").exists()


def test_a_form_that_nobody_confirmed_is_shown_and_not_accepted(sciatrial, tmp_path):
    sciatrial("new", "mine2026")
    assert sciatrial("add", "mine2026.toml").exit_code == 0
    result = sciatrial("add", "mine2026.toml", "--into", "tables", "--accept")
    assert result.exit_code == 1
    assert not (tmp_path / "tables").exists()


def test_a_study_is_added_to_tables_of_ones_own(sciatrial, confirmed, tmp_path):
    sciatrial("add", "mine2026.toml", "--into", "tables", "--accept")
    second = confirmed.read_text(encoding="utf-8").replace("mine2026", "second2026").replace("= 60", "= 61")
    (tmp_path / "second.toml").write_text(second, encoding="utf-8")
    assert sciatrial("add", "second.toml", "--tables", "tables", "--accept").exit_code == 0
    assert read_evidence(tmp_path / "tables").studies["study_id"].tolist()[-2:] == ["mine2026", "second2026"]


@pytest.mark.parametrize(("words", "told"), [((), "--into"), (("--into", "."), "already exists")])
def test_a_target_that_cannot_be_is_told_before_the_work(sciatrial, confirmed, words, told):
    result = sciatrial("add", "mine2026.toml", "--accept", *words)
    assert result.exit_code == 1
    assert told in result.output


def test_check_ends_with_1_and_tells_all_in_json_too(sciatrial, confirmed):
    confirmed.write_text(confirmed.read_text(encoding="utf-8").replace('"rct"', '"rtc"').replace("= 60", "= 0"))
    assert sciatrial("check", "mine2026.toml").exit_code == 1
    result = sciatrial("check", "mine2026.toml", "--json")
    assert result.exit_code == 1
    assert len(json.loads(result.stdout)["problems"]) == 2


def test_check_without_a_name_reads_the_shipped_tables(sciatrial):
    result = sciatrial("check")
    assert result.exit_code == 0
    assert "172 studies" in result.output
    assert "warnings." in result.output


def test_a_folder_of_tables_that_lacks_one_is_told_so(sciatrial, confirmed, tmp_path):
    sciatrial("add", "mine2026.toml", "--into", "tables", "--accept")
    (tmp_path / "tables" / "arms.csv").unlink()
    result = sciatrial("check", "tables")
    assert result.exit_code == 1
    assert "arms.csv: there is no such file" in result.output
    assert "already used" not in result.output


def test_add_speaks_json(sciatrial, confirmed):
    values = json.loads(sciatrial("add", "mine2026.toml", "--json").stdout)
    assert values["rows"]["outcomes"][0]["value"] == "7.0"
    assert values["warnings"] == []


def test_new_never_writes_over_a_file(sciatrial, tmp_path):
    (tmp_path / "mine2026.toml").write_text("kept")
    result = sciatrial("new", "mine2026")
    assert result.exit_code == 1
    assert "already exists" in result.output
    assert (tmp_path / "mine2026.toml").read_text() == "kept"


def test_a_saved_study_of_the_registry_becomes_a_form(sciatrial, tmp_path):
    (tmp_path / "study.json").write_text(json.dumps(registered_study()), encoding="utf-8")
    result = sciatrial("import", "study.json", "--out", "form.toml")
    assert result.exit_code == 0
    assert "Left out: 3" in result.output
    assert sciatrial("check", "form.toml").exit_code == 0


def test_a_study_is_asked_for_by_its_number(sciatrial, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(
        "sciatrial.exchange.fetch_study", lambda number, registry: asked.append(number) or registered_study()
    )
    assert sciatrial("import", NUMBER.lower()).exit_code == 0
    assert asked == [NUMBER]
    assert (tmp_path / f"{NUMBER.lower()}.toml").exists()


def test_the_dictionary_of_one_table_is_printed(sciatrial):
    result = sciatrial("dictionary", "safety", "--json")
    assert {row["table"] for row in json.loads(result.stdout)} == {"safety"}


def test_what_changes_is_what_the_synthesis_says(monkeypatch):
    frame = pd.DataFrame({"comparison": ["cells vs saline"], "n_studies_before": [2], "n_studies_after": [3]})
    monkeypatch.setattr("sciatrial.synthesis.compare_evidence", lambda before, after: frame)
    assert changes("before", "after") is frame


def test_without_a_change_of_a_pooled_result_that_is_said(monkeypatch):
    monkeypatch.setattr("sciatrial.synthesis.compare_evidence", lambda before, after: pd.DataFrame())
    assert changes("before", "after") == "No pooled result changes."

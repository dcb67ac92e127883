"""Writing: exact, whole or not at all, and never over what would be lost."""

import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sciatrial.evidence import add_study, read_evidence, read_form, write_tables
from sciatrial.evidence.read import BEFORE_UPDATE
from sciatrial.evidence.rows import TABLES
from sciatrial.evidence.write import undo_interrupted
from sciatrial.foundation import EvidenceError

NAMES = [f"{table}.csv" for table in TABLES]


def _bytes(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}


def test_the_shipped_tables_are_written_byte_for_byte(tmp_path, folder, evidence):
    written = write_tables(evidence, tmp_path / "deep" / "new")
    assert _bytes(written) == {name: (folder / name).read_bytes() for name in NAMES}


texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=20)
numbers = st.floats(-1e6, 1e6) | st.just(float("nan"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15, deadline=None)
@given(rows=st.lists(st.tuples(texts, numbers), min_size=1, max_size=6))
def test_any_text_and_number_comes_back_as_it_went(tmp_path_factory, evidence, rows):
    start = evidence.facts.iloc[0].to_dict() | {"unit": "qualitative", "low": float("nan"), "high": float("nan")}
    facts = pd.DataFrame(
        [start | {"name": f"{number} {text}", "value": value} for number, (text, value) in enumerate(rows)]
    ).astype(evidence.facts.dtypes)
    given_tables = replace(evidence, facts=facts)
    folder = write_tables(given_tables, tmp_path_factory.mktemp("tables") / "new")
    pd.testing.assert_frame_equal(read_evidence(folder).facts, facts)


def test_an_update_keeps_every_line_and_adds_the_rows_as_the_form_prints_them(folder, form, evidence):
    addition = read_form(form(), evidence)
    before = (folder / "outcomes.csv").read_text(encoding="utf-8")
    write_tables(add_study(evidence, addition), folder, addition=addition)
    after = (folder / "outcomes.csv").read_text(encoding="utf-8")
    assert after.startswith(before)
    assert "mean,3.50,sd,2.0,,Table 2" in after[len(before) :]


def test_an_update_leaves_other_files_of_the_folder_alone(folder, evidence):
    (folder / "notes.txt").write_text("mine")
    write_tables(evidence, folder)
    assert (folder / "notes.txt").read_text() == "mine"
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("fails_at", range(7))
def test_a_failure_between_two_files_leaves_the_old_tables(folder, form, evidence, monkeypatch, fails_at):
    after = add_study(evidence, read_form(form(), evidence))
    before, kept = _bytes(folder), Path.replace
    calls = []

    def fail(self, target):
        if self.parent.name == ".tables-new" and self.name in NAMES:
            calls.append(self)
            if len(calls) > fails_at:
                raise OSError(28, "No space left on device")
        return kept(self, target)

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(EvidenceError, match="what was there is still there"):
        write_tables(after, folder)
    assert _bytes(folder) == before
    assert not (folder / BEFORE_UPDATE).exists()


def test_an_interruption_by_the_user_leaves_the_old_tables(folder, form, evidence, monkeypatch):
    after = add_study(evidence, read_form(form(), evidence))
    before, kept = _bytes(folder), Path.replace

    def interrupt(self, target):
        if self.parent.name == ".tables-new" and self.name == "outcomes.csv":
            raise KeyboardInterrupt
        return kept(self, target)

    monkeypatch.setattr(Path, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_tables(after, folder)
    assert _bytes(folder) == before


def test_after_a_power_cut_between_two_files_the_old_tables_are_read_and_put_back(folder, evidence):
    shutil.copytree(folder, folder / BEFORE_UPDATE)
    (folder / "studies.csv").write_text("half of it")
    assert read_evidence(folder).fingerprint() == evidence.fingerprint()
    assert undo_interrupted(folder)
    assert (folder / "studies.csv").read_text() != "half of it"
    assert not undo_interrupted(folder)


def test_a_failure_while_a_new_folder_is_made_leaves_nothing(tmp_path, evidence, monkeypatch):
    def fail(self, target):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(EvidenceError, match="Input/output error"):
        write_tables(evidence, tmp_path / "new")
    assert list(tmp_path.iterdir()) == []


def test_an_empty_folder_is_filled(tmp_path, evidence):
    (tmp_path / "empty").mkdir()
    assert read_evidence(write_tables(evidence, tmp_path / "empty")).fingerprint() == evidence.fingerprint()


def test_the_tables_of_the_package_are_never_written_to(evidence):
    import sciatrial.evidence

    place = Path(sciatrial.evidence.__file__).parent / "tables"
    before = _bytes(place)
    with pytest.raises(EvidenceError, match="part of the package"):
        write_tables(evidence, place)
    assert _bytes(place) == before


def test_tables_whose_rows_would_be_lost_are_not_replaced(folder, form, evidence):
    addition = read_form(form(), evidence)
    write_tables(add_study(evidence, addition), folder, addition=addition)
    with pytest.raises(EvidenceError) as caught:
        write_tables(evidence, folder)
    assert [problem.found for problem in caught.value.problems] == [
        "1 row of it would be lost", "2 rows of it would be lost", "2 rows of it would be lost",
        "1 row of it would be lost",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["notes.txt", "studies.csv"])
def test_a_folder_with_other_things_is_refused(tmp_path, evidence, name):
    (tmp_path / name).write_text("mine")
    with pytest.raises(EvidenceError, match="holds other things"):
        write_tables(evidence, tmp_path)
    assert (tmp_path / name).read_text() == "mine"


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path, evidence):
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(EvidenceError, match="cannot be written"):
        write_tables(evidence, tmp_path / "taken")

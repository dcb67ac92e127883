"""The verb `export`, as a user calls it."""

import zipfile

import pytest
from typer.testing import CliRunner

from sciatrial.apps.cli import app
from sciatrial.foundation import SciatrialError


def run(*words):
    return CliRunner().invoke(app, ["export", *map(str, words)])


@pytest.mark.parametrize("kind", ["sbml", "antimony", "omex"])
def test_a_file_is_written_and_named(kind, tmp_path):
    path = tmp_path / "case"
    result = run(kind, path, "--cause", "stenosis", "--treatment", "cells_epidural")
    assert result.exit_code == 0
    assert str(path) in result.stdout.replace("\n", "")
    text = zipfile.ZipFile(path).read("model.xml").decode() if kind == "omex" else path.read_text(encoding="utf-8")
    assert "sciatica_stenosis_cells_epidural" in text


def test_an_arm_of_a_study_file_can_be_exported(tmp_path):
    assert run("sbml", tmp_path / "x.xml", "--treatment", "studies/mpc_intradiscal.toml:mpc_6m").exit_code == 0


def test_nothing_is_replaced_without_force(tmp_path):
    path = tmp_path / "case.xml"
    path.write_text("mine", encoding="utf-8")
    assert run("sbml", path).exit_code == 1
    assert path.read_text(encoding="utf-8") == "mine"
    assert run("sbml", path, "--force").exit_code == 0
    assert path.read_text(encoding="utf-8") != "mine"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--cause", "stenossis"), "stenosis"),
        (("--treatment", "surgry"), "surgery"),
        (("--treatment", "studies/mpc_intradiscal.toml:mpc_6"), "mpc_6m"),
        (("--months", "0"), "1 to 60"),
    ],
)
def test_a_mistake_is_told_with_what_to_do(words, told, tmp_path):
    result = run("sbml", tmp_path / "x.xml", *words)
    assert result.exit_code == 1
    assert told in result.stderr
    assert not (tmp_path / "x.xml").exists()


def test_a_folder_that_is_not_there_is_told(tmp_path):
    result = run("antimony", tmp_path / "none" / "x.ant")
    assert result.exit_code == 1
    assert "folder" in result.stderr
    assert not isinstance(result.exception, SciatrialError)


def test_a_dossier_is_written(tmp_path):
    result = run("dossier", tmp_path / "dossier")
    assert result.exit_code == 0
    assert (tmp_path / "dossier" / "summary.html").exists()

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import sciatrial
from sciatrial.apps.cli import app
from sciatrial.population import cohort_names
from sciatrial.study.settings import StudySettings

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs").rglob("*.md"))
READERS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *PAGES]
VERBS = [command.name or command.callback.__name__ for command in app.registered_commands]


def test_generated_pages_are_fresh(tmp_path):
    command = [sys.executable, str(ROOT / "docs" / "generate.py"), str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)
    for made in sorted(tmp_path.glob("*.md")):
        kept = ROOT / "docs" / "reference" / made.name
        assert kept.read_text(encoding="utf-8") == made.read_text(encoding="utf-8"), f"run `make docs`: {made.name}"


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_is_documented(verb):
    assert f"sciatrial {verb}" in (ROOT / "docs" / "reference" / "command-line.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [name for name in sciatrial.__all__ if name != "__version__"])
def test_every_public_name_is_documented(name):
    assert f"`{name}`" in (ROOT / "docs" / "reference" / "api.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("key", [field.alias or name for name, field in StudySettings.model_fields.items()])
def test_every_table_of_the_study_file_is_documented(key):
    assert f"`{key}`" in (ROOT / "docs" / "reference" / "study-file.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("cohort", cohort_names())
def test_every_cohort_is_documented(cohort):
    assert f"`{cohort}`" in (ROOT / "docs" / "reference" / "study-file.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", READERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert not missing


@pytest.mark.parametrize("page", READERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_toml_on_a_page_is_toml(page):
    for block in re.findall(r"```toml\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL):
        tomllib.loads(block)


def test_the_readme_says_what_it_must_not_be_used_for():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert (
        "For research and trial planning. Stem-cell therapy is not a standard treatment for sciatica. "
        "Decisions belong with a qualified clinician who knows the patient." in " ".join(text.replace("> ", "").split())
    )


@pytest.mark.parametrize(
    ("page", "printed"),
    [
        ("README.md", "cells vs sham"),
        ("docs/how-to/follow-millions.md", "unsolved  0"),
        ("docs/how-to/add-a-study.md", "1 study added"),
        ("docs/how-to/pool-the-trials.md", "Certainty: cell therapy against placebo procedure, responder"),
        ("docs/how-to/find-a-trials-size.md", "cells vs saline"),
        ("docs/how-to/import-from-a-registry.md", "Candidate from ClinicalTrials.gov"),
    ],
)
def test_the_python_of_a_page_runs_as_it_stands(page, printed, tmp_path):
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL)
    command = [sys.executable, "-c", "\n".join(blocks)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    assert printed in done.stdout

"""What COPASI and AMICI made of our files (`make peers`): committed results, of the files as they are now."""

import csv
from pathlib import Path

import pytest
from peers.every_case import ALLOWED, every_pair, file_mark

from sciatrial.exchange import CAUSES, REFERENCE_TREATMENTS, reference_case

RESULTS = [Path(__file__).parent / f"{name}.csv" for name in ("amici", "copasi")]


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_both_programs_were_run():
    assert all(path.is_file() for path in RESULTS)


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.stem)
def test_every_case_that_was_run_agrees(path):
    assert all(float(row["largest_difference"]) <= ALLOWED for row in rows(path))


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.stem)
def test_every_cause_and_every_treatment_was_run(path):
    assert {row["cause"] for row in rows(path)} == {str(cause) for cause in CAUSES}
    assert {row["treatment"] for row in rows(path)} == set(REFERENCE_TREATMENTS)


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.stem)
def test_the_results_are_of_the_files_as_they_are_now(path):
    """A changed law or number makes them stale: run `make peers` again."""
    stale = [
        f"{row['cause']} {row['treatment']}"
        for row in rows(path)
        if file_mark(reference_case(row["cause"], row["treatment"])) != row["file"]
    ]
    assert not stale


def test_every_pair_is_listed_once():
    assert len(every_pair()) == len(set(every_pair())) == len(CAUSES) * len(REFERENCE_TREATMENTS)

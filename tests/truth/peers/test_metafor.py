"""What metafor, netmeta and pimeta print on published data sets (`make peers`): the committed table of agreement."""

import csv
from pathlib import Path

with (Path(__file__).parent / "metafor.csv").open(encoding="utf-8", newline="") as file:
    ROWS = list(csv.DictReader(file))


def test_every_number_agrees_within_its_tolerance_or_to_four_digits():
    for row in ROWS:
        allowed = max(float(row["tolerance"]), 5e-4 * abs(float(row["theirs"])))
        assert float(row["difference"]) <= allowed, row


def test_the_column_of_differences_is_that_of_the_numbers():
    """Nine digits are written: the difference is that of the full numbers."""
    for row in ROWS:
        ours, theirs = float(row["ours"]), float(row["theirs"])
        assert abs(abs(ours - theirs) - float(row["difference"])) <= 1e-8 * max(1.0, abs(theirs)) + 0.01 * abs(
            ours - theirs
        )


def test_every_case_of_metafor_and_netmeta_was_run():
    cases = {row["case"] for row in ROWS if not row["case"].startswith("pimeta")}
    assert len(cases) == 27


def test_agreement_to_four_digits_only_is_rare():
    assert sum(row["agrees"] == "to four digits" for row in ROWS) < 0.05 * len(ROWS)

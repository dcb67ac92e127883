"""What SAS prints for mixed models on the example data of mmrm (`make peers`): the committed table of agreement."""

import csv
from pathlib import Path

with (Path(__file__).parent / "mmrm.csv").open(encoding="utf-8", newline="") as file:
    ROWS = list(csv.DictReader(file))


def test_no_number_is_off():
    assert {row["agrees"] for row in ROWS} <= {"yes", "to four digits", "where SAS stopped"}
    for row in ROWS:
        if row["agrees"] == "yes":
            assert float(row["difference"]) <= float(row["tolerance"]), row
        if row["agrees"] == "to four digits":
            assert float(row["difference"]) <= 5e-4 * abs(float(row["theirs"])), row


def test_degrees_of_freedom_equal_those_of_sas():
    """Printed as whole numbers for Satterthwaite, in full for Kenward and Roger."""
    rows = [row for row in ROWS if row["quantity"].startswith("df")]
    assert len(rows) >= 26
    for row in rows:
        assert float(row["difference"]) <= max(0.5, 5e-4 * float(row["theirs"])), row
    whole = [row for row in rows if row["case"] in ("KR/kr_cs.csv", "ddfm_covtype/kr_ar1.csv")]
    assert all(float(row["difference"]) < 2e-4 for row in whole)


def test_our_deviance_is_never_above_that_of_sas():
    for row in ROWS:
        if row["quantity"].startswith("deviance"):
            assert float(row["ours"]) <= float(row["theirs"]) + 1e-8, row

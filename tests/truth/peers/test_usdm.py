"""What usdm4 found in our USDM documents (`make peers`): committed results, of the documents as they are now."""

import csv
from collections import Counter
from pathlib import Path

from peers.usdm.compare import KNOWN, documents, mark

HERE = Path(__file__).parent


def rows(name):
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_document_that_was_checked_is_the_one_that_is_written_now():
    checked = {row["document"]: row["mark"] for row in rows("usdm.csv")}
    now = {name: mark(text) for name, text in documents().items()}
    # studies that were added since stand in no row until `make peers` has checked them
    assert checked == {name: now.get(name) for name in checked}


def test_every_finding_has_its_reason():
    for row in rows("usdm.csv"):
        assert int(row["rules"]) > 200
        assert row["why"] == KNOWN.get(row["finding"], "")
        assert bool(row["finding"]) is bool(row["why"]), row


def test_with_a_sponsor_no_more_is_found_than_the_checkers_own_slip_and_doses_that_nobody_planned():
    named = [row for row in rows("usdm.csv") if "no sponsor" not in row["document"]]
    assert {row["finding"] for row in named} == {"DDF00031", "DDF00177"}
    found = Counter(row["document"] for row in named)
    assert all(int(row["rules"]) - int(row["passed"]) == found[row["document"]] for row in named)


def test_every_code_is_what_terminology_calls_it():
    codes = rows("usdm_codes.csv")
    assert len(codes) > 50
    assert {row["agrees"] for row in codes} == {"True"}

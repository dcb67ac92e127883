"""What multinma, MBNMAtime and MBNMAdose print, beside ours (`make peers`): the committed table, with what differs."""

import csv
from pathlib import Path

with (Path(__file__).parent / "multinma.csv").open(encoding="utf-8", newline="") as file:
    ROWS = list(csv.DictReader(file))

# each with its reason in peers/multinma/compare.py
KNOWN = {
    "multinma-smoking-RE": {"pD", "DIC"},
    "MBNMAdose-triptans-emax": {"DIC", "DIC as theirs"},
    "MBNMAtime-osteopain-nodesplit-ITP": {
        f"{pair} {what}"
        for pair in ("Na_1000_vs_Ce_200", "Ro_25_vs_Ce_200")
        for what in ("direct median", "indirect median", "p")
    },
}


def test_every_case_was_run():
    assert {row["case"] for row in ROWS} >= {
        "multinma-blocker-FE",
        "multinma-blocker-RE",
        "multinma-parkinsons-RE",
        "multinma-smoking-RE",
        "multinma-bcg",
        "MBNMAtime-alog-linear",
        "MBNMAtime-osteopain-nodesplit-ITP",
        "MBNMAdose-triptans-emax",
    }


def test_every_number_agrees_but_those_whose_reason_is_known():
    far = [row for row in ROWS if row["agrees"] != "True"]
    assert all(row["quantity"] in KNOWN.get(row["case"], set()) for row in far)


def test_agreement_is_what_the_numbers_say():
    for row in ROWS:
        assert (abs(float(row["difference"])) <= float(row["tolerance"]) + 1e-6) == (row["agrees"] == "True"), row


def test_the_error_of_the_draws_is_well_below_the_tolerance():
    means = [row for row in ROWS if row["quantity"].endswith("mean")]
    assert means
    assert all(float(row["mcse"]) < float(row["tolerance"]) / 4 for row in means)

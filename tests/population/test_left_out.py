import csv
from dataclasses import replace
from importlib.resources import files

import pandas as pd
import pytest

from sciatrial.evidence import read_evidence
from sciatrial.foundation import CohortError
from sciatrial.population import facts_left_out, read_targets

EVIDENCE = read_evidence()
COMPARED = {target.fact for target in read_targets(EVIDENCE)}
LEFT_OUT = facts_left_out(EVIDENCE, COMPARED)
REASONS = list(
    csv.DictReader(
        files("sciatrial.population")
        .joinpath("tables", "plausibility_left_out.csv")
        .read_text(encoding="utf-8")
        .splitlines()
    )
)


def test_every_fact_on_patients_at_the_door_is_compared_or_says_why_not():
    facts = EVIDENCE.facts
    at_the_door = set(facts.loc[facts["topic"] == "demographics", "name"])
    at_the_door |= {name for name in facts["name"] if name.startswith("corr_") or "baseline" in name}
    assert at_the_door <= COMPARED | set(LEFT_OUT["fact"])
    assert not LEFT_OUT["reason"].str.startswith("nobody has said").any()


def test_every_written_reason_is_of_a_fact_of_the_tables_and_stands_once():
    names = [row["fact"] for row in REASONS]
    assert len(names) == len(set(names))
    assert set(names) == set(LEFT_OUT["fact"])


def test_no_fact_is_both_compared_and_left_out():
    assert not COMPARED & set(LEFT_OUT["fact"])
    with pytest.raises(CohortError, match="is compared as well"):
        facts_left_out(EVIDENCE, {"nordic_registry_BMI"})


def test_a_new_fact_of_your_own_tables_is_not_passed_over_in_silence():
    row = EVIDENCE.facts.iloc[[0]].assign(topic="demographics", name="our_registry_age")
    facts = pd.concat([EVIDENCE.facts, row], ignore_index=True)
    mine = facts_left_out(replace(EVIDENCE, facts=facts), COMPARED).set_index("fact")
    assert mine.loc["our_registry_age", "reason"].startswith("nobody has said yet")


def test_the_published_number_stands_beside_the_reason():
    row = LEFT_OUT.set_index("fact").loc["nordic_registry_BMI"]
    assert (row["value"], row["unit"], row["n"]) == (26.2, "kg/m2", 1839)
    assert row["reason"] == "the model has no such score"

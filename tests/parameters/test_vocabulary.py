import csv
from importlib.resources import files

from sciatrial.foundation import unit_registry
from sciatrial.model import sciatica_model
from sciatrial.parameters import read_prior, words_of_numbers

MODEL = sciatica_model()
WORDS = words_of_numbers(MODEL)
TABLE = files("sciatrial.parameters").joinpath("tables", "numbers.csv").read_text(encoding="utf-8")


def test_every_number_of_the_prior_has_a_unit_and_a_meaning():
    without = [row.key for row in read_prior().entries if not (WORDS[row.name].unit and WORDS[row.name].meaning)]
    assert not without


def test_nothing_is_listed_that_has_no_row_or_that_the_model_tells():
    listed = [row["name"] for row in csv.DictReader(TABLE.splitlines())]
    told_elsewhere = set(MODEL.parameter_names)
    rows = {row.name for row in read_prior().entries if row.used_by != "model"}
    assert len(listed) == len(set(listed))
    assert set(listed) <= rows
    assert not set(listed) & told_elsewhere


def test_every_unit_is_one():
    known = unit_registry()
    assert all(known(item.unit) is not None for item in WORDS.values() if item.unit != "points of the score")

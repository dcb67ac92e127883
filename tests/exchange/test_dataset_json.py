"""Dataset-JSON by the words of its specification."""

import json
from datetime import UTC, datetime

import pytest

from sciatrial.exchange.dataset_json import text_length, to_dataset_json

NOW = datetime(2026, 11, 28, 6, tzinfo=UTC)


@pytest.fixture
def document(mpc):
    return json.loads(to_dataset_json(mpc[2]["ADSL"], study="mpc", created=NOW, program=("sciatrial", "0.1.0")))


def test_it_says_what_it_is(document):
    assert document["datasetJSONVersion"] == "1.1.0"
    assert document["datasetJSONCreationDateTime"] == "2026-11-28T06:00:00+00:00"
    assert (document["itemGroupOID"], document["name"]) == ("IG.ADSL", "ADSL")
    assert document["metaDataRef"] == "define.xml"
    assert document["sourceSystem"] == {"name": "sciatrial", "version": "0.1.0"}


def test_columns_have_the_kinds_of_the_specification(document, mpc):
    columns = {column["name"]: column for column in document["columns"]}
    assert {column["dataType"] for column in columns.values()} == {"string", "integer", "double"}
    assert columns["USUBJID"]["keySequence"] == 2
    assert columns["USUBJID"]["length"] == text_length(mpc[2]["ADSL"], mpc[2]["ADSL"].variables[1])
    assert "length" not in columns["AGE"]


def test_whole_numbers_are_whole_and_missing_ones_null(document):
    names = [column["name"] for column in document["columns"]]
    rows = [dict(zip(names, row, strict=True)) for row in document["rows"]]
    assert all(type(row["TRT01PN"]) is int for row in rows)
    assert {row["RANDMON"] for row in rows} == {None}
    assert all(row["RESCDY"] is None for row in rows if row["RESCFL"] == "N")


def test_it_is_the_same_whenever_it_is_written_at_the_same_time(mpc):
    words = {"study": "mpc", "created": NOW, "program": ("sciatrial", "0.1.0")}
    assert to_dataset_json(mpc[2]["ADAE"], **words) == to_dataset_json(mpc[2]["ADAE"], **words)

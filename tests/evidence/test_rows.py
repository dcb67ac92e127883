"""Rows: words, limits and empty cells, against the data dictionary."""

import re
from importlib.resources import files

import pytest
from pydantic import ValidationError

from sciatrial.evidence.rows import TABLES, OutcomeRow, StudyRow, is_number_column, words_of


def _dictionary(schema_text: str, table: str) -> dict[str, str]:
    section = schema_text.split(f"## {table}.csv")[1].split("\n## ")[0]
    return dict(re.findall(r"^\| `(\w+)` \|.*\|(.*)\|$", section, flags=re.MULTILINE))


@pytest.mark.parametrize("table", TABLES)
def test_the_data_dictionary_lists_the_columns_of_each_row(schema_text, table):
    assert list(_dictionary(schema_text, table)) == list(TABLES[table].model_fields)


@pytest.mark.parametrize("table", TABLES)
def test_the_data_dictionary_lists_the_words_of_each_column(schema_text, table):
    row = TABLES[table]
    worded = {column: words for column in row.model_fields if (words := words_of(row, column))}
    written = {column: re.findall(r"`(\w+)`", _dictionary(schema_text, table)[column]) for column in worded}
    assert written == worded


@pytest.mark.parametrize("table", TABLES)
def test_the_shipped_header_has_the_columns_of_the_row(table):
    header = files("sciatrial.evidence").joinpath(f"tables/{table}.csv").read_text(encoding="utf-8").splitlines()[0]
    assert header.split(",") == list(TABLES[table].model_fields)


def test_an_empty_cell_is_none(sound_outcome):
    assert OutcomeRow.model_validate(sound_outcome | {"n": ""}).n is None


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("outcome", "leg_pian"), ("value", "nan"), ("value", "inf"), ("value", "3,5"), ("value", ""), ("n", "1_0"),
        ("month", "-1"),
        ("n", "0"), ("n", "2.5"), ("where", ""), ("source_url", "ftp.example"), ("instrument", "NRS 10"),
    ],
)  # fmt: skip
def test_a_faulty_cell_is_refused(sound_outcome, column, text):
    with pytest.raises(ValidationError):
        OutcomeRow.model_validate(sound_outcome | {column: text})


def test_an_unknown_column_is_refused(sound_outcome):
    with pytest.raises(ValidationError):
        OutcomeRow.model_validate(sound_outcome | {"colour": "red"})


def test_numbers_are_told_from_text():
    assert is_number_column(StudyRow, "year")
    assert is_number_column(OutcomeRow, "value")
    assert not is_number_column(StudyRow, "pmid")

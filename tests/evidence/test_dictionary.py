"""The data dictionary: complete, and of one mind with the rows, the instruments and the shipped tables.

That an unknown word in a table is an error is tested in `test_read.py`.
"""

import re

import pytest

from sciatrial.evidence import data_dictionary
from sciatrial.evidence.instruments import INSTRUMENTS
from sciatrial.evidence.responders import RESPONDER_RULES
from sciatrial.evidence.rows import TABLES, words_of
from sciatrial.foundation import EvidenceError


@pytest.fixture(scope="module")
def frame():
    return data_dictionary()


@pytest.mark.parametrize("table", TABLES)
def test_every_column_is_in_it_in_the_order_of_the_file(frame, table):
    columns = frame[(frame["table"] == table) & (frame["kind"] == "column")]
    assert list(columns["column"]) == list(TABLES[table].model_fields)
    assert (columns["meaning"] != "").all()


@pytest.mark.parametrize("table", TABLES)
def test_every_word_of_a_closed_column_of_the_shipped_tables_is_in_it(frame, evidence, table):
    shipped = getattr(evidence, table)
    for column in TABLES[table].model_fields:
        if words_of(TABLES[table], column):
            known = frame[(frame["table"] == table) & (frame["column"] == column) & (frame["kind"] == "word")]
            assert set(shipped[column]) - {""} <= set(known["word"])


def test_every_instrument_rule_and_share_of_the_shipped_tables_is_in_it(frame, evidence):
    known = set(frame.loc[frame["kind"].isin(["instrument", "responder_rule", "share"]), "word"])
    assert set(evidence.outcomes["instrument"]) <= known
    assert set(INSTRUMENTS) | set(RESPONDER_RULES) <= known


def test_everything_in_it_has_a_meaning(frame):
    assert (frame["meaning"] != "").all()


def test_columns_that_may_be_empty_are_those_that_the_schema_does_not_mark(frame, schema_text):
    for table in TABLES:
        section = schema_text.split(f"## {table}.csv\n")[1].split("\n## ")[0]
        must = re.findall(r"^\| `(\w+)` \| yes \|", section, flags=re.MULTILINE)
        columns = frame[(frame["table"] == table) & (frame["kind"] == "column")]
        assert list(columns.loc[columns["may_be_empty"] == "no", "column"]) == must


def test_an_instrument_tells_its_scale_and_direction(frame):
    roland = frame[frame["word"] == "rmdq_24"].iloc[0]
    assert (roland["lowest"], roland["highest"]) == (0, 24)
    assert (roland["direction"], roland["common_scale"]) == ("higher_is_worse", "0 to 100 by width")


def test_a_responder_rule_is_told_in_words(frame):
    rule = frame[frame["word"] == "composite_50pct_pain_15pt_odi_no_intervention"].iloc[0]
    assert rule["meaning"] == (
        "pain better by 50 percent of baseline or more and disability better by 15 points of 100 or more "
        "and no further intervention"
    )


def test_the_schema_says_the_same_of_every_instrument(frame, schema_text):
    rows = re.findall(r"^\| `(\w+)` \| (.+) \| (.+) \| (better|worse) \| (.+) \|$", schema_text, flags=re.MULTILINE)
    told = frame[frame["kind"] == "instrument"].set_index("word")
    assert [row[0] for row in rows] == list(told.index)
    for word, meaning, _, higher, common in rows:
        assert told.loc[word, ["meaning", "direction", "common_scale"]].tolist() == [
            meaning, f"higher_is_{higher}", common,
        ]  # fmt: skip


def test_one_table_is_shown_alone():
    assert set(data_dictionary("safety")["table"]) == {"safety"}


def test_a_table_that_there_is_not_names_the_nearest():
    with pytest.raises(EvidenceError, match="did you mean 'outcomes'"):
        data_dictionary("outcome")

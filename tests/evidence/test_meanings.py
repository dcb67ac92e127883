"""Meanings: every word of every closed list has one, and no meaning is left of a word that has gone."""

import pytest

from sciatrial.evidence.meanings import SHARE_MEANINGS, WORD_MEANINGS
from sciatrial.evidence.responders import RESPONDER_RULES
from sciatrial.evidence.rows import TABLES, word_list

LISTS = {kind for row in TABLES.values() for column in row.model_fields if (kind := word_list(row, column))}


def test_every_closed_list_of_the_tables_has_meanings():
    assert set(WORD_MEANINGS) == LISTS


@pytest.mark.parametrize("words", WORD_MEANINGS, ids=lambda words: words.__name__)
def test_every_word_has_one_meaning_in_the_order_of_its_list(words):
    assert list(WORD_MEANINGS[words]) == [word.value for word in words]
    assert all(WORD_MEANINGS[words].values())


def test_a_share_has_no_rule():
    assert not set(SHARE_MEANINGS) & set(RESPONDER_RULES)

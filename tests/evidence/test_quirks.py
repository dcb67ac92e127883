"""Known peculiarities name studies of the tables."""

from sciatrial.evidence import WhyNot
from sciatrial.evidence.quirks import QUIRKS


def test_every_quirk_names_a_study_of_the_tables(evidence):
    assert {quirk.study_id for quirk in QUIRKS} <= set(evidence.studies["study_id"])


def test_no_study_has_two_quirks():
    assert len({quirk.study_id for quirk in QUIRKS}) == len(QUIRKS)


def test_the_data_dictionary_explains_every_reason(schema_text):
    assert [word for word in WhyNot if f"| `{word}` |" not in schema_text] == []

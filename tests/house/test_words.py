from pathlib import Path

import pytest

from sciatrial import foundation
from sciatrial.evidence.rows import TABLES

SCHEMA = (Path(foundation.__file__).parents[1] / "evidence" / "tables" / "SCHEMA.md").read_text(encoding="utf-8")
LISTS = ("Intervention", "CellType", "Donor", "Route", "DoseBasis")


@pytest.mark.parametrize("name", LISTS)
def test_every_word_of_a_list_stands_in_the_schema_of_the_tables(name):
    missing = [word.value for word in getattr(foundation, name) if f"`{word.value}`" not in SCHEMA]
    assert not missing


def test_every_column_of_every_table_stands_in_the_schema():
    columns = {column for row in TABLES.values() for column in row.model_fields}
    assert not {column for column in columns if column not in SCHEMA}

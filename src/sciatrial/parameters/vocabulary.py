"""What every number of the prior table is: its unit and its meaning.

Numbers of the model have their words in the model's vocabulary; those of the clinic and the population in a table here.
"""

from __future__ import annotations

import csv
from importlib.resources import files

from sciatrial.model import Model, Parameter


def words_of_numbers(model: Model) -> dict[str, Parameter]:
    """Return name → name, unit and meaning, for every name of the prior table, its qualifiers left out."""
    text = files("sciatrial.parameters").joinpath("tables", "numbers.csv").read_text(encoding="utf-8")
    known = [Parameter(row["name"], row["unit"], row["meaning"]) for row in csv.DictReader(text.splitlines())]
    return {item.name: item for item in (*model.parameters, *known)}

"""How disc, root, nerve and donor cells behave.

Takes nothing, gives a `Model`: states, parameters and equations with units and sources. Never holds a number from a
paper, and never knows of trials.
"""

from sciatrial.model.assemble import Model, assemble
from sciatrial.model.expression import Expression, law_as_written
from sciatrial.model.language import (
    Formula,
    Mechanism,
    Output,
    Parameter,
    State,
    exp,
    formula,
    hill,
    log,
    maximum,
    mechanism,
    output,
    positive_part,
    power,
)
from sciatrial.model.sciatica import sciatica_model

__all__ = [
    "Expression",
    "Formula",
    "Mechanism",
    "Model",
    "Output",
    "Parameter",
    "State",
    "assemble",
    "exp",
    "formula",
    "hill",
    "law_as_written",
    "log",
    "maximum",
    "mechanism",
    "output",
    "positive_part",
    "power",
    "sciatica_model",
]

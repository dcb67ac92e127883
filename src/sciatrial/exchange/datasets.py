"""What a dataset for analysis is, whatever it is written as: a frame with a name, keys, and a word on each variable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Code:
    """A word that a variable may hold, what it means, and its concept in the NCI Thesaurus where CDISC lists it."""

    word: str
    meaning: str
    concept: str = ""


@dataclass(frozen=True)
class CodeList:
    """Every word that a variable may hold; `concept` and the concepts of its words are those of CDISC terminology."""

    name: str
    codes: tuple[Code, ...]
    concept: str = ""


@dataclass(frozen=True)
class Variable:
    """One variable.

    ``kind`` is ``text``, ``integer`` or ``float``; ``origin`` ``Derived`` or ``Assigned``, since nothing here was
    collected; ``how`` says how it comes about; ``codes`` names a `CodeList`.
    """

    name: str
    label: str
    kind: str
    origin: str
    how: str
    codes: str = ""


@dataclass(frozen=True)
class AnalysisDataset:
    """A dataset: ``structure`` says what a row is, ``keys`` which variables tell rows apart."""

    name: str
    label: str
    kind: str
    structure: str
    keys: tuple[str, ...]
    variables: tuple[Variable, ...]
    code_lists: Mapping[str, CodeList]
    frame: pd.DataFrame

    @property
    def file_name(self) -> str:
        """The name in small letters, without an ending."""
        return self.name.lower()

"""Facts about patients at the door that no virtual patient is compared with, each with the reason."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from importlib.resources import files
from typing import TYPE_CHECKING

from sciatrial.foundation import CohortError, Problem

if TYPE_CHECKING:
    import pandas as pd

    from sciatrial.evidence import Evidence

# which facts speak of patients as they come: a topic, and names that other topics have for it
_TOPIC = "demographics"
_NAMES = re.compile(r"baseline|presurgery|^corr_|^SBI_item|^EQ5D_map|^SF6D")
_UNREAD = "nobody has said yet of whom it speaks, and from what distance on it is a miss"
_COLUMNS = ("name", "value", "unit", "population", "n", "citation", "source_url")


def facts_left_out(evidence: Evidence, compared: Iterable[str] = ()) -> pd.DataFrame:
    """Return every fact about patients at the door that is not compared, and why not.

    Parameters
    ----------
    evidence
        Tables with the facts.
    compared
        Slugs of the facts that are compared.

    Returns
    -------
    pandas.DataFrame
        ``fact, value, unit, population, n, citation, source_url, reason``. A fact of your own tables for which no
        reason is written yet says so.

    Raises
    ------
    CohortError
        When a fact is both compared and left out.
    """
    reasons, done = _reasons(), set(compared)
    both = sorted(done & set(reasons))
    if both:
        problems = [Problem(fact, "is compared as well", "either a target or a reason", "take it out") for fact in both]
        raise CohortError("tables/plausibility_left_out.csv", problems)
    facts = evidence.facts
    names = facts["name"].astype(str)
    speaks = (facts["topic"] == _TOPIC) | names.map(lambda name: bool(_NAMES.search(name))) | names.isin(list(reasons))
    rows = facts.loc[(speaks & ~names.isin(list(done))).to_numpy(dtype=bool), list(_COLUMNS)]
    rows = rows.drop_duplicates("name").rename(columns={"name": "fact"}).reset_index(drop=True)
    return rows.assign(reason=[reasons.get(str(fact), _UNREAD) for fact in rows["fact"]])


def _reasons() -> dict[str, str]:
    text = files("sciatrial.population").joinpath("tables", "plausibility_left_out.csv").read_text(encoding="utf-8")
    return {row["fact"]: row["reason"] for row in csv.DictReader(text.splitlines())}

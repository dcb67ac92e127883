"""Risk of bias of each study as it may be shown: what nobody assessed is never low."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import pandas as pd

from sciatrial.evidence import Evidence
from sciatrial.foundation import BiasDomain, BiasTool, Judgement

DOMAINS = (
    BiasDomain.RANDOMISATION, BiasDomain.DEVIATIONS, BiasDomain.MISSING_DATA, BiasDomain.MEASUREMENT,
    BiasDomain.SELECTION,
)  # fmt: skip


class Light(StrEnum):
    """A traffic light; a note of ours can speak against a study, never for it."""

    LOW = "low"
    SOME_CONCERNS = "some_concerns"
    HIGH = "high"
    UNCLEAR = "unclear"
    NOT_ASSESSED = "not_assessed"


# the worst first
_ORDER = (Light.HIGH, Light.SOME_CONCERNS, Light.UNCLEAR, Light.NOT_ASSESSED, Light.LOW)


def traffic_lights(evidence: Evidence) -> pd.DataFrame:
    """Return the lights of every study.

    Parameters
    ----------
    evidence
        Checked tables.

    Returns
    -------
    pandas.DataFrame
        One row a study: ``study_id``, one column a domain, ``overall`` (the worst of the domains and of a published
        overall judgement; low only where a published tool says so of the whole
        study or of every domain), ``source`` ("published
        tool", "author note", "none"). Of two published judgements the worse one counts; an author's note counts only
        where it is high or of some concern and no tool was used.
    """
    rows = []
    by_study = {str(study): group for study, group in evidence.risk_of_bias.groupby("study_id")}
    for study in evidence.studies["study_id"]:
        own = by_study.get(study)
        lights = {domain: _light(own, domain) for domain in (*DOMAINS, BiasDomain.OVERALL)}
        tools = set() if own is None else set(own["tool"])
        source = "none" if not tools else "author note" if tools == {BiasTool.AUTHOR_NOTE} else "published tool"
        domains = [lights[domain] for domain in DOMAINS]
        stated = [lights[BiasDomain.OVERALL]] if lights[BiasDomain.OVERALL] is not Light.NOT_ASSESSED else []
        overall = stated[0] if stated and Light.HIGH not in domains else min((*stated, *domains), key=_ORDER.index)
        rows.append(
            {"study_id": study, **{domain.value: lights[domain].value for domain in DOMAINS}, "overall": overall.value,
             "source": source}
        )  # fmt: skip
    return pd.DataFrame(rows)


def _light(rows: Any, domain: BiasDomain) -> Light:
    if rows is None:
        return Light.NOT_ASSESSED
    here = rows[rows["domain"] == domain]
    published = here[here["tool"] != BiasTool.AUTHOR_NOTE]
    if len(published):
        return min((Light(word) for word in published["judgement"]), key=_ORDER.index)
    against = [Light(word) for word in here["judgement"] if word in (Judgement.HIGH, Judgement.SOME_CONCERNS)]
    return min(against, key=_ORDER.index) if against else Light.NOT_ASSESSED

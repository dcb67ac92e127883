"""Prior rows that cite a study: without it nobody knows their ranges as well.

The prior table was set by hand from the literature, and some of its rows name a row of the facts or parameters that
comes from a publication of a study of the terms. Whoever leaves that study out may not know what it says.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sciatrial.calibration.facts import printed_rows, studies_behind
from sciatrial.calibration.space import Space
from sciatrial.evidence import Evidence

# assumption: how much wider a range would be that knows nothing of the source. The table has no range of a class; its
# rows that are assumed, without any data, are up to 1.7 times as wide (upper quartile, logarithms) as those that cite
WIDER_WITHOUT_SOURCE = 2.0


def cited_priors(space: Space, evidence: Evidence, studies: Iterable[str]) -> pd.DataFrame:
    """Return prior rows whose sources come from publications of some studies, or of studies that share their patients.

    Parameters
    ----------
    space
        With the prior table.
    evidence
        The tables that sources are looked up in, facts and parameters.
    studies
        Ids.

    Returns
    -------
    pandas.DataFrame
        ``key`` of the prior row, ``source`` (its slug), ``study_id``; one row each.
    """
    wanted, printed = set(studies), printed_rows(evidence)
    slugs = {slug for row in space.prior.entries for slug in row.sources.split(";")} & set(printed)
    behind = {slug: wanted.intersection(studies_behind(evidence, "", printed[slug])) for slug in sorted(slugs)}
    found = [
        {"key": row.key, "source": slug, "study_id": study}
        for row in space.prior.entries
        for slug in row.sources.split(";")
        for study in sorted(behind.get(slug, ()))
    ]
    return pd.DataFrame(found, columns=["key", "source", "study_id"])


def prior_sds(space: Space, cited: pd.DataFrame, studies: Iterable[str]) -> NDArray[np.float64]:
    """Return the prior standard deviation of each coordinate when studies are left out; dims ``coordinate``.

    Parameters
    ----------
    space
        The coordinates: each has a standard deviation of 1 where no study that is left out stands behind its range.
    cited
        As `cited_priors` returns it.
    studies
        Which are left out.
    """
    gone = set(cited.loc[cited["study_id"].isin(list(studies)), "key"])
    return np.where(np.isin(space.keys, list(gone)), WIDER_WITHOUT_SOURCE, 1.0)

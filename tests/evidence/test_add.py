"""Adding: new tables, the old ones untouched, nothing unconfirmed, nothing twice."""

import pandas as pd
import pytest

from sciatrial.evidence import add_study, read_form
from sciatrial.foundation import EvidenceError


def test_the_rows_stand_below_those_that_were_there(form, evidence):
    before = evidence.fingerprint()
    after = add_study(evidence, read_form(form(), evidence))
    assert after.studies["study_id"].iloc[-1] == "invented2026"
    pd.testing.assert_frame_equal(after.outcomes.iloc[:-2], evidence.outcomes)
    assert evidence.fingerprint() == before


def test_a_form_that_nobody_confirmed_is_refused(form, evidence):
    addition = read_form(form(top="confirmed = false"), evidence)
    with pytest.raises(EvidenceError, match="confirmed = true"):
        add_study(evidence, addition)


def test_a_form_cannot_be_added_twice(form, evidence):
    addition = read_form(form(), evidence)
    with pytest.raises(EvidenceError, match=r"already used in studies\.csv, row 174"):
        add_study(add_study(evidence, addition), addition)

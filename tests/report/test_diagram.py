import numpy as np
import pytest

from sciatrial.exchange import REFERENCE_TREATMENTS
from sciatrial.model import sciatica_model
from sciatrial.report.diagram import arrows_of, is_inside, plot_modules_of_model, theme_of, treatments_by_theme

MODEL = sciatica_model()
THEMES = {theme_of(item) for item in (*MODEL.formulas, *MODEL.mechanisms)}
ARROWS = arrows_of(MODEL)


@pytest.mark.parametrize("arrow", ARROWS, ids=lambda arrow: f"{arrow.home} to {arrow.user}")
def test_an_arrow_touches_no_box_but_its_own(arrow):
    for share in np.linspace(0, 1, 200):
        x, y = (a + share * (b - a) for a, b in zip(arrow.start, arrow.end, strict=True))
        assert not any(is_inside(theme, x, y) for theme in THEMES)


def test_two_arrows_never_lie_on_each_other():
    ends = [(*arrow.start, *arrow.end) for arrow in ARROWS]
    back = [(*arrow.end, *arrow.start) for arrow in ARROWS]
    assert not any(np.allclose(a, b) for a in ends for b in back)


def test_every_theme_and_every_treatment_is_drawn():
    figure = plot_modules_of_model(MODEL)
    written = " ".join(text.get_text() for text in figure.axes[0].texts)
    told = written.lower()
    assert all(theme in told for theme in THEMES)
    for word in ("physiotherapy", "surgery", "botulinum", "opioids", "epidural steroid", "cells"):
        assert word in told
    assert "NSAIDs" in written
    assert "_" not in written


def test_treatments_stand_where_they_act():
    acting = treatments_by_theme(MODEL)
    assert "cells_epidural" in acting["cells"]
    assert "surgery" in acting["disc"]
    assert "opioid" in acting["pain"]
    assert "epidural_steroid" in acting["drugs"]
    assert {name for names in acting.values() for name in names} <= set(REFERENCE_TREATMENTS)

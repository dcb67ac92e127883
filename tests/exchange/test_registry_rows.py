"""The pieces of an import: arm names, groups that are arms or are not, and how far a row is trusted."""

import pytest

from sciatrial.exchange.registry_record import Denominator, Group
from sciatrial.exchange.registry_rows import Cell, analysed, arm_names, is_number, match_groups, row
from sciatrial.foundation import Confidence

NAMES = arm_names(["High dose cells", "Low dose cells", "Saline"])


def _groups(*titles):
    return [Group(id=f"OG{number}", title=title) for number, title in enumerate(titles)]


def test_arm_ids_are_keys_and_none_occurs_twice():
    names = arm_names(["20 M Cells", "Cells (high)", "cells: high", "???"])
    assert [name.arm_id for name in names] == ["arm_20_m_cells", "cells_high", "cells_high_2", "arm"]


def test_the_same_words_are_the_same_arm():
    matched = match_groups(_groups("SALINE", "High-Dose Cells"), NAMES)
    assert {group: name.arm_id for group, name in matched.arms.items()} == {"OG0": "saline", "OG1": "high_dose_cells"}
    assert not matched.doubts


def test_a_title_that_holds_the_words_of_one_arm_is_that_arm_with_a_doubt():
    matched = match_groups(_groups("Saline injection"), NAMES)
    assert matched.arms["OG0"].arm_id == "saline"
    assert matched.doubts == {"OG0": "the group is called 'Saline injection'"}


@pytest.mark.parametrize("title", ["Cells", "dose cells", "Total", ""])
def test_a_title_that_could_be_several_arms_or_none_is_no_arm(title):
    assert match_groups(_groups(title), NAMES).arms == {}


def test_two_groups_that_look_like_one_arm_are_both_left_out():
    matched = match_groups(_groups("Saline A", "Saline B"), NAMES)
    assert matched.arms == {}
    assert set(matched.unmatched) == {"Saline A", "Saline B"}


def test_only_participants_count_as_patients():
    counts = [{"groupId": "OG0", "value": "28"}]
    assert analysed([Denominator(units="Participants", counts=counts)], "OG0") == "28"
    assert analysed([Denominator(units="Discs", counts=counts)], "OG0") == ""


@pytest.mark.parametrize(
    ("text", "answer"), [("3.50", True), ("-1", True), (".5", True), ("NA", False), ("<1", False), ("²", False)]
)
def test_a_number_is_told_from_a_remark(text, answer):
    assert is_number(text) is answer


def test_a_doubt_lowers_the_confidence_and_empty_cells_are_left_out():
    assert row({"n": Cell("3"), "month": Cell("")}, "x").confidence is Confidence.HIGH
    assert row({"n": Cell("3", "really?")}, "x").confidence is Confidence.MEDIUM
    assert row({"n": Cell("3")}, "x", is_weak=True).confidence is Confidence.LOW
    assert list(row({"n": Cell("3"), "month": Cell("")}, "x").cells) == ["n"]

"""Pieces of a USDM document."""

from sciatrial.exchange.usdm_pieces import Pieces, chained
from sciatrial.exchange.usdm_terms import YEARS


def test_identifiers_count_by_class():
    made = Pieces()
    assert [made.make("A")["id"], made.make("B")["id"], made.make("A")["id"]] == ["A_1", "B_1", "A_2"]


def test_a_name_without_more_is_its_label_and_description():
    piece = Pieces().named("A", "x")
    assert (piece["label"], piece["description"]) == ("x", "x")
    assert Pieces().named("A", "x", label="long")["description"] == "long"


def test_a_quantity_has_its_unit_as_a_code():
    unit = Pieces().quantity(3.0, YEARS)["unit"]["standardCode"]
    assert (unit["code"], unit["decode"], unit["codeSystem"]) == ("C29848", "Year", "http://www.cdisc.org")
    assert Pieces().quantity(3.0)["unit"] is None


def test_a_chain_knows_what_comes_before_and_after():
    made = Pieces()
    first, second, third = chained([made.make("A") for _ in range(3)])
    assert (first["previousId"], first["nextId"]) == (None, "A_2")
    assert (second["previousId"], second["nextId"]) == ("A_1", "A_3")
    assert (third["previousId"], third["nextId"]) == ("A_2", None)
    assert chained([]) == []


def test_what_happens_once_has_no_length_that_nobody_told():
    made = Pieces().moment("once, at randomisation")
    assert (made["quantity"], made["durationWillVary"]) == (None, True)
    assert made["reasonDurationWillVary"]

from sciatrial.parameters import read_behaviours


def test_every_row_says_what_is_expected_and_what_came():
    table = read_behaviours()
    assert len(table) > 25
    assert (table["expected"].str.len() > 0).all()
    assert (table["got"].str.len() > 0).all()


def test_whether_a_row_holds_is_yes_or_no():
    assert read_behaviours()["holds"].dtype == bool

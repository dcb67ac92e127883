import numpy as np
import pandas as pd
import pytest

from sciatrial.foundation import StudyError
from sciatrial.report.page import css, html_table, rendered, write_page


def test_a_page_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "page.html"
    write_page("one", path)
    assert write_page("two", path).read_text(encoding="utf-8") == "two"
    assert [file.name for file in tmp_path.iterdir()] == ["page.html"]


def test_a_page_that_cannot_be_written_is_an_error_that_says_what_next(tmp_path):
    with pytest.raises(StudyError, match="a folder with room"):
        write_page("text", tmp_path / "missing" / "page.html")


def test_a_table_says_a_missing_number_as_a_dash_and_escapes_text():
    table = html_table(pd.DataFrame({"arm": ["<b>"], "effect": [np.nan], "n": [3]}), "Caption & more")
    assert "&lt;b&gt;" in table
    assert "–" in table
    assert "Caption &amp; more" in table


def test_numbers_are_set_to_the_right():
    assert "class=n" in html_table(pd.DataFrame({"arm": ["a"], "effect": [1.5]}), "")


def test_a_name_that_a_template_lacks_is_an_error():
    with pytest.raises(Exception, match="undefined"):
        rendered("review.html.j2", {})


def test_the_style_needs_no_network():
    assert "http" not in css()

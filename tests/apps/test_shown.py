import pandas as pd

from sciatrial.apps.shown import Shown


def test_where_nobody_looks_a_table_is_tab_separated_and_the_code_follows(capsys):
    Shown("Title", pd.DataFrame({"a": [1.5], "b": ["x"]}), "a note", code="library(metafor)").print(0)
    printed = capsys.readouterr()
    assert printed.out == "a\tb\n1.5\tx\n\nlibrary(metafor)\n"
    assert printed.err == "a note\n"


def test_the_whole_table_is_printed_where_nobody_looks(capsys):
    frame = pd.DataFrame({"a": range(5)})
    Shown("Title", frame, narrow=frame.head(1)).print(2)
    assert len(capsys.readouterr().out.splitlines()) == 6

import io

from rich.console import Console

from sciatrial.apps.bar import Bar


def test_a_log_file_gets_lines_with_the_time_left(monkeypatch):
    seconds = iter(range(0, 1000, 6))
    monkeypatch.setattr("sciatrial.apps.bar.time.monotonic", lambda: next(seconds))
    text = io.StringIO()
    bar = Bar(Console(file=text, force_terminal=False))
    bar.start("trials", 10)
    for _ in range(5):
        assert bar.advance(1)
    bar.finish()
    assert "trials: 2 of 10, about" in text.getvalue()


def test_a_terminal_gets_a_bar_that_goes_away():
    text = io.StringIO()
    with Bar(Console(file=text, force_terminal=True, width=100)) as bar:
        bar.start("trials", 2)
        bar.advance(2)
    assert "trials" in text.getvalue()

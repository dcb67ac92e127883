from sciatrial.foundation import Progress, SilentProgress, silent


class Counter:
    """Counts the calls, and wants to stop after `enough` units."""

    def __init__(self, enough: int) -> None:
        self.enough, self.done, self.label = enough, 0, ""

    def start(self, label: str, total: int) -> None:
        self.label = f"{label} of {total}"

    def advance(self, n: int = 1) -> bool:
        self.done += n
        return self.done < self.enough

    def finish(self) -> None:
        self.label += ", finished"


def work(progress: Progress) -> int:
    progress.start("patients", 10)
    done = 0
    while done < 10:
        done += 1
        if not progress.advance():
            break
    progress.finish()
    return done


def test_silent_progress_never_stops_the_work():
    assert work(silent) == 10


def test_silent_progress_prints_nothing(capfd):
    work(SilentProgress())
    assert capfd.readouterr() == ("", "")


def test_whoever_watches_may_stop_the_work():
    assert work(Counter(enough=3)) == 3


def test_anything_with_the_three_calls_can_watch():
    counter = Counter(enough=100)
    work(counter)
    assert (counter.label, counter.done) == ("patients of 10, finished", 10)

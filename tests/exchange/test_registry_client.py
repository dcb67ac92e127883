"""Asking the registry: a server on this machine answers in its format, well and badly."""

import json
import sys
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from sciatrial.exchange import Registry, fetch_study, read_study_file, search_studies
from sciatrial.foundation import EvidenceError
from tests.exchange.registry_samples import NUMBER, registered_study

GOOD = json.dumps(registered_study()).encode()
JSON = {"Content-Type": "application/json"}


class _Server:
    """Answers with what `answers` holds, one after the other, the last one again and again; keeps what was asked."""

    def __init__(self):
        self.answers, self.asked = [(200, JSON, GOOD)], []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                server.asked.append((self.path, dict(self.headers)))
                answer = server.answers.pop(0) if len(server.answers) > 1 else server.answers[0]
                status, headers, body = answer(self) if callable(answer) else answer
                if status is None:
                    server.release.wait(5)
                    return
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if "Content-Length" not in headers:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.release = threading.Event()
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()
        self.address = f"http://127.0.0.1:{self.http.server_port}/api/v2"


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = _Server()
    yield server
    server.release.set()
    server.http.shutdown()
    server.http.server_close()


@pytest.fixture
def slept():
    return []


@pytest.fixture
def registry(server, tmp_path, slept):
    return Registry(
        server.address, tmp_path / "cache", requests_per_minute=1e9, attempts=3, timeout_seconds=2.0,
        sleep=lambda seconds: slept.append(seconds) if seconds > 0.01 else None,
    )  # fmt: skip


def _problem(call):
    with pytest.raises(EvidenceError) as caught:
        call()
    (problem,) = caught.value.problems
    assert problem.next_step
    return problem


def test_a_study_is_asked_for_by_its_number(server, registry):
    assert fetch_study(" nct00000000 ", registry)["hasResults"]
    assert server.asked[0][0].startswith(f"/api/v2/studies/{NUMBER}?")


def test_a_kept_answer_is_not_asked_for_again(server, registry):
    assert fetch_study(NUMBER, registry) == fetch_study(NUMBER, registry)
    assert len(server.asked) == 1


def test_an_old_answer_is_asked_about_and_kept_when_it_still_holds(server, registry):
    server.answers = [(200, JSON | {"ETag": '"first"'}, GOOD), (304, {}, b"")]
    old = replace(registry, days_kept=0.0)
    assert fetch_study(NUMBER, old) == fetch_study(NUMBER, old)
    assert server.asked[1][1]["If-None-Match"] == '"first"'


def test_a_damaged_answer_in_the_cache_is_asked_for_again(server, registry):
    fetch_study(NUMBER, registry)
    (registry.cache / f"{NUMBER}.json").write_text('{"url"')
    fetch_study(NUMBER, registry)
    assert len(server.asked) == 2


def test_the_server_decides_how_long_to_wait(server, registry, slept):
    server.answers = [(429, {"Retry-After": "7"}, b""), (200, JSON, GOOD)]
    fetch_study(NUMBER, registry)
    assert slept == [7.0]


def test_a_date_to_wait_for_is_understood(server, registry, slept):
    server.answers = [(503, {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, b""), (200, JSON, GOOD)]
    fetch_study(NUMBER, registry)
    assert slept == []


def test_a_server_that_asks_for_a_long_wait_is_left_alone(server, registry, slept):
    server.answers = [(429, {"Retry-After": "3600"}, b"")]
    assert _problem(lambda: fetch_study(NUMBER, registry)).next_step == "come back in 3600 s"
    assert slept == []


def test_waits_double_after_each_failure(server, registry, slept):
    server.answers = [(500, {}, b""), (502, {}, b""), (200, JSON, GOOD)]
    fetch_study(NUMBER, registry)
    assert slept == [1.0, 2.0]


def test_a_server_that_goes_on_failing_is_told_with_what_to_do(server, registry):
    server.answers = [(500, {}, b"")]
    problem = _problem(lambda: fetch_study(NUMBER, registry))
    assert problem.found == "status 500, Internal Server Error, 3 times"
    assert "save the JSON by hand" in problem.next_step
    assert len(server.asked) == 3


def test_an_older_answer_is_named_when_the_server_fails(server, registry):
    fetch_study(NUMBER, registry)
    server.answers = [(500, {}, b"")]
    assert f"{NUMBER}.json" in _problem(lambda: fetch_study(NUMBER, replace(registry, days_kept=0.0))).next_step


def test_silence_is_waited_for_so_long_and_asked_again(server, registry):
    server.answers = [(None, {}, b""), (200, JSON, GOOD)]
    assert fetch_study(NUMBER, replace(registry, timeout_seconds=0.2))["hasResults"]


def test_a_machine_that_is_offline_is_told_what_to_do(server, registry):
    server.http.shutdown()
    server.http.server_close()
    problem = _problem(lambda: fetch_study(NUMBER, registry))
    assert "cannot be reached" in problem.found
    assert "save the JSON by hand" in problem.next_step


def test_an_answer_that_was_cut_off_is_asked_for_again(server, registry):
    server.answers = [(200, JSON | {"Content-Length": str(len(GOOD))}, GOOD[:100]), (200, JSON, GOOD)]
    assert fetch_study(NUMBER, registry)["hasResults"]
    assert len(server.asked) == 2


def test_json_that_is_not_whole_is_told(server, registry):
    server.answers = [(200, JSON, GOOD[:100])]
    assert "is no whole JSON" in _problem(lambda: fetch_study(NUMBER, registry)).found


@pytest.mark.parametrize(
    ("kind", "found"), [("text/html; charset=utf-8", "is a web page"), ("text/csv", "is content of type text/csv")]
)
def test_another_kind_of_content_is_told(server, registry, kind, found):
    server.answers = [(200, {"Content-Type": kind}, b"<html>Log in</html>")]
    problem = _problem(lambda: fetch_study(NUMBER, registry))
    assert problem.found == found
    assert "log-in page" in problem.next_step


def test_a_study_that_there_is_not_is_told(server, registry):
    server.answers = [(404, JSON, b"{}")]
    assert _problem(lambda: fetch_study(NUMBER, registry)).found == "there is none with this number"


def test_a_refused_request_is_told_with_the_words_of_the_server(server, registry):
    server.answers = [(400, {"Content-Type": "text/plain"}, b"unbalanced bracket")]
    assert "unbalanced bracket" in _problem(lambda: search_studies("(", registry)).found


def test_another_study_than_the_one_asked_for_is_told_and_not_kept(server, registry):
    problem = _problem(lambda: fetch_study("NCT00000001", registry))
    assert problem.found == "is NCT00000000"
    assert not (registry.cache / "NCT00000001.json").exists()


def test_a_missing_module_is_told_by_its_path(server, registry):
    server.answers = [(200, JSON, b'{"hasResults": true}')]
    assert _problem(lambda: fetch_study(NUMBER, registry)).where == "protocolSection"


@pytest.mark.parametrize("number", ["NCT123", "12345678", ""])
def test_a_number_that_is_none_is_told_and_nothing_is_asked(server, registry, number):
    assert "NCT and eight digits" in _problem(lambda: fetch_study(number, registry)).expected
    assert server.asked == []


def _pages(*pages):
    def answer(handler):
        token = parse_qs(urlsplit(handler.path).query).get("pageToken", ["0"])[0]
        return 200, JSON, json.dumps(pages[int(token)]).encode()

    return answer


def test_a_search_reads_page_after_page(server, registry):
    studies = [registered_study(number=f"NCT0000000{digit}") for digit in range(3)]
    server.answers = [_pages({"studies": studies[:2], "nextPageToken": "1"}, {"studies": studies[2:]})]
    assert search_studies("invented", registry, page_size=2) == studies
    assert "query.term=invented" in server.asked[0][0]
    assert "pageToken=1" in server.asked[1][0]


def test_a_search_stops_at_the_most_that_was_asked_for(server, registry):
    studies = [registered_study(), registered_study()]
    server.answers = [_pages({"studies": studies, "nextPageToken": "1"}, {"studies": studies})]
    assert len(search_studies("invented", registry, most=1)) == 1
    assert len(server.asked) == 1


def test_a_page_that_comes_again_ends_the_search_with_a_problem(server, registry):
    server.answers = [_pages({"studies": [{}], "nextPageToken": "1"}, {"studies": [{}], "nextPageToken": "1"})]
    assert "read already" in _problem(lambda: search_studies("invented", registry)).found


def test_a_page_without_studies_is_told(server, registry):
    server.answers = [(200, JSON, b"{}")]
    assert "holds no list" in _problem(lambda: search_studies("invented", registry)).found


def test_requests_are_spread_over_the_minute(server, registry, slept):
    slow = replace(registry, requests_per_minute=6.0)
    fetch_study(NUMBER, slow)
    fetch_study(NUMBER, replace(slow, days_kept=0.0))
    assert len(slept) == 1
    assert 8 < slept[0] <= 10


def test_a_saved_file_is_read(tmp_path):
    (tmp_path / "study.json").write_bytes(GOOD)
    assert read_study_file(tmp_path / "study.json") == registered_study()


@pytest.mark.parametrize(
    ("content", "found"),
    [(GOOD[:50], "is no whole JSON"), (b"<!doctype html>", "is a web page"), (b"\xff", "cannot be read"),
     (b"[]", "is a list")],
)  # fmt: skip
def test_a_saved_file_that_is_no_study_is_told(tmp_path, content, found):
    (tmp_path / "study.json").write_bytes(content)
    assert found in _problem(lambda: read_study_file(tmp_path / "study.json")).found


def test_a_missing_library_is_told_with_how_to_install_it(registry, monkeypatch):
    monkeypatch.setitem(sys.modules, "tenacity", None)
    assert "registry" in _problem(lambda: fetch_study(NUMBER, registry)).next_step

"""Asks ClinicalTrials.gov (API version 2) for one study or for all that a search finds, and keeps what it answered.

Slow on purpose: so many requests a minute, waiting longer after each failure and as long as the server asks.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, NoReturn

from sciatrial.exchange.registry_record import NCT_NUMBER, read_record
from sciatrial.foundation import EvidenceError, Problem, fingerprint, how_to_install

# the public address of the registry's API, version 2
API_ADDRESS = "https://clinicaltrials.gov/api/v2"
_RETRIED = (429, 500, 502, 503, 504)
_SECONDS_A_DAY = 86_400
_LARGEST_PAGE = 1000
_STAMP = "last-request"


def _cache_folder() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("sciatrial") / "registry"


@dataclass(frozen=True)
class Registry:
    """Where the registry is and how it is asked.

    `address` ends before ``/studies``. At most `requests_per_minute` are sent, by all processes that share `cache`.
    Each is tried `attempts` times, waiting `first_wait_seconds`, then twice that and so on up to
    `longest_wait_seconds`, or as long as the server says; a server that asks for more than that is left alone. An
    answer in `cache` is used for `days_kept` days; an older one is asked about again and kept if it still holds.
    """

    address: str = API_ADDRESS
    cache: Path = field(default_factory=_cache_folder)
    days_kept: float = 7.0
    requests_per_minute: float = 40.0
    attempts: int = 5
    first_wait_seconds: float = 1.0
    longest_wait_seconds: float = 120.0
    timeout_seconds: float = 30.0
    sleep: Callable[[float], None] = time.sleep


class _PassingError(Exception):
    """A failure that may pass: what it was, and how long the server asks to wait, in seconds."""

    def __init__(self, problem: Problem, wait_seconds: float | None = None) -> None:
        super().__init__(problem.found)
        self.problem, self.wait_seconds = problem, wait_seconds


def fetch_study(nct_id: str, registry: Registry | None = None) -> dict[str, Any]:
    """Return the JSON of one study.

    Parameters
    ----------
    nct_id
        For example ``NCT01234567``.
    registry
        Where and how to ask; None: the public registry.

    Raises
    ------
    EvidenceError
        When the number is none, there is no such study, the registry cannot be reached or answers with something
        else, or httpx and tenacity are not installed.
    """
    registry = registry or Registry()
    number = nct_id.strip().upper()
    if not re.fullmatch(NCT_NUMBER, number):
        expected = "NCT and eight digits, for example NCT01234567"
        raise EvidenceError("import", Problem("study", f"is {nct_id!r}", expected, "look it up in the registry"))
    return _answer(
        registry, f"studies/{number}", {"format": "json"}, number, lambda found: read_record(found, expected=number)
    )


def search_studies(
    query: str, registry: Registry | None = None, *, with_results: bool = True, most: int = 200, page_size: int = 50
) -> list[dict[str, Any]]:
    """Return the JSON of the studies that a search finds, page after page.

    Parameters
    ----------
    query
        Words of the registry's search, for example ``sciatica AND stem cells``.
    registry
        Where and how to ask; None: the public registry.
    with_results
        Only studies with posted results.
    most
        Stop after so many studies.
    page_size
        Studies a page, 1 to 1000.

    Raises
    ------
    EvidenceError
        As `fetch_study`; also when the registry gives the same page again.
    """
    registry = registry or Registry()
    asked = {"query.term": query, "pageSize": str(max(1, min(page_size, most, _LARGEST_PAGE))), "format": "json"}
    if with_results:
        asked["aggFilters"] = "results:with"
    studies: list[dict[str, Any]] = []
    tokens: list[str] = []
    while len(studies) < most:
        more = {"pageToken": tokens[-1]} if tokens else {}
        page = _answer(registry, "studies", asked | more, f"search-{fingerprint(asked | more)}", _check_page)
        studies += page["studies"]
        token = page.get("nextPageToken")
        if not token:
            break
        if token in tokens:
            problem = Problem("nextPageToken", "names a page that was read already", "the next page", "try again later")
            raise EvidenceError(f"search for {query!r}", problem)
        tokens.append(token)
    return studies[:most]


def _check_page(page: Any) -> None:
    if not isinstance(page, dict) or not isinstance(page.get("studies"), list):
        problem = Problem("JSON", "holds no list 'studies'", "a page of a search", "try again later")
        raise EvidenceError("search of the registry", problem)


def read_study_file(path: str | Path) -> dict[str, Any]:
    """Return the JSON of one study that was saved by hand.

    Raises
    ------
    EvidenceError
        When the file cannot be read, is no JSON or is not the JSON of a study.
    """
    path = Path(path)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        hint = "save the JSON of the study again, as UTF-8"
        raise EvidenceError(str(path), Problem("file", f"cannot be read ({error})", "JSON text", hint)) from error
    document = _parsed(text, str(path))
    try:
        read_record(document)
    except EvidenceError as error:
        raise EvidenceError(str(path), error.problems) from error
    return document


def _parsed(text: str, subject: str) -> Any:
    if text.lstrip()[:1] == "<":
        hint = f"save {API_ADDRESS}/studies/NCT..., not the page that people read"
        raise EvidenceError(subject, Problem("file", "is a web page (HTML)", "JSON", hint))
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        found = f"is no whole JSON: {error.msg} at line {error.lineno}, column {error.colno} of {len(text)} characters"
        raise EvidenceError(subject, Problem("file", found, "JSON", "it may be cut off: save it again")) from error


def _answer(registry: Registry, path: str, asked: Mapping[str, str], name: str, check: Callable[[Any], object]) -> Any:
    """Return the parsed answer to one request, from the cache where it is young enough; only sound ones are kept."""
    kept = _kept(registry, name)
    url = f"{registry.address.rstrip('/')}/{path}"
    if kept and kept["url"] == url and time.time() - kept["time"] < registry.days_kept * _SECONDS_A_DAY:
        return kept["document"]
    etag = kept["etag"] if kept and kept["url"] == url else ""
    document, new_etag = _asked_again(registry, url, asked, etag, name)
    if document is None and kept:
        document, new_etag = kept["document"], etag
    check(document)
    _keep(registry, name, {"url": url, "time": time.time(), "etag": new_etag, "document": document})
    return document


def _asked_again(registry: Registry, url: str, asked: Mapping[str, str], etag: str, name: str) -> tuple[Any, str]:
    """Ask until there is an answer or the attempts are used up; None: what is kept still holds."""
    try:
        import httpx
        import tenacity
    except ImportError as error:
        how = how_to_install("registry")
        raise EvidenceError("registry", Problem("httpx, tenacity", "are not installed", "both", how)) from error

    def wait(state: Any) -> float:
        error = state.outcome.exception()
        doubled = registry.first_wait_seconds * 2 ** (state.attempt_number - 1)
        asked_for = error.wait_seconds if error.wait_seconds is not None else doubled
        return min(asked_for, registry.longest_wait_seconds)

    attempts = tenacity.Retrying(
        stop=tenacity.stop_after_attempt(registry.attempts),
        wait=wait,
        retry=tenacity.retry_if_exception_type(_PassingError),
        sleep=registry.sleep,
        reraise=True,
    )
    with httpx.Client(timeout=registry.timeout_seconds, follow_redirects=True) as client:
        try:
            return attempts(_once, registry, client, url, asked, etag)
        except _PassingError as error:
            _give_up(registry, url, name, error.problem)


def _once(registry: Registry, client: Any, url: str, asked: Mapping[str, str], etag: str) -> tuple[Any, str]:
    import httpx

    _pace(registry)
    headers = {"Accept": "application/json", "User-Agent": "sciatrial"} | ({"If-None-Match": etag} if etag else {})
    try:
        answer = client.get(url, params=dict(asked), headers=headers)
    except httpx.TimeoutException as error:
        found = f"no answer within {registry.timeout_seconds:g} s"
        raise _PassingError(Problem(url, found, "an answer")) from error
    except httpx.RequestError as error:
        raise _PassingError(Problem(url, f"cannot be reached ({error})", "an answer")) from error
    if answer.status_code == 304:
        return None, etag
    if answer.status_code in _RETRIED:
        found = f"status {answer.status_code}, {answer.reason_phrase}"
        seconds = _seconds_asked_for(answer.headers.get("Retry-After", ""))
        if seconds is not None and seconds > registry.longest_wait_seconds:
            hint = f"come back in {seconds:.0f} s"
            raise EvidenceError(url, Problem("request", f"{found}: asks to wait {seconds:.0f} s", "an answer", hint))
        raise _PassingError(Problem(url, found, "an answer"), seconds)
    if answer.status_code == 404:
        found, hint = "there is none with this number", "check the number in the registry"
        raise EvidenceError(url, Problem("study", found, "a registered study", hint))
    if answer.status_code != 200:
        told = " ".join(answer.text.split())[:200]
        found = f"refused with status {answer.status_code}: {told}"
        expected = "a request that the registry understands"
        raise EvidenceError(url, Problem("request", found, expected, "check the words of the search"))
    kind = answer.headers.get("Content-Type", "none").split(";")[0]
    if kind != "application/json":
        what = "a web page" if "html" in kind else f"content of type {kind}"
        hint = "is there a proxy or a log-in page in between? " + _by_hand(url)
        raise EvidenceError(url, Problem("answer", f"is {what}", "application/json", hint))
    try:
        return json.loads(answer.content), answer.headers.get("ETag", "")
    except ValueError as error:
        found = f"is no whole JSON ({error}); {len(answer.content)} bytes came"
        raise _PassingError(Problem(url, found, "JSON")) from error


def _give_up(registry: Registry, url: str, name: str, problem: Problem) -> NoReturn:
    kept = _kept(registry, name)
    old = f"; an older answer is kept in {_cache_file(registry, name)}" if kept else ""
    next_step = _by_hand(url) + old
    found = f"{problem.found}, {registry.attempts} times"
    raise EvidenceError("registry", Problem(problem.where, found, problem.expected, next_step))


def _by_hand(url: str) -> str:
    return f"try again later, or save the JSON by hand: open {url} in a browser, save it and give the file"


def _seconds_asked_for(retry_after: str) -> float | None:
    """Return the seconds of a Retry-After header: a number, or a date."""
    if retry_after.strip().isdigit():
        return float(retry_after)
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time.time())
    except (TypeError, ValueError):
        return None


def _pace(registry: Registry) -> None:
    """Wait until the next request may be sent; a file of the cache says when the last one was."""
    stamp = registry.cache / _STAMP
    pause = 60.0 / registry.requests_per_minute
    try:
        since = time.time() - stamp.stat().st_mtime
    except OSError:
        since = pause
    if 0 <= since < pause:
        registry.sleep(pause - since)
    try:
        registry.cache.mkdir(parents=True, exist_ok=True)
        stamp.touch()
    except OSError:
        registry.sleep(pause)  # nowhere to remember: wait in any case


def _cache_file(registry: Registry, name: str) -> Path:
    return registry.cache / f"{name}.json"


def _kept(registry: Registry, name: str) -> dict[str, Any] | None:
    """Return what is kept under a name; None when nothing is, or it is damaged."""
    try:
        kept = json.loads(_cache_file(registry, name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return kept if isinstance(kept, dict) and {"url", "time", "etag", "document"} <= set(kept) else None


def _keep(registry: Registry, name: str, content: Mapping[str, Any]) -> None:
    """Keep an answer; a cache that cannot be written to is no fault."""
    file = _cache_file(registry, name)
    part = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        registry.cache.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(content), encoding="utf-8")
        part.replace(file)
    except OSError:
        part.unlink(missing_ok=True)

from pathlib import Path

import pytest

import sciatrial

PACKAGE = Path(sciatrial.__file__).parent
TESTS = Path(__file__).parents[1]
SOURCES = [path for path in sorted(PACKAGE.rglob("*.py")) if not path.name.startswith("__")]
BANNED = {
    "base",
    "common",
    "core",
    "data",
    "handler",
    "helper",
    "info",
    "manager",
    "misc",
    "object",
    "process",
    "utils",
}


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_source_file_has_its_test_file(source):
    place = source.relative_to(PACKAGE)
    assert (TESTS / place.parent / f"test_{place.name}").is_file()


def test_no_file_has_a_name_that_says_nothing():
    names = [part for path in SOURCES for part in path.relative_to(PACKAGE).with_suffix("").parts]
    assert not BANNED & {word for name in names for word in name.split("_")}


def test_no_file_holds_a_path_of_one_machine_or_an_address_of_a_package_mirror():
    root = TESTS.parent
    suffixes = {".py", ".md", ".toml", ".txt", ".csv", ".cff", ".yaml", ".j2", ""}
    folders = ("src", "tests", "docs", "studies", "benchmarks", "peers", ".ci")
    files = [p for folder in folders for p in (root / folder).rglob("*") if p.is_file() and p.suffix in suffixes]
    files += [p for p in root.iterdir() if p.is_file() and p.suffix in suffixes]
    forbidden = ["/" + "work/", "/" + "root/", "/" + "home/", "extra-" + "index", "index" + "-url", "/" + "simple/"]
    found = [
        (p.name, word) for p in files for word in forbidden if word in p.read_text(encoding="utf-8", errors="ignore")
    ]
    assert not [item for item in found if "__pycache__" not in item[0]]

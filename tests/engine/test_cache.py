import warnings

import pytest

from sciatrial.engine import CompileCacheWarning
from sciatrial.engine.cache import cache_folder, keep, read_kept


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return cache_folder()


def test_what_is_kept_is_read_again_and_without_a_word(folder):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        keep("a.o", b"machine code")
    assert read_kept("a.o") == b"machine code"
    assert [path.name for path in folder.iterdir()] == ["a.o"]


def test_nothing_is_there_before(folder):
    assert folder.name == "kernels"
    assert read_kept("a.o") is None


@pytest.mark.parametrize("damage", [b"", b"short", b"x" * 200])
def test_damaged_code_is_not_read(folder, damage):
    keep("a.o", b"machine code")
    (folder / "a.o").write_bytes(damage)
    assert read_kept("a.o") is None


def test_one_changed_bit_is_seen(folder):
    keep("a.o", b"machine code")
    content = bytearray((folder / "a.o").read_bytes())
    content[-1] ^= 1
    (folder / "a.o").write_bytes(content)
    assert read_kept("a.o") is None


def test_a_folder_that_cannot_be_used_is_a_warning_that_says_what_to_do(tmp_path, monkeypatch):
    blocker = tmp_path / "file"
    blocker.write_text("", encoding="utf-8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocker))
    with pytest.warns(CompileCacheWarning, match="XDG_CACHE_HOME"):
        keep("a.o", b"machine code")

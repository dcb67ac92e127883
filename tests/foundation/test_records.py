import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from sciatrial.foundation import Outcome, Record, StudyError, fingerprint, write_whole


@dataclasses.dataclass(frozen=True)
class Holding(Record):
    """A record of one thing."""

    content: Any


@dataclasses.dataclass(frozen=True)
class Another(Record):
    """A record of another name."""

    content: Any


def there_and_back(content: Any, folder: Path) -> Any:
    return Holding.load(Holding(content).save(folder / "kept")).content


def change(folder: Path, **replaced: Any) -> None:
    path = folder / "record.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | replaced), encoding="utf-8")


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=("Cs",))),
    lambda inner: st.lists(inner, max_size=4).map(tuple) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@given(PLAIN)
def test_plain_values_come_back_as_they_were(tmp_path_factory, content):
    assert there_and_back(content, tmp_path_factory.mktemp("record")) == content


@given(arrays(np.float64, array_shapes(min_dims=1, max_dims=3, min_side=0), elements=st.floats(allow_nan=True)))
def test_an_array_comes_back_bit_for_bit_with_its_empty_places(tmp_path_factory, content):
    back = there_and_back(content, tmp_path_factory.mktemp("record"))
    assert (back.dtype, back.shape, back.tobytes()) == (content.dtype, content.shape, content.tobytes())


@given(st.lists(st.floats(allow_nan=False) | st.just(np.nan), min_size=1, max_size=8))
def test_a_column_of_a_frame_comes_back_bit_for_bit_with_its_empty_cells(tmp_path_factory, values):
    back = there_and_back(pd.DataFrame({"value": values}, dtype=float), tmp_path_factory.mktemp("record"))
    assert back["value"].to_numpy().tobytes() == np.array(values, dtype=float).tobytes()


def test_a_frame_comes_back_with_every_kind_of_column(tmp_path):
    frame = pd.DataFrame(
        {"n": [1, 2, 3], "is_female": [True, False, True], "arm": ["cells", "", "NA"], "note": ['a\n"b"', "c,d", "é"]}
    )
    back = there_and_back(frame, tmp_path)
    assert back.to_dict("list") == frame.to_dict("list")
    assert (back["n"].dtype.kind, back["is_female"].dtype.kind) == ("i", "b")


def test_a_frame_without_rows_keeps_its_columns(tmp_path):
    frame = pd.DataFrame({"value": np.empty(0), "arm": np.empty(0, dtype=object)})
    assert there_and_back(frame, tmp_path).columns.tolist() == ["value", "arm"]


def test_a_dataset_comes_back_bit_for_bit_with_its_names_and_empty_places(tmp_path):
    pain = np.array([[1 / 3, np.nan], [-0.0, 1e-310]])
    dataset = xr.Dataset(
        {"pain": (("patient", "visit"), pain), "is_solved": (("patient",), np.array([True, False]))},
        coords={"visit": [0, 3], "patient": ["p1", "p2"]},
    )
    back = there_and_back(dataset, tmp_path)
    assert back.identical(dataset)
    assert back["pain"].values.tobytes() == pain.tobytes()


def test_a_word_comes_back_as_its_spelling(tmp_path):
    assert there_and_back(Outcome.LEG_PAIN, tmp_path) == "leg_pain"


def test_an_existing_folder_is_left_as_it_was(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(StudyError, match="already exists"):
        Holding(1).save(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_changed_number_in_the_document_is_refused(tmp_path):
    folder = Holding(1).save(tmp_path / "kept")
    change(folder, values={"content": 2})
    with pytest.raises(StudyError, match="differs from what was saved"):
        Holding.load(folder)


def test_a_changed_cell_of_a_frame_is_refused(tmp_path):
    folder = Holding(pd.DataFrame({"value": [1.0, 2.0]})).save(tmp_path / "kept")
    (folder / "content.csv").write_text("value\n1.0\n2.5\n")
    with pytest.raises(StudyError, match="differs from what was saved"):
        Holding.load(folder)


def test_a_changed_array_is_refused(tmp_path):
    folder = Holding(np.arange(3.0)).save(tmp_path / "kept")
    np.save(folder / "content.npy", np.arange(3.0) + 1e-15)
    with pytest.raises(StudyError, match="differs from what was saved"):
        Holding.load(folder)


def test_a_record_of_another_name_is_refused_and_named(tmp_path):
    folder = Another(1).save(tmp_path / "kept")
    with pytest.raises(StudyError, match="holds a Another"):
        Holding.load(folder)


def test_a_folder_without_a_record_is_refused(tmp_path):
    with pytest.raises(StudyError, match=r"record\.json: cannot be read"):
        Holding.load(tmp_path)


def test_a_record_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Holding(1).content = 2  # type: ignore[misc]


@given(PLAIN)
def test_equal_content_has_an_equal_fingerprint(content):
    assert fingerprint(content) == fingerprint(json.loads(json.dumps(content)))


def test_the_order_of_keys_does_not_change_a_fingerprint():
    assert fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 2),
        (1, True),
        (1, "1"),
        (1.0, np.nextafter(1.0, 2)),
        ((1, 2), (2, 1)),
        ({"a": 1}, {"b": 1}),
        (np.zeros((2, 3)), np.zeros((3, 2))),
        (np.zeros(2), np.zeros(2, dtype=np.float32)),
        (pd.DataFrame({"a": [1]}), pd.DataFrame({"b": [1]})),
    ],
    ids=str,
)
def test_other_content_has_another_fingerprint(one, other):
    assert fingerprint(one) != fingerprint(other)


def test_the_layout_of_an_array_in_memory_does_not_change_its_fingerprint():
    values = np.arange(6.0).reshape(2, 3)
    assert fingerprint(values) == fingerprint(np.asfortranarray(values))


def test_a_thing_that_no_record_may_hold_has_no_fingerprint():
    with pytest.raises(TypeError, match="no fingerprint for"):
        fingerprint(object())


@dataclasses.dataclass(frozen=True)
class Kept(Record):
    """A record of one frame."""

    rows: pd.DataFrame


def test_a_frame_that_was_damaged_is_told(tmp_path):
    folder = Kept(pd.DataFrame({"value": [1.0, 2.0]})).save(tmp_path / "kept")
    (folder / "rows.csv").write_text("broken", encoding="utf-8")
    with pytest.raises(StudyError, match="is damaged"):
        Kept.load(folder)


def test_a_nan_of_either_sign_is_the_same_empty_cell(tmp_path):
    negative = np.copysign(np.nan, -1.0)
    assert fingerprint(np.array([1.0, negative])) == fingerprint(np.array([1.0, np.nan]))
    assert fingerprint(negative) == fingerprint(np.nan)
    kept = Kept(pd.DataFrame({"ratio": [1.5, negative]}))
    assert Kept.load(kept.save(tmp_path / "kept")).fingerprint() == kept.fingerprint()


def test_a_text_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "text.md"
    write_whole("one", path)
    write_whole("two", path)
    assert path.read_text(encoding="utf-8") == "two"
    with pytest.raises(UnicodeEncodeError):
        write_whole("no such letter: \ud800", path)
    with pytest.raises(OSError, match="none"):
        write_whole("three", tmp_path / "none" / "text.md")
    assert path.read_text(encoding="utf-8") == "two"
    assert [item.name for item in tmp_path.iterdir()] == ["text.md"]

from sciatrial.study.stamp import code_fingerprint, differences, versions


def test_versions_hold_every_library_that_can_move_a_number():
    assert {"python", "numpy", "scipy", "numba", "llvmlite", "pandas", "sciatrial", "sciatrial code"} <= set(versions())


def test_the_code_has_one_fingerprint():
    assert code_fingerprint() == code_fingerprint()
    assert len(code_fingerprint()) == 16


def test_differences_name_what_changed_what_came_and_what_went():
    found = differences({"a": "1", "b": "1", "c": "1"}, {"a": "1", "b": "2", "d": "1"})
    assert found == [("b", "1", "2"), ("c", "1", "not there"), ("d", "not recorded", "1")]

import subprocess
import sys

HEAVY = (
    "numba",
    "pandas",
    "xarray",
    "matplotlib",
    "scipy",
    "statsmodels",
    "pydantic",
    "pint",
    "jinja2",
    "typer",
    "rich",
)


def modules_after(line: str) -> set[str]:
    code = f"{line}; import sys; print(' '.join(sys.modules))"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


def test_importing_the_package_loads_no_heavy_library():
    assert not {name for name in HEAVY if name in modules_after("import sciatrial")}


def test_a_room_is_loaded_when_one_of_its_names_is_asked_for():
    loaded = modules_after("import sciatrial; sciatrial.Protocol")
    assert "sciatrial.clinic" in loaded
    assert "matplotlib" not in loaded

import importlib
import re
from types import SimpleNamespace

import numpy as np
import pytest

from sciatrial.engine import Effect, Events, Processor, Rule, SlowEngineWarning, lanes, simulate
from sciatrial.engine import graphics as ours
from sciatrial.engine.graphics import NoGraphicsError, graphics_code, graphics_text, part_of
from sciatrial.foundation import SolverError
from sciatrial.model import sciatica_model
from sciatrial.parameters import CELL_EFFECTS, read_prior, reference_draw
from sciatrial.population import cohort_named, sample_patients
from tests.engine.fake_device import Array, Kernel, fake_cupy

TIMES = [0.0, 1.0, 4.0, 9.0]


def device_is_here():
    try:
        ours._arrays_on_device()
    except NoGraphicsError:
        return False
    return True


def case_of(model, n):
    """Return patients with doses and two rules, each of which may fire several times."""
    rng = np.random.default_rng(7)
    rules = [
        Rule(
            "top up", "x", np.full((n, 4), 0.3), (Effect("y", amount=0.2, delay_days=0.5), Effect("x", factor=0.5)), 2
        ),
        Rule("flush", "y", rng.uniform(0.1, 0.5, (n, 4)), (Effect("y", factor=0.5, delay_days=2.0),), 3),
    ]
    return {
        "parameters": np.exp(rng.normal(0, 0.4, (n, 6))),
        "initial": rng.uniform(0.05, 0.6, (n, 2)),
        "times_days": TIMES,
        "outputs": ["x", "y"],
        "events": Events.every(model, np.arange(0, n, 3), 2.0, "x", factor=0.5, amount=0.1),
        "rules": rules,
    }


def same(one, other):
    names = ("values", "final_states", "status", "stopped_day", "steps", "triggered")
    return all(np.array_equal(getattr(one, name), getattr(other, name), equal_nan=True) for name in names)


@pytest.fixture(scope="module")
def kernel(mixed):
    return Kernel(mixed)


@pytest.fixture
def device(kernel, monkeypatch):
    """A device of 8 threads in blocks of 4, on this processor."""
    graphics_code.cache_clear()
    monkeypatch.setattr(ours, "_THREADS_IN_BLOCK", 4)
    monkeypatch.setattr(ours, "_BLOCKS", 2)
    monkeypatch.setattr(ours, "import_module", lambda name: fake_cupy(kernel))
    yield
    graphics_code.cache_clear()


@pytest.fixture(params=["no CuPy", "no driver", "no device", "no PTX", "refused"])
def lack(request, kernel, monkeypatch):
    """Every reason not to use a graphics processor, with the words that tell it."""
    graphics_code.cache_clear()
    here = fake_cupy(kernel)

    def fail(*_):
        raise RuntimeError("some reason")

    if request.param == "no CuPy":
        monkeypatch.setattr(ours, "import_module", lambda name: importlib.import_module("no_such_library"))
        return r"CuPy cannot be imported.*pip install -e '\.\[graphics\]'"
    monkeypatch.setattr(ours, "import_module", lambda name: here)
    if request.param == "no driver":
        here.cuda.runtime.getDeviceCount = fail
        return "finds no device .some reason.*nvidia-smi"
    if request.param == "no device":
        here.cuda.runtime.getDeviceCount = lambda: 0
        return "finds no device.*nvidia-smi"
    if request.param == "no PTX":
        monkeypatch.setattr(ours, "_TRIPLE", "nvptx63-nobody-nothing")
        return "llvmlite writes no code.*pip install"
    here.cuda.function.Module = lambda: SimpleNamespace(load=fail)
    return "driver refuses the code .some reason.*compute capability"


@pytest.fixture(scope="module", params=[True, False], ids=["double", "single"])
def whole(request):
    """The text of the whole model, and whether it computes in double precision."""
    return graphics_text(sciatica_model(), is_double=request.param), request.param


class TestText:
    def test_has_one_kernel_and_calls_nothing_from_outside(self, whole):
        text, _ = whole
        assert text.count(".entry") == 1
        assert ".visible .entry simulate(" in text
        assert ".extern" not in text
        called = set(re.findall(r"call\.uni\s+(?:\(\w+\),\s*)?(\w+)", text))
        assert called == {
            "drive",
            "advance",
            "step",
            "linearise",
            "factorise",
            "stage",
            "outputs",
            "fill_constants",
        }

    def test_rounds_as_every_other_processor_does(self, whole):
        """A `mul` or `add` without `.rn` might be fused by the driver; `.approx` and `.ftz` lose digits."""
        text, is_double = whole
        assert f"fma.rn.f{64 if is_double else 32}" in text
        assert not re.search(r"\b(add|sub|mul|fma|div|rcp|sqrt|mad)\.f(32|64)", text)
        assert not re.search(r"\.(approx|ftz|full)\b", text)

    def test_every_function_of_the_vocabulary_needs_no_library(self, mixed):
        text = graphics_text(mixed)
        assert ".visible .entry simulate(" in text
        assert ".extern" not in text

    def test_takes_what_the_driver_takes(self, whole):
        (head,) = re.findall(r"\.entry simulate\((.*?)\)", whole[0], flags=re.DOTALL)
        kinds = re.findall(r"\.param \.(\w+) ", head)
        assert len(kinds) == len(lanes.DRIVE.takes)


def test_a_part_holds_the_events_of_its_patients_only():
    arguments = {name: np.arange(6) for name in (*ours._OF_PATIENTS, *ours._RESULTS)}
    arguments |= {name: np.arange(9) for name in ours._OF_EVENTS}
    arguments |= {"event_start": np.array([0, 2, 2, 5, 6, 9, 9]), "rule_threshold": np.arange(12).reshape(2, 6, 1)}
    part = part_of(arguments, 2, 5)
    assert part["n_patients"] == 3
    assert part["event_start"].tolist() == [0, 3, 4, 7]
    assert part["event_day"].tolist() == [2, 3, 4, 5, 6, 7, 8]
    assert part["rule_threshold"].ravel().tolist() == [2, 3, 4, 8, 9, 10]
    part["values"][:] = -1
    assert arguments["values"].tolist() == [0, 1, -1, -1, -1, 5]


@pytest.mark.filterwarnings("error::sciatrial.engine.SlowEngineWarning")
class TestOnThisProcessor:
    def test_the_results_are_those_of_the_vector_code(self, mixed, device):
        case = case_of(mixed, 50)
        on_device = simulate(mixed, **case, processor="graphics")
        vector = simulate(mixed, **case)
        assert vector.triggered.sum() > 20
        assert same(on_device, vector)

    def test_patients_come_some_at_a_time(self, mixed, device, monkeypatch):
        case = case_of(mixed, 50)
        whole = simulate(mixed, **case, processor=Processor.GRAPHICS)
        monkeypatch.setattr(ours, "_BYTES_AT_ONCE", 3_000)
        told = []
        progress = SimpleNamespace(start=lambda *_: None, advance=lambda n: told.append(n) or True, finish=lambda: None)
        assert same(simulate(mixed, **case, processor=Processor.GRAPHICS, progress=progress), whole)
        assert len(told) > 3
        assert sum(told) == 50

    def test_progress_may_stop_it(self, mixed, device):
        progress = SimpleNamespace(start=lambda *_: None, advance=lambda n: False, finish=lambda: None)
        with pytest.raises(KeyboardInterrupt):
            simulate(mixed, **case_of(mixed, 50), processor="graphics", progress=progress)

    def test_a_device_that_stops_is_an_error_with_a_way_out(self, mixed, device, monkeypatch):
        def fail(*_):
            raise RuntimeError("an illegal address")

        monkeypatch.setattr(Kernel, "__call__", fail)
        with pytest.raises(SolverError, match=r"an illegal address[\s\S]*processor='vector'"):
            simulate(mixed, **case_of(mixed, 5), processor="graphics")

    def test_each_thread_writes_on_its_own_part_of_what_they_share(self, mixed, kernel, device, monkeypatch):
        """One thread alone, the eighth of twelve: whatever it writes down lies in the eighth part."""
        seen = {}

        def alone(self, blocks, threads, given):
            by_name = dict(zip(lanes.DRIVE.takes, given, strict=True))
            most, n_rules = int(by_name["most_waiting"]), int(by_name["n_rules"])
            sizes = {"waiting_day": most, "waiting_effect": most, "fired": n_rules}
            for name, size in sizes.items():
                by_name[name] = Array(np.full(12 * size, -7, by_name[name].content.dtype))
            self.one_thread(1, 4, 3, by_name.values())
            for name, size in sizes.items():
                seen[name] = np.flatnonzero((by_name[name].content != -7).reshape(12, size).any(axis=1))

        monkeypatch.setattr(Kernel, "__call__", alone)
        case = case_of(mixed, 20)
        alone_run = simulate(mixed, **case, processor="graphics")
        assert {name: places.tolist() for name, places in seen.items()} == {
            "waiting_day": [7], "waiting_effect": [7], "fired": [7],
        }  # fmt: skip
        assert same(alone_run, simulate(mixed, **case))

    @pytest.mark.parametrize("is_double", [True, False])
    def test_the_whole_model_gives_the_numbers_of_the_vector_code(self, is_double, device, monkeypatch):
        model = sciatica_model()
        draw = reference_draw(read_prior(), included=CELL_EFFECTS)
        patients = sample_patients(model, draw, cohort_named("chronic_radicular"), n_patients=70, seed=1)
        events = Events.every(model, np.arange(70), 7.0, "anchored_epidural_cells", amount=5.0)
        case = {"times_days": [0.0, 14.0, 91.0, 365.0], "events": events}
        case["precision"] = "double" if is_double else "single"
        kernel = Kernel(model, is_double=is_double)
        monkeypatch.setattr(ours, "import_module", lambda name: fake_cupy(kernel))
        on_device = simulate(model, patients.parameters, patients.entry_states, **case, processor="graphics")
        vector = simulate(model, patients.parameters, patients.entry_states, **case)
        if not is_double:
            # parts below the smallest normal number, 1e-38, are kept on a device and are 0 on x86
            np.testing.assert_allclose(on_device.final_states, vector.final_states, rtol=1e-6, atol=1e-36)
            on_device.final_states[:] = vector.final_states
        assert same(on_device, vector)


def test_whatever_is_missing_one_warning_says_so_and_the_vector_code_does_the_work(mixed, lack):
    case = case_of(mixed, 10)
    with pytest.warns(SlowEngineWarning, match=lack) as caught:
        run = simulate(mixed, **case, processor="graphics")
    assert len([warning for warning in caught if issubclass(warning.category, SlowEngineWarning)]) == 1
    assert same(run, simulate(mixed, **case))
    graphics_code.cache_clear()


@pytest.mark.skipif(not device_is_here(), reason="no graphics processor here")
@pytest.mark.parametrize(("precision", "nearness"), [("double", 1e-9), ("single", 1e-2)])
def test_a_real_device_agrees_with_the_vector_code(mixed, precision, nearness):
    case = case_of(mixed, 500) | {"rules": ()}
    on_device = simulate(mixed, **case, processor="graphics", precision=precision)
    vector = simulate(mixed, **case, precision=precision)
    np.testing.assert_allclose(on_device.values, vector.values, rtol=nearness, atol=nearness)

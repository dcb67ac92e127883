import numpy as np
import pytest

from sciatrial.engine import Processor, SlowEngineWarning, prepare, simulate
from sciatrial.engine.scalar import scalar_code
from sciatrial.engine.vector import vector_code
from sciatrial.foundation import SolverError


def test_without_fused_vectors_the_scalar_reference_does_the_work_and_says_so(decay, monkeypatch):
    monkeypatch.setattr("sciatrial.engine.solve.target_here", lambda is_double: None)
    with pytest.warns(SlowEngineWarning, match="one at a time"):
        run = simulate(decay, [[0.5]], [[1.0]], times_days=[1.0])
    assert run["seen"][0, 0] == pytest.approx(2 * np.exp(-0.5), rel=1e-3)


def test_asking_for_the_reference_is_no_warning(decay, recwarn):
    simulate(decay, [[0.5]], [[1.0]], times_days=[1.0], processor=Processor.SCALAR)
    assert not [warning for warning in recwarn if issubclass(warning.category, SlowEngineWarning)]


def test_a_processor_that_does_not_exist_is_refused(decay):
    with pytest.raises(SolverError, match=r"'abacus' is not a known processor[\s\S]*vector, scalar, graphics"):
        simulate(decay, [[0.5]], [[1.0]], times_days=[1.0], processor="abacus")
    with pytest.raises(SolverError, match=r"'half' is not a known precision[\s\S]*double, single"):
        simulate(decay, [[0.5]], [[1.0]], times_days=[1.0], precision="half")


def test_a_model_can_be_compiled_ahead(decay):
    vector_code.cache_clear()
    prepare(decay)
    assert vector_code.cache_info().currsize == 1
    before = scalar_code.cache_info().misses
    simulate(decay, [[0.5]], [[1.0]], times_days=[1.0])
    assert scalar_code.cache_info().misses == before


def test_threads_share_the_work_and_not_the_answers(decay):
    rates = np.linspace(0.1, 2, 3000)[:, None]
    one = simulate(decay, rates, [[1.0]], times_days=[0.5, 9.0], threads=1)
    for threads in (2, 5):
        assert np.array_equal(
            simulate(decay, rates, [[1.0]], times_days=[0.5, 9.0], threads=threads).values, one.values
        )

"""Many stiff patients, fast.

Takes a `Model`, parameters, initial states and `Events`; gives `Trajectories`. Never knows what a parameter means,
never reads a table, and never lets one patient's failure end the others.
"""

from sciatrial.engine.cache import CompileCacheWarning
from sciatrial.engine.differentiable import differentiable
from sciatrial.engine.events import Effect, Events, Rule
from sciatrial.engine.frozen import Followed, FrozenMesh, Sensitivities, follow, freeze, sensitivities
from sciatrial.engine.reduce import (
    AbstractReduction,
    Histogram,
    Moments,
    Reducer,
    Shares,
    falls_by,
    histogram,
    moments,
    responders,
)
from sciatrial.engine.simulate import simulate
from sciatrial.engine.solve import Precision, Processor, SlowEngineWarning, cores, prepare
from sciatrial.engine.stream import BLOCK, Crowd, Source, Streamed, stream
from sciatrial.engine.trajectories import Status, Trajectories

__all__ = [
    "BLOCK",
    "AbstractReduction",
    "CompileCacheWarning",
    "Crowd",
    "Effect",
    "Events",
    "Followed",
    "FrozenMesh",
    "Histogram",
    "Moments",
    "Precision",
    "Processor",
    "Reducer",
    "Rule",
    "Sensitivities",
    "Shares",
    "SlowEngineWarning",
    "Source",
    "Status",
    "Streamed",
    "Trajectories",
    "cores",
    "differentiable",
    "falls_by",
    "follow",
    "freeze",
    "histogram",
    "moments",
    "prepare",
    "responders",
    "sensitivities",
    "simulate",
    "stream",
]

"""Many stiff patients, fast.

Takes a `Model`, parameters, initial states and `Events`; gives `Trajectories`. Never knows what a parameter means,
never reads a table, and never lets one patient's failure end the others.
"""

from sciatrial.engine.cache import CompileCacheWarning
from sciatrial.engine.differentiable import differentiable
from sciatrial.engine.events import Effect, Events, Rule
from sciatrial.engine.frozen import Followed, FrozenMesh, Sensitivities, follow, freeze, sensitivities
from sciatrial.engine.simulate import simulate
from sciatrial.engine.solve import Precision, Processor, SlowEngineWarning, prepare
from sciatrial.engine.trajectories import Status, Trajectories

__all__ = [
    "CompileCacheWarning",
    "Effect",
    "Events",
    "Followed",
    "FrozenMesh",
    "Precision",
    "Processor",
    "Rule",
    "Sensitivities",
    "SlowEngineWarning",
    "Status",
    "Trajectories",
    "differentiable",
    "follow",
    "freeze",
    "prepare",
    "sensitivities",
    "simulate",
]

"""Mechanisms → Model: the list of equations, checked for names, units and scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sciatrial.foundation import ModelError, Problem, nearest, unit_registry
from sciatrial.model.language import Formula, Mechanism, Output, Parameter, State


@dataclass(frozen=True)
class Model:
    """Equations without numbers: states, parameters, formulas in order of evaluation, mechanisms.

    The same functions give the right-hand side of the solver, its derivatives, the unit check and the printed formula,
    by what is passed in. A `Model` is a plain value: two calls with the same numbers give the same result.
    """

    name: str
    states: tuple[State, ...]
    parameters: tuple[Parameter, ...]
    formulas: tuple[Formula, ...]
    mechanisms: tuple[Mechanism, ...]

    def __hash__(self) -> int:
        # models are looked up by every simulation; hashing hundreds of laws each time would be felt
        return hash((self.name, self.state_names, len(self.parameters), len(self.formulas), len(self.mechanisms)))

    @property
    def state_names(self) -> tuple[str, ...]:
        """Names of the states, in the order of every state array."""
        return tuple(state.name for state in self.states)

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """Names of the parameters, in the order of every parameter array."""
        return tuple(parameter.name for parameter in self.parameters)

    @property
    def outputs(self) -> tuple[Output, ...]:
        """What can be asked for by name: the formulas marked as outputs, then the states."""
        return tuple(Output(f.name, f.unit, f.meaning, f.scale) for f in self.formulas if f.is_output) + tuple(
            Output(s.name, s.unit, s.meaning, s.scale) for s in self.states
        )

    def evaluate(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return every formula's value.

        Parameters
        ----------
        values
            Name → value for every state and every parameter: floats, numpy arrays, pint quantities, sympy symbols or
            tracing objects, all of one kind.
        """
        known = dict(values)
        for item in self.formulas:
            known[item.name] = item.value(**{name: known[name] for name in item.needs})
        return {item.name: known[item.name] for item in self.formulas}

    def rates(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return each state's rate of change per day; a state that no mechanism changes has rate 0."""
        known = {**values, **self.evaluate(values)}
        rates: dict[str, Any] = {}
        for item in self.mechanisms:
            rate = item.rate(**{name: known[name] for name in item.needs})
            for state, factor in item.changes:
                # written without a product where the factor is one, so that symbols stay readable
                term = rate if factor == 1 else -rate if factor == -1 else factor * rate
                rates[state] = rates[state] + term if state in rates else term
        return {name: rates.get(name, 0.0) for name in self.state_names}

    def without(self, *names: str) -> Model:
        """Return the same model with the named mechanisms left out.

        Raises
        ------
        ModelError
            When a name is not one of the model's mechanisms.
        """
        known = [item.name for item in self.mechanisms]
        unknown = [name for name in names if name not in known]
        if unknown:
            raise ModelError(
                self.name,
                [
                    Problem(
                        f"mechanism {name}", "is not in the model", f"for example {nearest(name, known) or known[0]}"
                    )
                    for name in unknown
                ],
            )
        kept = tuple(item for item in self.mechanisms if item.name not in names)
        return Model(self.name, self.states, self.parameters, self.formulas, kept)


def assemble(
    name: str,
    states: Sequence[State],
    parameters: Sequence[Parameter],
    formulas: Sequence[Formula],
    mechanisms: Sequence[Mechanism],
    *,
    check_units: bool = True,
) -> Model:
    """Join vocabulary and equations into a checked `Model`.

    Parameters
    ----------
    check_units
        Whether every law is called with quantities; this takes most of a second, and can be left out where a test
        does it.

    Raises
    ------
    ModelError
        With every problem: a name used twice, an unknown name, a name of the vocabulary that nothing uses, a formula
        that needs a later one, a unit of the wrong dimension or of the wrong scale, a law with a hidden branch.
    """
    model = Model(name, tuple(states), tuple(parameters), tuple(formulas), tuple(mechanisms))
    problems = [*_name_problems(model)]
    if check_units:
        problems = problems or [*_unit_problems(model)]
    if problems:
        raise ModelError(f"model {name}", problems)
    return model


def _name_problems(model: Model) -> list[Problem]:
    problems: list[Problem] = []
    symbols = [*model.state_names, *model.parameter_names]
    every = symbols + [item.name for item in model.formulas]
    for word in sorted({w for w in every if every.count(w) > 1}):
        problems.append(Problem(word, "is defined twice", "one meaning for one name", "rename one of them"))
    known = set(symbols)
    used: set[str] = set()
    for item in [*model.formulas, *model.mechanisms]:
        kind = "formula" if isinstance(item, Formula) else "mechanism"
        for word in item.needs:
            used.add(word)
            if word not in known:
                close = nearest(word, known)
                problems.append(
                    Problem(
                        f"{kind} {item.name}",
                        f"needs {word!r}, which is not defined before it",
                        "a state, a parameter or an earlier formula",
                        f"did you mean {close!r}?" if close else "add it to vocabulary.py",
                    )
                )
        if isinstance(item, Formula):
            known.add(item.name)
        else:
            problems.extend(
                Problem(
                    f"mechanism {item.name}", f"changes {state!r}, which is not a state", "a state of vocabulary.py"
                )
                for state, _ in item.changes
                if state not in model.state_names
            )
    for parameter in model.parameter_names:
        if parameter not in used:
            problems.append(
                Problem(parameter, "is used by no equation", "a parameter that some law needs", "delete it")
            )
    return problems


def _unit_problems(model: Model) -> list[Problem]:
    """Check dimension and scale: the quantity result, converted, must equal the result on plain numbers."""
    ureg = unit_registry()
    problems: list[Problem] = []
    units = {item.name: item.unit for item in (*model.states, *model.parameters)}
    # any positive numbers do; unlike ones, so that terms cannot cancel
    plain: dict[str, Any] = {name: 0.3 + 0.01 * (index % 37) for index, name in enumerate(units)}
    quantities: dict[str, Any] = {name: plain[name] * ureg(unit) for name, unit in units.items()}
    for item in model.formulas:
        arguments = {name: quantities[name] for name in item.needs if name in quantities}
        plain[item.name] = item.value(**{name: plain[name] for name in item.needs})
        problem = _compare(item.name, lambda i=item, a=arguments: i.value(**a), plain[item.name], item.unit)
        problems.extend(problem)
        quantities[item.name] = plain[item.name] * ureg(item.unit)
    state_units = {state.name: state.unit for state in model.states}
    for item in model.mechanisms:
        value = item.rate(**{name: plain[name] for name in item.needs})
        arguments = {name: quantities[name] for name in item.needs}
        for state, _ in item.changes:
            unit = f"({state_units[state]}) / day"
            problems.extend(_compare(item.name, lambda i=item, a=arguments: i.rate(**a), value, unit))
    return problems


def _compare(name: str, compute: Any, plain: Any, unit: str) -> list[Problem]:
    import pint

    ureg = unit_registry()
    try:
        result = ureg.Quantity(compute()).to(unit).magnitude
    except pint.DimensionalityError as error:
        return [Problem(name, str(error), f"a result in {unit}", "correct the units in vocabulary.py")]
    if abs(float(result) - float(plain)) > 1e-9 * max(abs(float(plain)), 1e-12):
        ratio = float(result) / float(plain) if plain else float("nan")
        return [
            Problem(name, f"the result is {ratio:.6g} times what {unit} asks for", "one scale throughout", "see units")
        ]
    return []

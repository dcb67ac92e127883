"""A case as SBML Level 3 Version 2.

States are parameters with rate rules: most are relative amounts in no compartment, which species would hide. Every
formula and every mechanism is a parameter of its own with an assignment rule, so that their names survive the journey;
doses and random events are SBML events.

Source
------
Hucka et al., The Systems Biology Markup Language (SBML): Language Specification for Level 3 Version 2 Core, 2019.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from xml.etree.ElementTree import Element, SubElement, indent, register_namespace, tostring

from sciatrial.exchange.case import Case, Change
from sciatrial.exchange.mathml import MATHML, SBML, math, number
from sciatrial.model import Expression, Mechanism, law_as_written
from sciatrial.parameters import Prior, PriorRow

_XHTML = "http://www.w3.org/1999/xhtml"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_BQBIOL = "http://biomodels.net/biology-qualifiers/"
_DCTERMS = "http://purl.org/dc/terms/"
_VCARD = "http://www.w3.org/2006/vcard/ns#"
_CREATOR = "sciatrial"
# our words → identifiers of SBML units; the first is built in
_UNITS = {
    "dimensionless": "dimensionless", "1/day": "per_day", "million_cells": "million_cells", "mmHg": "mmHg", "mg": "mg",
    "1/million_cells": "per_million_cells", "million_cells/day": "million_cells_per_day", "mg/day": "mg_per_day",
}  # fmt: skip
# identifier → its parts: kind, exponent, scale, multiplier
_DEFINITIONS: dict[str, tuple[tuple[str, int, int, float], ...]] = {
    "day": (("second", 1, 0, 86400.0),),
    "per_day": (("second", -1, 0, 86400.0),),
    "million_cells": (("item", 1, 6, 1.0),),
    "per_million_cells": (("item", -1, 6, 1.0),),
    "million_cells_per_day": (("item", 1, 6, 1.0), ("second", -1, 0, 86400.0)),
    "mmHg": (("pascal", 1, 0, 133.322387415),),
    "mg": (("gram", 1, -3, 1.0),),
    "mg_per_day": (("gram", 1, -3, 1.0), ("second", -1, 0, 86400.0)),
}
_PREFIXES = {"": SBML, "math": MATHML, "rdf": _RDF, "bqbiol": _BQBIOL, "dcterms": _DCTERMS, "vCard4": _VCARD}
_CONTINUOUS_FRAMEWORK, _QUANTITY, _RATE_CONSTANT, _EVENT = "SBO:0000062", "SBO:0000002", "SBO:0000009", "SBO:0000231"


def to_sbml(case: Case, links: Mapping[str, str] | None = None, prior: Prior | None = None) -> str:
    """Return a case as SBML Level 3 Version 2, with units, meanings, sources, and doses as events.

    Parameters
    ----------
    case
        The patient and what happens.
    links
        Source → its address at identifiers.org, for the annotations; see `source_links`. Sources without one are
        told in the notes only.
    prior
        The rows behind the parameters: with them a parameter tells whether its reference is measured, tuned, assumed or
        a choice of scale, and carries the addresses of its sources; the model names its creator.
    """
    for prefix, address in _PREFIXES.items():
        register_namespace(prefix, address)
    links = links or {}
    top = Element(_tag("sbml"), {"level": "3", "version": "2"})
    model = SubElement(
        top,
        _tag("model"),
        {"id": case.name, "name": case.title, "metaid": f"meta_{case.name}", "sboTerm": _CONTINUOUS_FRAMEWORK}
        | {"substanceUnits": "dimensionless", "timeUnits": "day", "extentUnits": "dimensionless"},
    )
    _notes(model, f"{case.title}. One virtual patient; day 0 is the day of entry. A model for research, not for care.")
    if prior is not None:
        _creator(model)
    _unit_definitions(model)
    _parameters(SubElement(model, _tag("listOfParameters")), case, links, rows_of(prior))
    _rules(SubElement(model, _tag("listOfRules")), case)
    if case.changes:
        _events(SubElement(model, _tag("listOfEvents")), case)
    indent(top, space=" ")
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(top, encoding="unicode") + "\n"


def _tag(name: str) -> str:
    return f"{{{SBML}}}{name}"


def unit_id(unit: str) -> str:
    """Return the identifier that a unit of the vocabulary has in SBML and in Antimony."""
    return _UNITS[unit]


def rate_unit(unit: str) -> str:
    """Return the identifier of a unit per day."""
    return _UNITS["1/day" if unit == "dimensionless" else f"{unit}/day"]


def _notes(parent: Element, text: str) -> None:
    SubElement(SubElement(parent, _tag("notes")), f"{{{_XHTML}}}p").text = text


def _description(parent: Element) -> Element:
    """Append an annotation, and return the place in it for what is said of the parent."""
    rdf = SubElement(SubElement(parent, _tag("annotation")), f"{{{_RDF}}}RDF")
    return SubElement(rdf, f"{{{_RDF}}}Description", {f"{{{_RDF}}}about": f"#{parent.get('metaid')}"})


def _creator(model: Element) -> None:
    """Name the creator, and no date: the same case gives the same text."""
    bag = SubElement(SubElement(_description(model), f"{{{_DCTERMS}}}creator"), f"{{{_RDF}}}Bag")
    entry = SubElement(bag, f"{{{_RDF}}}li", {f"{{{_RDF}}}parseType": "Resource"})
    name = SubElement(entry, f"{{{_VCARD}}}fn", {f"{{{_RDF}}}parseType": "Resource"})
    SubElement(name, f"{{{_VCARD}}}text").text = _CREATOR


def _annotation(parent: Element, sources: Iterable[str], links: Mapping[str, str]) -> None:
    known = list(dict.fromkeys(links[source] for source in sources if source in links))
    if not known:
        return
    bag = SubElement(SubElement(_description(parent), f"{{{_BQBIOL}}}isDescribedBy"), f"{{{_RDF}}}Bag")
    for link in known:
        SubElement(bag, f"{{{_RDF}}}li", {f"{{{_RDF}}}resource": link})


def rows_of(prior: Prior | None) -> dict[str, list[PriorRow]]:
    """Return parameter → its rows of the prior: several where causes, products or classes have numbers of their own."""
    rows: dict[str, list[PriorRow]] = {}
    for row in prior.entries if prior is not None else ():
        rows.setdefault(row.name, []).append(row)
    return rows


def _basis(rows: Iterable[PriorRow]) -> str:
    """Return where the reference values of a parameter come from, one sentence for those of one origin."""
    told: dict[str, list[str]] = {}
    for row in rows:
        word = "a choice of scale" if row.basis == "scale" else row.basis
        told.setdefault(f"{word} ({', '.join(row.sources.split(';'))})", []).append(row.qualifier)
    sentences = []
    for origin, qualifiers in told.items():
        whose = ", ".join(word.replace("_", " ") for word in qualifiers if word)
        sentences.append(f"Reference{f' for {whose}' if whose else ''}: {origin}.")
    return " ".join(sentences)


def _unit_definitions(model: Element) -> None:
    definitions = SubElement(model, _tag("listOfUnitDefinitions"))
    for name, parts in _DEFINITIONS.items():
        units = SubElement(SubElement(definitions, _tag("unitDefinition"), {"id": name}), _tag("listOfUnits"))
        for kind, exponent, scale, multiplier in parts:
            SubElement(
                units,
                _tag("unit"),
                {"kind": kind, "exponent": str(exponent), "scale": str(scale), "multiplier": f"{multiplier!r}"},
            )


def _parameters(parent: Element, case: Case, links: Mapping[str, str], rows: Mapping[str, Sequence[PriorRow]]) -> None:
    def add(name: str, unit: str, meaning: str, value: float | None, constant: bool, sbo: str) -> Element:
        words = {"id": name, "metaid": f"meta_{name}", "name": name.replace("_", " "), "units": unit}
        words |= {"constant": str(constant).lower(), "sboTerm": sbo}
        if value is not None:
            words["value"] = repr(value)
        element = SubElement(parent, _tag("parameter"), words)
        _notes(element, meaning)
        return element

    for state in case.model.states:
        add(state.name, unit_id(state.unit), state.meaning, case.initial[state.name], False, _QUANTITY)
    for item in case.model.parameters:
        sbo = _RATE_CONSTANT if item.unit == "1/day" else _QUANTITY
        mine = rows.get(item.name, ())
        meaning = f"{item.meaning}. {_basis(mine)}" if mine else item.meaning
        element = add(item.name, unit_id(item.unit), meaning, case.parameters[item.name], True, sbo)
        _annotation(element, [source for row in mine for source in row.sources.split(";")], links)
    for item in case.model.formulas:
        element = add(item.name, unit_id(item.unit), _told(item.meaning, item.sources), None, False, _QUANTITY)
        _annotation(element, item.sources, links)
    units = {state.name: state.unit for state in case.model.states}
    for item in case.model.mechanisms:
        meaning = _told((item.rate.__doc__ or item.name).strip(), item.sources)
        element = add(item.name, rate_unit(units[item.changes[0][0]]), meaning, None, False, _QUANTITY)
        _annotation(element, item.sources, links)


def _told(meaning: str, sources: tuple[str, ...]) -> str:
    text = " ".join(meaning.split())
    return f"{text} Sources: {', '.join(sources)}." if sources else text


def rate_of_change(mechanisms: tuple[Mechanism, ...], state: str) -> Expression:
    """Return a state's rate of change as the sum of its mechanisms, by their names."""
    total: Expression | None = None
    for item in mechanisms:
        for changed, factor in item.changes:
            if changed != state:
                continue
            term = Expression.called(item.name)
            size = term if abs(factor) == 1 else abs(factor) * term
            if total is None:
                total = size if factor > 0 else -size
            else:
                total = total + size if factor > 0 else total - size
    return Expression.of(0.0) if total is None else total


def _rules(parent: Element, case: Case) -> None:
    for law in (*case.model.formulas, *case.model.mechanisms):
        math(SubElement(parent, _tag("assignmentRule"), {"variable": law.name}), law_as_written(law))
    for state in case.model.states:
        rule = SubElement(parent, _tag("rateRule"), {"variable": state.name})
        rate = rate_of_change(case.model.mechanisms, state.name)
        if rate.kind == "number":
            number(SubElement(rule, f"{{{MATHML}}}math"), 0.0, rate_unit(state.unit))
        else:
            math(rule, rate)


def _events(parent: Element, case: Case) -> None:
    units = {state.name: unit_id(state.unit) for state in case.model.states}
    for place, day in enumerate(case.days):
        words = {"id": f"event_{place}", "name": f"day {day:g}", "useValuesFromTriggerTime": "true", "sboTerm": _EVENT}
        event = SubElement(parent, _tag("event"), words)
        # false before the start, so that a dose on day 0 is given
        trigger = SubElement(event, _tag("trigger"), {"initialValue": "false", "persistent": "true"})
        condition = SubElement(SubElement(trigger, f"{{{MATHML}}}math"), f"{{{MATHML}}}apply")
        SubElement(condition, f"{{{MATHML}}}geq")
        clock = SubElement(condition, f"{{{MATHML}}}csymbol", {"encoding": "text"})
        clock.set("definitionURL", "http://www.sbml.org/sbml/symbols/time")
        clock.text = " time "
        number(condition, day, "day")
        assignments = SubElement(event, _tag("listOfEventAssignments"))
        for change in case.changes:
            if change.day == day:
                assignment = SubElement(assignments, _tag("eventAssignment"), {"variable": change.state})
                _line(SubElement(assignment, f"{{{MATHML}}}math"), change, units[change.state])


def _line(parent: Element, change: Change, unit: str) -> None:
    """Append ``factor × state + amount``."""
    total = SubElement(parent, f"{{{MATHML}}}apply")
    SubElement(total, f"{{{MATHML}}}plus")
    product = SubElement(total, f"{{{MATHML}}}apply")
    SubElement(product, f"{{{MATHML}}}times")
    number(product, change.factor)
    SubElement(product, f"{{{MATHML}}}ci").text = f" {change.state} "
    number(total, change.amount, unit)

"""What to simulate and draw, as SED-ML Level 1 Version 4.

Source
------
Smith et al., The simulation experiment description markup language (SED-ML): Level 1 Version 4, 2021.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement, indent, register_namespace, tostring

from sciatrial.exchange.case import Case

_SEDML = "http://sed-ml.org/sed-ml/level1/version4"
# KiSAO: CVODE, relative and absolute tolerance
_CVODE, _RELATIVE, _ABSOLUTE = "KISAO:0000019", "KISAO:0000209", "KISAO:0000211"
_STEPS_PER_DAY = 1


def to_sedml(case: Case, model_file: str) -> str:
    """Return the experiment: daily values to the last day, all outputs in a report, the scores in a plot.

    Parameters
    ----------
    case
        What to simulate.
    model_file
        Name of the SBML file beside it.
    """
    register_namespace("", _SEDML)
    top = Element(_tag("sedML"), {"level": "1", "version": "4"})
    models = SubElement(top, _tag("listOfModels"))
    SubElement(
        models,
        _tag("model"),
        {"id": "model", "language": "urn:sedml:language:sbml.level-3.version-2", "source": model_file},
    )
    _simulation(SubElement(top, _tag("listOfSimulations")), case)
    SubElement(
        SubElement(top, _tag("listOfTasks")),
        _tag("task"),
        {"id": "task", "modelReference": "model", "simulationReference": "course"},
    )
    outputs = [item.name for item in case.model.outputs]
    scores = [item.name for item in case.model.formulas if item.is_output and item.name in _SCORES]
    _generators(SubElement(top, _tag("listOfDataGenerators")), outputs)
    shown = SubElement(top, _tag("listOfOutputs"))
    report = SubElement(shown, _tag("report"), {"id": "every_output", "name": case.title})
    sets = SubElement(report, _tag("listOfDataSets"))
    for name in ("time", *outputs):
        SubElement(sets, _tag("dataSet"), {"id": f"set_{name}", "label": name, "dataReference": f"data_{name}"})
    plot = SubElement(shown, _tag("plot2D"), {"id": "scores", "name": case.title})
    curves = SubElement(plot, _tag("listOfCurves"))
    for place, name in enumerate(scores):
        words = {"id": f"curve_{name}", "name": name.replace("_", " "), "order": str(place)}
        words |= {"xDataReference": "data_time", "yDataReference": f"data_{name}"}
        SubElement(curves, _tag("curve"), words)
    indent(top, space=" ")
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(top, encoding="unicode") + "\n"


_SCORES = ("leg_pain", "back_pain", "numbness", "tingling", "weakness", "disability")


def _tag(name: str) -> str:
    return f"{{{_SEDML}}}{name}"


def _simulation(parent: Element, case: Case) -> None:
    steps = max(1, round(case.last_day * _STEPS_PER_DAY))
    course = SubElement(
        parent,
        _tag("uniformTimeCourse"),
        {"id": "course", "initialTime": "0", "outputStartTime": "0", "outputEndTime": f"{case.last_day:g}"}
        | {"numberOfSteps": str(steps)},
    )
    algorithm = SubElement(course, _tag("algorithm"), {"kisaoID": _CVODE})
    settings = SubElement(algorithm, _tag("listOfAlgorithmParameters"))
    for term, value in ((_RELATIVE, "1e-10"), (_ABSOLUTE, "1e-12")):
        SubElement(settings, _tag("algorithmParameter"), {"kisaoID": term, "value": value})


def _generators(parent: Element, names: list[str]) -> None:
    for name in ("time", *names):
        generator = SubElement(parent, _tag("dataGenerator"), {"id": f"data_{name}", "name": name})
        variables = SubElement(generator, _tag("listOfVariables"))
        words = {"id": f"variable_{name}", "taskReference": "task"}
        if name == "time":
            words["symbol"] = "urn:sedml:symbol:time"
        else:
            words["target"] = f"/sbml:sbml/sbml:model/sbml:listOfParameters/sbml:parameter[@id='{name}']"
            words["xmlns:sbml"] = "http://www.sbml.org/sbml/level3/version2/core"
        SubElement(variables, _tag("variable"), words)
        math = SubElement(generator, "math", {"xmlns": "http://www.w3.org/1998/Math/MathML"})
        SubElement(math, "ci").text = f" variable_{name} "

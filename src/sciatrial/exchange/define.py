"""Analysis datasets → Define-XML 2.1: what every dataset, variable and word is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from xml.etree import ElementTree as ET

from sciatrial.exchange.adam_variables import TERMINOLOGY
from sciatrial.exchange.dataset_json import dataset_oid, study_oid, text_length, variable_oid, version_oid
from sciatrial.exchange.datasets import AnalysisDataset, CodeList, Variable

_ODM, _DEF = "http://www.cdisc.org/ns/odm/v1.3", "http://www.cdisc.org/ns/def/v2.1"
_XLINK, _XML = "http://www.w3.org/1999/xlink", "http://www.w3.org/XML/1998/namespace"
_NCI = "nci:ExtCodeID"
_GUIDE, _WORDS = "STD.ADaMIG", "STD.CT"
# of a double, written in full
_DIGITS, _DECIMALS = 17, 15


def to_define_xml(
    datasets: Sequence[AnalysisDataset], *, study: str, question: str, created: datetime, program: tuple[str, str]
) -> str:
    """Return define metadata of some datasets.

    Parameters
    ----------
    datasets
        What stands beside it, as ``NAME.xpt``.
    study, question
        Name of the study, and what it is to find out.
    created
        When, with its time zone.
    program
        Name and version of the program.

    Source
    ------
    CDISC Define-XML 2.1.
    """
    for prefix, address in (("", _ODM), ("def", _DEF), ("xlink", _XLINK)):
        ET.register_namespace(prefix, address)
    root = ET.Element(
        _odm("ODM"),
        {
            "FileType": "Snapshot", "FileOID": f"{study}/define", "ODMVersion": "1.3.2",
            "CreationDateTime": created.isoformat(timespec="seconds"), "Originator": program[0],
            "SourceSystem": program[0], "SourceSystemVersion": program[1], _def("Context"): "Other",
        },
    )  # fmt: skip
    of_study = ET.SubElement(root, _odm("Study"), {"OID": study_oid(study)})
    names = ET.SubElement(of_study, _odm("GlobalVariables"))
    for tag, text in (("StudyName", study), ("StudyDescription", f"Simulated trial. {question}")):
        ET.SubElement(names, _odm(tag)).text = text
    ET.SubElement(names, _odm("ProtocolName")).text = study
    version = ET.SubElement(
        of_study, _odm("MetaDataVersion"),
        {
            "OID": version_oid(study), "Name": f"{study}, ADaM datasets of one simulated trial",
            _def("DefineVersion"): "2.1.0",
        },
    )  # fmt: skip
    _add_standards(version)
    for dataset in datasets:
        _add_dataset(version, dataset)
    for dataset in datasets:
        for variable in dataset.variables:
            _add_variable(version, dataset, variable)
    lists: dict[str, CodeList] = {}
    for dataset in datasets:
        lists |= dataset.code_lists
    for name, codes in lists.items():
        _add_code_list(version, name, codes)
    for dataset in datasets:
        for variable in dataset.variables:
            _add_method(version, dataset, variable)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _odm(tag: str) -> str:
    return f"{{{_ODM}}}{tag}"


def _def(tag: str) -> str:
    return f"{{{_DEF}}}{tag}"


def _add_standards(version: ET.Element) -> None:
    standards = ET.SubElement(version, _def("Standards"))
    package, published = TERMINOLOGY
    for words in (
        {"OID": _GUIDE, "Name": "ADaMIG", "Type": "IG", "Version": "1.3", "Status": "Final"},
        {
            "OID": _WORDS, "Name": "CDISC/NCI", "Type": "CT", "PublishingSet": package, "Version": published,
            "Status": "Final",
        },
    ):  # fmt: skip
        ET.SubElement(standards, _def("Standard"), words)


def _described(parent: ET.Element, text: str, tag: str = "Description") -> None:
    told = ET.SubElement(parent, _odm(tag))
    ET.SubElement(told, _odm("TranslatedText"), {f"{{{_XML}}}lang": "en"}).text = text


def _add_dataset(version: ET.Element, dataset: AnalysisDataset) -> None:
    leaf = f"LF.{dataset.name}"
    group = ET.SubElement(
        version, _odm("ItemGroupDef"),
        {
            "OID": dataset_oid(dataset), "Name": dataset.name, "SASDatasetName": dataset.name,
            "Repeating": "No" if dataset.name == "ADSL" else "Yes", "IsReferenceData": "No", "Purpose": "Analysis",
            _def("Structure"): dataset.structure, _def("ArchiveLocationID"): leaf, _def("StandardOID"): _GUIDE,
        },
    )  # fmt: skip
    _described(group, dataset.label)
    for place, variable in enumerate(dataset.variables, start=1):
        words = {
            "ItemOID": variable_oid(dataset, variable), "OrderNumber": str(place),
            "Mandatory": "Yes" if variable.name in dataset.keys else "No",
        }  # fmt: skip
        if variable.name in dataset.keys:
            words["KeySequence"] = str(dataset.keys.index(variable.name) + 1)
        if variable.origin == "Derived":
            words["MethodOID"] = _method(dataset, variable)
        ET.SubElement(group, _odm("ItemRef"), words)
    ET.SubElement(group, _def("Class"), {"Name": dataset.kind})
    link = ET.SubElement(group, _def("leaf"), {"ID": leaf, f"{{{_XLINK}}}href": f"{dataset.file_name}.xpt"})
    ET.SubElement(link, _def("title")).text = f"{dataset.file_name}.xpt"


def _add_variable(version: ET.Element, dataset: AnalysisDataset, variable: Variable) -> None:
    words = {
        "OID": variable_oid(dataset, variable), "Name": variable.name, "DataType": variable.kind,
        "SASFieldName": variable.name,
    }  # fmt: skip
    if variable.kind == "float":
        words |= {"Length": str(_DIGITS), "SignificantDigits": str(_DECIMALS)}
    else:
        words["Length"] = str(text_length(dataset, variable)) if variable.kind == "text" else "8"
    item = ET.SubElement(version, _odm("ItemDef"), words)
    _described(item, variable.label)
    if variable.codes:
        ET.SubElement(item, _odm("CodeListRef"), {"CodeListOID": f"CL.{variable.codes}"})
    origin = ET.SubElement(item, _def("Origin"), {"Type": variable.origin, "Source": "Sponsor"})
    if variable.origin == "Assigned":
        _described(origin, variable.how)


def _add_code_list(version: ET.Element, name: str, codes: CodeList) -> None:
    words = {"OID": f"CL.{name}", "Name": codes.name, "DataType": "text"}
    words |= {_def("StandardOID"): _WORDS} if codes.concept else {_def("IsNonStandard"): "Yes"}
    listed = ET.SubElement(version, _odm("CodeList"), words)
    for code in codes.codes:
        item = ET.SubElement(listed, _odm("CodeListItem"), {"CodedValue": code.word})
        _described(item, code.meaning, "Decode")
        if code.concept:
            ET.SubElement(item, _odm("Alias"), {"Context": _NCI, "Name": code.concept})
    if codes.concept:
        ET.SubElement(listed, _odm("Alias"), {"Context": _NCI, "Name": codes.concept})


def _method(dataset: AnalysisDataset, variable: Variable) -> str:
    return f"MT.{dataset.name}.{variable.name}"


def _add_method(version: ET.Element, dataset: AnalysisDataset, variable: Variable) -> None:
    if variable.origin == "Derived":
        words = {"OID": _method(dataset, variable), "Name": f"{dataset.name}.{variable.name}", "Type": "Computation"}
        _described(ET.SubElement(version, _odm("MethodDef"), words), variable.how)

"""Define metadata by the schema of CDISC, as odmlib ships it."""

from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import odmlib
import pytest
import xmlschema

from sciatrial.exchange.define import to_define_xml

NOW = datetime(2026, 11, 28, tzinfo=UTC)
ODM, DEF = "{http://www.cdisc.org/ns/odm/v1.3}", "{http://www.cdisc.org/ns/def/v2.1}"


@pytest.fixture(scope="module")
def schema():
    return xmlschema.XMLSchema(Path(odmlib.__file__).parent / "schemas" / "define" / "2.1" / "define2-1-0.xsd")


def written(exported):
    study, _, datasets = exported
    words = {"study": study.name, "question": "Do <cells> help & how?", "created": NOW, "program": ("sciatrial", "1")}
    return to_define_xml(list(datasets.values()), **words)


def test_it_is_valid_by_the_schema_of_define_xml(schema, phase2b, mpc):
    for exported in (phase2b, mpc):
        assert [error.reason for error in schema.iter_errors(written(exported))] == []


def test_every_reference_has_what_it_refers_to(mpc):
    root = ET.fromstring(written(mpc))
    for ref, kind, name in (("ItemRef", "ItemDef", "ItemOID"), ("CodeListRef", "CodeList", "CodeListOID"),
                            ("ItemRef", "MethodDef", "MethodOID")):  # fmt: skip
        known = {item.get("OID") for item in root.iter(f"{ODM}{kind}")}
        asked = {item.get(name) for item in root.iter(f"{ODM}{ref}")} - {None}
        assert asked == known


def test_every_variable_of_every_dataset_is_described(mpc):
    root = ET.fromstring(written(mpc))
    items = {item.get("OID"): item for item in root.iter(f"{ODM}ItemDef")}
    for dataset in mpc[2].values():
        for variable in dataset.variables:
            item = items[f"IT.{dataset.name}.{variable.name}"]
            assert item.find(f"{ODM}Description/{ODM}TranslatedText").text == variable.label
            assert item.find(f"{DEF}Origin").get("Type") == variable.origin


def test_a_list_that_is_not_cdiscs_says_so(mpc):
    root = ET.fromstring(written(mpc))
    for listed in root.iter(f"{ODM}CodeList"):
        has_concept = listed.find(f"{ODM}Alias") is not None
        assert (listed.get(f"{DEF}StandardOID") == "STD.CT") is has_concept
        assert (listed.get(f"{DEF}IsNonStandard") == "Yes") is not has_concept

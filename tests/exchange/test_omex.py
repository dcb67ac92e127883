"""The archive holds what its manifest says, and the same case gives the same bytes."""

import zipfile
from xml.etree import ElementTree as ET

from sciatrial.exchange import to_antimony, to_sbml, write_omex
from sciatrial.parameters import read_prior


def test_the_archive_holds_what_its_manifest_says(case, tmp_path):
    with zipfile.ZipFile(write_omex(case, tmp_path / "case.omex")) as archive:
        manifest = ET.fromstring(archive.read("manifest.xml"))
        listed = {entry.get("location").removeprefix("./") for entry in manifest} - {"."}
        assert listed == set(archive.namelist())
        assert archive.read("model.xml").decode() == to_sbml(case)
        assert archive.read("model.ant").decode() == to_antimony(case)
        ET.fromstring(archive.read("metadata.rdf"))
        masters = [entry.get("location") for entry in manifest if entry.get("master") == "true"]
    assert masters == ["./experiment.sedml"]


def test_the_same_case_gives_the_same_bytes(case, tmp_path):
    one, two = (write_omex(case, tmp_path / name).read_bytes() for name in ("a.omex", "b.omex"))
    assert one == two


def test_the_model_in_an_archive_tells_its_sources_where_they_are_given(case, tmp_path):
    links, prior = {"msc_disc_ph_inhibitory": "https://identifiers.org/doi:10.1/x"}, read_prior()
    with zipfile.ZipFile(write_omex(case, tmp_path / "case.omex", links, prior)) as archive:
        assert archive.read("model.xml").decode() == to_sbml(case, links, prior)

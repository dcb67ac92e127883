"""A case as a COMBINE archive: model, experiment and metadata in one file.

Source
------
Bergmann et al., COMBINE archive and OMEX format, BMC Bioinformatics 2014.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

from sciatrial.exchange.antimony import to_antimony
from sciatrial.exchange.case import Case
from sciatrial.exchange.sbml import to_sbml
from sciatrial.exchange.sedml import to_sedml
from sciatrial.parameters import Prior

# the same content gives the same bytes: no file carries the time at which it was written
_WHEN = (2020, 1, 1, 0, 0, 0)
_MANIFEST = """<?xml version="1.0" encoding="UTF-8"?>
<omexManifest xmlns="http://identifiers.org/combine.specifications/omex-manifest">
  <content location="." format="http://identifiers.org/combine.specifications/omex"/>
  <content location="./manifest.xml" format="http://identifiers.org/combine.specifications/omex-manifest"/>
{entries}
</omexManifest>
"""
_METADATA = """<?xml version="1.0" encoding="UTF-8"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dcterms="http://purl.org/dc/terms/">
  <rdf:Description rdf:about=".">
    <dcterms:title>{title}</dcterms:title>
    <dcterms:creator>The sciatrial authors</dcterms:creator>
    <dcterms:description>One virtual patient of the sciatrial model. For research, not for care.</dcterms:description>
  </rdf:Description>
</rdf:RDF>
"""
_FORMATS = {
    "model.xml": "http://identifiers.org/combine.specifications/sbml.level-3.version-2",
    "model.ant": "http://purl.org/NET/mediatypes/text/plain",
    "experiment.sedml": "http://identifiers.org/combine.specifications/sed-ml.level-1.version-4",
    "metadata.rdf": "http://identifiers.org/combine.specifications/omex-metadata",
}


def write_omex(case: Case, path: Path, links: Mapping[str, str] | None = None, prior: Prior | None = None) -> Path:
    """Write a case as a COMBINE archive and return its path.

    Parameters
    ----------
    case
        The patient and what happens.
    path
        Where to write; an existing file is replaced.
    links, prior
        As for `to_sbml`.
    """
    contents = {
        "model.xml": to_sbml(case, links, prior),
        "model.ant": to_antimony(case),
        "experiment.sedml": to_sedml(case, "model.xml"),
        "metadata.rdf": _METADATA.format(title=case.title),
    }
    entries = "\n".join(_entry(name) for name in contents)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in {"manifest.xml": _MANIFEST.format(entries=entries), **contents}.items():
            archive.writestr(zipfile.ZipInfo(name, _WHEN), text, zipfile.ZIP_DEFLATED)
    return path


def _entry(name: str) -> str:
    master = ' master="true"' if name.endswith(".sedml") else ""
    return f'  <content location="./{name}" format="{_FORMATS[name]}"{master}/>'

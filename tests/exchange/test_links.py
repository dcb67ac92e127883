"""Sources lead to where they can be read."""

from sciatrial.evidence import read_evidence
from sciatrial.exchange import source_links
from sciatrial.model import sciatica_model


def test_links_are_addresses():
    links = source_links(read_evidence())
    assert len(links) > 300
    assert all(link.startswith("http") for link in links.values())
    assert any("identifiers.org/doi:10." in link for link in links.values())
    assert any("identifiers.org/pubmed:" in link for link in links.values())


def test_most_sourced_laws_of_the_model_can_be_looked_up():
    links = source_links(read_evidence())
    sources = {s for law in (*sciatica_model().formulas, *sciatica_model().mechanisms) for s in law.sources}
    sourced = {s for s in sources if not s.startswith(("assumption:", "model:"))}
    assert len(sourced & set(links)) > 0.7 * len(sourced)

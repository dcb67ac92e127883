"""Where the sources of the laws can be read."""

from __future__ import annotations

from sciatrial.evidence import Evidence


def source_links(evidence: Evidence) -> dict[str, str]:
    """Return source → address for every row of the facts and parameters tables that has one.

    A DOI or a PubMed number becomes an address at identifiers.org; a row with neither gives the page that was read.
    """
    links: dict[str, str] = {}
    for table in (evidence.parameters, evidence.facts):
        for name, identifier, page in zip(table["name"], table["doi_or_pmid"], table["source_url"], strict=True):
            word = "" if identifier is None or identifier != identifier else str(identifier).strip()
            if word.startswith("10."):
                links[str(name)] = f"https://identifiers.org/doi:{word}"
            elif word.isdigit():
                links[str(name)] = f"https://identifiers.org/pubmed:{word}"
            elif isinstance(page, str) and page.startswith("http"):
                links[str(name)] = page
    return links

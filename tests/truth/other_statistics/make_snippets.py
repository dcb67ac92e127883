"""Write the snippets of R that r_call gives for our simulated data . Run in this folder, then make_pooling.R."""

from pathlib import Path

from test_snippets import SNIPPETS

for name, snippet in SNIPPETS.items():
    (Path(__file__).parent / "snippets" / f"{name}.R").write_text(snippet.code, encoding="utf-8")

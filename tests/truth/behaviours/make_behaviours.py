"""Write the committed table of required behaviours: python -m tests.truth.behaviours.make_behaviours"""

from pathlib import Path

from tests.truth.behaviours.compute import every_behaviour

TABLE = Path(__file__).parents[3] / "src" / "sciatrial" / "parameters" / "tables" / "behaviours.csv"

if __name__ == "__main__":
    table = every_behaviour()
    table.to_csv(TABLE, index=False)
    print(table.to_string())
    print(f"{int(table['holds'].sum())} of {len(table)} hold; written to {TABLE}")

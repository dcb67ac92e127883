"""Doors for people: the command line.

Takes words typed in a terminal, gives one call of a public function and tells what it returned. Never computes.
"""

from sciatrial.apps.cli import main

__all__ = ["main"]

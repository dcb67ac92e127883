"""How every test runs: the same examples each time, and no clock."""

from hypothesis import settings

# the same examples on every machine, however slow it is
settings.register_profile("house", deadline=None, derandomize=True, database=None)
settings.load_profile("house")

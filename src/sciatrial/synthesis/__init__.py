"""What the studies say together, and how sure that is.

Takes arm estimates, gives pooled effects with intervals, networks, courses over time and the certainty of each.
Never knows any biology, never counts a patient twice, and never prints a result that did not converge as if it had.
"""

__all__: list[str] = []

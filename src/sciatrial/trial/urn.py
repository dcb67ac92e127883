"""Assignment by probabilities that are no ratio of whole numbers: a mass-weighted urn, or each patient alone."""

from __future__ import annotations

from collections.abc import Sequence


class Urn:
    """An urn from which arms are drawn, so that their numbers stay near their shares.

    Each arm has a mass, and is drawn with a probability that is its share of the masses above 0. The one drawn loses 1,
    and every arm gains its share: the masses sum to the urn's mass for ever, and no arm's number of patients is ever as
    far as the urn's mass above its share of all. Before anybody is drawn, the first patient's probabilities are the
    shares, and later ones' nearly so.

    Parameters
    ----------
    shares
        Probability of each arm, 0 or more, summing to 1.
    mass
        Of the urn, 1 or more: the larger, the less an assignment can be foretold, and the further numbers wander. None:
        no urn, each patient alone.

    Source
    ------
    Zhao (2015), Contemporary Clinical Trials 43, 209-216: mass weighted urn design.
    """

    def __init__(self, shares: Sequence[float], mass: float | None) -> None:
        self.shares = list(shares)
        self.masses = None if mass is None else [mass * share for share in self.shares]

    def chances(self) -> list[float]:
        """Return the probability of each arm for the next patient."""
        if self.masses is None:
            return self.shares
        above = [max(mass, 0.0) if share > 0 else 0.0 for mass, share in zip(self.masses, self.shares, strict=True)]
        whole = sum(above)
        return [mass / whole for mass in above]

    def draw(self, luck: float) -> int:
        """Return the arm of the next patient; `luck` is uniform in (0, 1)."""
        chances, so_far = self.chances(), 0.0
        drawn = max(place for place, chance in enumerate(chances) if chance > 0)
        for place, chance in enumerate(chances):
            so_far += chance
            if luck < so_far and chance > 0:
                drawn = place
                break
        if self.masses is not None:
            self.masses = [mass + share for mass, share in zip(self.masses, self.shares, strict=True)]
            self.masses[drawn] -= 1
        return drawn

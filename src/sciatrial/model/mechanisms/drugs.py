"""How long injected drugs last; what they do stands where they act."""

from sciatrial.model.language import mechanism


@mechanism(changes={"steroid_depot": -1}, sources=("triamcinolone_epidural_half_life_lumbar",))
def steroid_loss(steroid_loss_rate, steroid_depot):
    """The epidural steroid depot is absorbed."""
    return steroid_loss_rate * steroid_depot


@mechanism(changes={"botulinum_effect": -1}, sources=("piriformis_botox_painfree_median",))
def botulinum_loss(botulinum_loss_rate, botulinum_effect):
    """The effect of botulinum toxin wears off."""
    return botulinum_loss_rate * botulinum_effect

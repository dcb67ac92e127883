"""What formulae say of a trial: boundaries, power, sample size; no patients, no model.

Takes errors, information rates and assumed effects, gives designs, sizes, powers and analyses at each look.
Never simulates, never knows of patients, studies or the model, and never rounds a number that it gives.
"""

from sciatrial.statistics.boundaries import (
    bounds_at_realised_information,
    design_at_alpha,
    group_sequential_design,
)
from sciatrial.statistics.characteristics import (
    Characteristics,
    Stopping,
    characteristics,
    drift_for_power,
    fixed_information,
    stopping_at,
)
from sciatrial.statistics.combination import (
    FisherDesign,
    FisherMethod,
    fisher_design,
    fisher_products,
    inverse_normal,
    stage_z_of,
)
from sciatrial.statistics.design import (
    O_BRIEN_FLEMING,
    POCOCK,
    Binding,
    FixedFutility,
    GroupSequentialDesign,
    HaybittlePeto,
    Rules,
    Sides,
    WangTsiatis,
)
from sciatrial.statistics.estimates import FinalEstimate, final_estimate, repeated_p_value, stagewise_p_value
from sciatrial.statistics.integration import stopping_shares
from sciatrial.statistics.interim import (
    conditional_power,
    conditional_rejection_probability,
    predictive_power,
    repeated_interval,
    stage_mean,
)
from sciatrial.statistics.means import (
    MeanComparison,
    MeanEffect,
    MeanTest,
    futility_effects,
    mean_power,
    mean_sample_size,
)
from sciatrial.statistics.proportions import (
    ExactSize,
    NullVariance,
    ProportionComparison,
    exact_binomial_power,
    exact_binomial_sample_size,
    proportion_power,
    proportion_sample_size,
    restricted_proportions,
)
from sciatrial.statistics.r_call import rpact_call
from sciatrial.statistics.sizes import Direction, Power, SampleSize
from sciatrial.statistics.spending import Spending, SpendingKind, spent
from sciatrial.statistics.stages import (
    Action,
    Combination,
    MeanAnalysis,
    MeanStage,
    MeanTestResult,
    Planned,
    analyse_means,
)

__all__ = [
    "O_BRIEN_FLEMING",
    "POCOCK",
    "Action",
    "Binding",
    "Characteristics",
    "Combination",
    "Direction",
    "ExactSize",
    "FinalEstimate",
    "FisherDesign",
    "FisherMethod",
    "FixedFutility",
    "GroupSequentialDesign",
    "HaybittlePeto",
    "MeanAnalysis",
    "MeanComparison",
    "MeanEffect",
    "MeanStage",
    "MeanTest",
    "MeanTestResult",
    "NullVariance",
    "Planned",
    "Power",
    "ProportionComparison",
    "Rules",
    "SampleSize",
    "Sides",
    "Spending",
    "SpendingKind",
    "Stopping",
    "WangTsiatis",
    "analyse_means",
    "bounds_at_realised_information",
    "characteristics",
    "conditional_power",
    "conditional_rejection_probability",
    "design_at_alpha",
    "drift_for_power",
    "exact_binomial_power",
    "exact_binomial_sample_size",
    "final_estimate",
    "fisher_design",
    "fisher_products",
    "fixed_information",
    "futility_effects",
    "group_sequential_design",
    "inverse_normal",
    "mean_power",
    "mean_sample_size",
    "predictive_power",
    "proportion_power",
    "proportion_sample_size",
    "repeated_interval",
    "repeated_p_value",
    "restricted_proportions",
    "rpact_call",
    "spent",
    "stage_mean",
    "stage_z_of",
    "stagewise_p_value",
    "stopping_at",
    "stopping_shares",
]

"""What formulae and fits say of a trial: boundaries, sizes, powers, analyses, several arms; no patients, no model.

Takes errors, information rates, assumed effects, and outcomes by patient and visit; gives designs, sizes, powers,
analyses at each look, estimates with intervals and tests, p values adjusted for several questions.
Never simulates a trial, never imputes unasked, and never drops a fit that failed: it says why instead.
"""

from sciatrial.statistics.ancova import fit_ancova
from sciatrial.statistics.boundaries import (
    bounds_at_realised_information,
    design_at_alpha,
    group_sequential_design,
)
from sciatrial.statistics.closed_test import (
    ClosedTests,
    IntersectionTest,
    Selection,
    closed_tests,
    intersection_z,
    intersections_of,
    selected_arms,
)
from sciatrial.statistics.combination import (
    FisherDesign,
    FisherMethod,
    fisher_design,
    fisher_products,
    inverse_normal,
    stage_z_of,
)
from sciatrial.statistics.constrained import constrained_differences, fit_constrained_measures
from sciatrial.statistics.covariance import Covariance
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
from sciatrial.statistics.dunnett import dunnett_critical_value, dunnett_p_value
from sciatrial.statistics.estimates import FinalEstimate, final_estimate, repeated_p_value, stagewise_p_value
from sciatrial.statistics.harm_boundary import (
    HarmBoundary,
    HarmStopping,
    beta_binomial_boundary,
    harm_stopping,
    pocock_harm_boundary,
)
from sciatrial.statistics.inference import Estimates, JointTests, contrasts, joint_contrasts, normal_of_t
from sciatrial.statistics.integration import stopping_shares
from sciatrial.statistics.interim import (
    conditional_power,
    conditional_rejection_probability,
    predictive_power,
    repeated_interval,
    stage_mean,
)
from sciatrial.statistics.likelihood import Likelihood
from sciatrial.statistics.logistic import LogisticFits, fit_logistic, log_odds_contrasts
from sciatrial.statistics.many_bounds import ManyBounds, bounds_at_many
from sciatrial.statistics.many_estimates import ManyEstimates, estimates_of_many
from sciatrial.statistics.marginal import (
    MarginalRisks,
    MarginalVariance,
    ResponderModels,
    fit_responders,
    marginal_risks,
    odds_ratios,
)
from sciatrial.statistics.means import (
    MeanComparison,
    MeanEffect,
    MeanTest,
    futility_effects,
    mean_power,
    mean_sample_size,
)
from sciatrial.statistics.mixed_model import Information, MixedFits, SmallSample, fit_mixed_models
from sciatrial.statistics.multiplicity import (
    Adjustment,
    AlphaGraph,
    adjusted_p_values,
    fallback_graph,
    fixed_sequence_graph,
    gatekeeping_graph,
    graph_adjusted_p_values,
    holm_graph,
)
from sciatrial.statistics.ordinal import OrdinalFits, fit_proportional_odds, ordinal_odds_ratios
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
from sciatrial.statistics.rare_harms import (
    chance_to_exclude,
    patient_years_to_see,
    patients_to_see,
    upper_limit_of_rate,
    upper_limit_of_share,
)
from sciatrial.statistics.reestimation import (
    NewSizes,
    PromisingZone,
    SizeRule,
    blinded_variance,
    promising_sizes,
    sizes_for_variance,
)
from sciatrial.statistics.reference_based import (
    Imputations,
    ReferenceRule,
    analyse_imputations,
    impute_visits,
    tipping_points,
)
from sciatrial.statistics.repeated_measures import (
    RepeatedMeasures,
    arm_means,
    fit_repeated_measures,
    treatment_differences,
)
from sciatrial.statistics.responders import (
    AssociationTests,
    ResponderCounts,
    RiskDifferences,
    RiskInterval,
    count_responders,
    mantel_haenszel_test,
    risk_differences,
)
from sciatrial.statistics.rubin import pooled_imputations
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
from sciatrial.statistics.stopping import (
    Characteristics,
    Stopping,
    characteristics,
    drift_for_power,
    fixed_information,
    stopping_at,
)
from sciatrial.statistics.wins import WinStatistics, win_statistics

__all__ = [
    "O_BRIEN_FLEMING",
    "POCOCK",
    "Action",
    "Adjustment",
    "AlphaGraph",
    "AssociationTests",
    "Binding",
    "Characteristics",
    "ClosedTests",
    "Combination",
    "Covariance",
    "Direction",
    "Estimates",
    "ExactSize",
    "FinalEstimate",
    "FisherDesign",
    "FisherMethod",
    "FixedFutility",
    "GroupSequentialDesign",
    "HarmBoundary",
    "HarmStopping",
    "HaybittlePeto",
    "Imputations",
    "Information",
    "IntersectionTest",
    "JointTests",
    "Likelihood",
    "LogisticFits",
    "ManyBounds",
    "ManyEstimates",
    "MarginalRisks",
    "MarginalVariance",
    "MeanAnalysis",
    "MeanComparison",
    "MeanEffect",
    "MeanStage",
    "MeanTest",
    "MeanTestResult",
    "MixedFits",
    "NewSizes",
    "NullVariance",
    "OrdinalFits",
    "Planned",
    "Power",
    "PromisingZone",
    "ProportionComparison",
    "ReferenceRule",
    "RepeatedMeasures",
    "ResponderCounts",
    "ResponderModels",
    "RiskDifferences",
    "RiskInterval",
    "Rules",
    "SampleSize",
    "Selection",
    "Sides",
    "SizeRule",
    "SmallSample",
    "Spending",
    "SpendingKind",
    "Stopping",
    "WangTsiatis",
    "WinStatistics",
    "adjusted_p_values",
    "analyse_imputations",
    "analyse_means",
    "arm_means",
    "beta_binomial_boundary",
    "blinded_variance",
    "bounds_at_many",
    "bounds_at_realised_information",
    "chance_to_exclude",
    "characteristics",
    "closed_tests",
    "conditional_power",
    "conditional_rejection_probability",
    "constrained_differences",
    "contrasts",
    "count_responders",
    "design_at_alpha",
    "drift_for_power",
    "dunnett_critical_value",
    "dunnett_p_value",
    "estimates_of_many",
    "exact_binomial_power",
    "exact_binomial_sample_size",
    "fallback_graph",
    "final_estimate",
    "fisher_design",
    "fisher_products",
    "fit_ancova",
    "fit_constrained_measures",
    "fit_logistic",
    "fit_mixed_models",
    "fit_proportional_odds",
    "fit_repeated_measures",
    "fit_responders",
    "fixed_information",
    "fixed_sequence_graph",
    "futility_effects",
    "gatekeeping_graph",
    "graph_adjusted_p_values",
    "group_sequential_design",
    "harm_stopping",
    "holm_graph",
    "impute_visits",
    "intersection_z",
    "intersections_of",
    "inverse_normal",
    "joint_contrasts",
    "log_odds_contrasts",
    "mantel_haenszel_test",
    "marginal_risks",
    "mean_power",
    "mean_sample_size",
    "normal_of_t",
    "odds_ratios",
    "ordinal_odds_ratios",
    "patient_years_to_see",
    "patients_to_see",
    "pocock_harm_boundary",
    "pooled_imputations",
    "predictive_power",
    "promising_sizes",
    "proportion_power",
    "proportion_sample_size",
    "repeated_interval",
    "repeated_p_value",
    "restricted_proportions",
    "risk_differences",
    "rpact_call",
    "selected_arms",
    "sizes_for_variance",
    "spent",
    "stage_mean",
    "stage_z_of",
    "stagewise_p_value",
    "stopping_at",
    "stopping_shares",
    "tipping_points",
    "treatment_differences",
    "upper_limit_of_rate",
    "upper_limit_of_share",
    "win_statistics",
]

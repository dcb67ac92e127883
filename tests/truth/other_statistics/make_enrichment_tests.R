# Run in this folder: Rscript make_enrichment_tests.R (rpact 3.3.4).
# Invented summaries of a subgroup (S) and of those outside it (R), of two stages: both populations at both looks, or one
# of them after the first. Writes rpact's p values of each population and of both, combined statistics, rejections and,
# where it tells it quickly, simultaneous repeated intervals. Its subgroup comes first, the full population second.
suppressMessages({library(rpact); library(jsonlite)})
design <- getDesignInverseNormal(kMax = 2, alpha = 0.025, informationRates = c(0.5, 1), typeOfDesign = "asOF")
S <- function(second = TRUE) getDataset(
  sampleSize1 = c(14, if (second) 30 else NA), sampleSize2 = c(16, if (second) 28 else NA),
  mean1 = c(8.1, if (second) 7.2 else NA), mean2 = c(2.2, if (second) 3.0 else NA),
  stDev1 = c(9.8, if (second) 10.5 else NA), stDev2 = c(10.2, if (second) 9.1 else NA))
R <- function(second = TRUE) getDataset(
  sampleSize1 = c(22, if (second) 19 else NA), sampleSize2 = c(21, if (second) 20 else NA),
  mean1 = c(5.0, if (second) 4.4 else NA), mean2 = c(3.9, if (second) 1.9 else NA),
  stDev1 = c(10.1, if (second) 9.9 else NA), stDev2 = c(11.2, if (second) 10.8 else NA))
data <- list(both = getDataset(S1 = S(), R = R()), subgroup = getDataset(S1 = S(), R = R(FALSE)))
cases <- list()
for (name in names(data)) for (test in c("SpiessensDebois", "Simes", "Bonferroni", "Sidak")) {
  # Spiessens and Debois' with a t test would need one variance for both
  normal <- test == "SpiessensDebois"
  found <- getStageResults(design, data[[name]], stage = 2, intersectionTest = test, normalApproximation = normal,
                           stratifiedAnalysis = TRUE, varianceOption = "pooled")
  closed <- getClosedCombinationTestResults(found)
  case <- list(data = name, test = test, separate = found$separatePValues, indices = closed$indices,
               adjusted = closed$adjustedStageWisePValues, combined = closed$overallAdjustedTestStatistics,
               rejected = closed$rejected)
  if (name == "subgroup" && test != "Simes") {
    interval <- getRepeatedConfidenceIntervals(design, data[[name]], stage = 2, intersectionTest = test,
      normalApproximation = TRUE, stratifiedAnalysis = TRUE, varianceOption = "pooled", showProgress = FALSE)
    case$interval <- interval
    case$statistics <- getStageResults(design, data[[name]], stage = 2, intersectionTest = test,
      normalApproximation = TRUE, stratifiedAnalysis = TRUE, varianceOption = "pooled")$testStatistics
  }
  cases[[length(cases) + 1]] <- case
}
write(toJSON(cases, digits = 14, na = "null", auto_unbox = TRUE), "enrichment_tests.json")

# Run in this folder, after python -m tests.truth.other_statistics.make_enrichment_plans: Rscript make_enrichment_plans.R
# (rpact 3.3.4). Runs the code that our plans print, with 4000 trials in the place of 20000 since rpact takes minutes, and
# writes what its simulations say; its subgroup comes first, the full population second.
suppressMessages({library(rpact); library(jsonlite)})
code <- fromJSON("enrichment_code.json", simplifyVector = FALSE)
plans <- lapply(code, function(text) {
  text <- sub("maxNumberOfIterations = 20000", "maxNumberOfIterations = 4000", text, fixed = TRUE)
  found <- suppressWarnings(eval(parse(text = text)))
  shown <- apply(found$rejectedPopulationsPerStage, c(2, 3), sum)
  list(any_shown = I(as.numeric(found$rejectAtLeastOne)), subgroup_shown = I(shown[, 1]), full_shown = I(shown[, 2]),
       endpoints = I(as.numeric(found$expectedNumberOfSubjects)), iterations = found$maxNumberOfIterations)
})
write(toJSON(plans, digits = 14, pretty = TRUE, auto_unbox = TRUE), "enrichment_plans.json")

# Run in this folder, after python -m tests.truth.other_statistics.make_adaptive_plans: Rscript make_adaptive_plans.R
# (rpact 3.3.4). Runs the code that our plans print as it stands, and writes what rpact's simulations say.
suppressMessages({library(rpact); library(jsonlite)})
code <- fromJSON("adaptive_code.json", simplifyVector = FALSE)
arms <- lapply(code$arms, function(text) {
  found <- eval(parse(text = text))
  list(any_shown = I(as.numeric(found$rejectAtLeastOne)), iterations = found$maxNumberOfIterations)
})
sizes <- lapply(code$sizes, function(text) {
  found <- eval(parse(text = text))
  list(power = I(as.numeric(found$overallReject)), endpoints = I(as.numeric(found$expectedNumberOfSubjects)),
       iterations = found$maxNumberOfIterations)
})
write(toJSON(list(arms = arms, sizes = sizes), digits = 14, pretty = TRUE, auto_unbox = TRUE), "adaptive_plans.json")

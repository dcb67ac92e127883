# Run in this folder, after python -m tests.truth.other_statistics.make_plans: Rscript make_plans.R (rpact 3.3.4)
# Runs the code that our plans print, line by line as it stands, and writes what rpact says of each design.
suppressMessages({library(rpact); library(jsonlite)})
plans <- fromJSON("plans_code.json", simplifyVector = FALSE)
found <- lapply(plans, function(lines) {
  lines <- unlist(lines)
  here <- new.env()
  eval(parse(text = lines[1]), envir = here)
  size <- eval(parse(text = grep("getSampleSizeMeans", lines, value = TRUE)[1]), envir = here)
  power <- eval(parse(text = grep("getPowerMeans", lines, value = TRUE)[1]), envir = here)
  design <- here$design
  list(
    efficacy_z = I(design$criticalValues),
    futility_z = I(as.numeric(design$futilityBounds)),
    alpha_spent = I(design$alphaSpent),
    stage_levels = I(design$stageLevels),
    endpoints_needed = I(as.numeric(if (design$kMax == 1) size$nFixed else size$maxNumberOfSubjects)),
    power = I(as.numeric(power$overallReject)),
    expected_endpoints = I(as.numeric(power$expectedNumberOfSubjects))
  )
})
write(toJSON(found, digits = 14, pretty = TRUE, na = "null"), "plans.json")

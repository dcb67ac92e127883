# Run in this folder: Rscript make_multiplicity.R
# Writes what p.adjust of R says of families of 1 to 8 p values, some of them tied.
suppressMessages(library(jsonlite))
set.seed(3)
families <- lapply(1:60, function(i) {
  n <- (i - 1) %% 8 + 1
  p <- round(rbeta(n, 0.4, 2), sample(2:6, 1))
  sapply(c("bonferroni", "holm", "hochberg", "hommel"), function(m) I(p.adjust(p, m)), simplify = FALSE) -> told
  c(list(p = I(p)), told)
})
write_json(list(program = R.version.string, families = families), "multiplicity.json", digits = I(17), auto_unbox = TRUE)

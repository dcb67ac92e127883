# Run in this folder: Rscript make_dunnett.R
# Writes p values of the largest of several comparisons with a control, as mvtnorm integrates them.
suppressMessages({library(mvtnorm); library(jsonlite)})
set.seed(1)
cases <- list()
for (ratios in list(c(1, 1), c(1, 1, 1), c(0.5, 1, 2), c(1, 1, 1, 1, 1))) for (df in c(0, 12, 90)) for (q in c(0.4, 1.7, 2.6)) {
  shared <- sqrt(ratios / (1 + ratios)); R <- outer(shared, shared); diag(R) <- 1; k <- length(ratios)
  how <- GenzBretz(abseps = 1e-8, maxpts = 5e6)
  # df 0 is the normal distribution
  p <- 1 - pmvt(upper = rep(q, k), corr = R, df = df, algorithm = how)
  cases[[length(cases) + 1]] <- list(ratios = I(ratios), df = df, largest = q, p = as.numeric(p), error = attr(p, "error"))
}
write_json(list(program = paste(R.version.string, "mvtnorm", packageVersion("mvtnorm")), cases = cases), "dunnett.json",
  digits = I(15), auto_unbox = TRUE)

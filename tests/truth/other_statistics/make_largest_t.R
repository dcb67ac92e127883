# Run in this folder, which takes some minutes: Rscript make_largest_t.R
# Writes quantiles and tails of the largest of several correlated t statistics with 1 to 4 degrees of freedom by mvtnorm:
# quantiles of two and three statistics by TVPACK, which is exact; tails of five by Genz and Bretz with their error.
suppressMessages({library(mvtnorm); library(jsonlite)})
set.seed(3)
correlations <- function(k) { root <- matrix(rnorm(k * 4), k); cov2cor(root %*% t(root) + 0.3 * diag(k)) }
quantiles <- list(); for (df in 1:4) for (k in c(2, 3)) for (alpha in c(0.001, 0.025, 0.2)) {
  R <- correlations(k)
  tail <- function(q) 1 - as.numeric(pmvt(upper = rep(q, k), corr = R, df = df, algorithm = TVPACK(abseps = 1e-12)))
  found <- uniroot(function(x) log(tail(exp(x)) / alpha), log(c(0.05, 1e5)), tol = 1e-12)$root
  quantiles[[length(quantiles) + 1]] <- list(correlation = R, df = df, alpha = alpha, bound = exp(found))
}
tails <- list(); for (df in 1:4) for (q in c(2.4, 6)) {
  R <- correlations(5)
  p <- 1 - pmvt(upper = rep(q, 5), corr = R, df = df, algorithm = GenzBretz(abseps = 1e-7, maxpts = 2.5e7))
  tails[[length(tails) + 1]] <- list(correlation = R, df = df, bound = q, p = as.numeric(p), error = attr(p, "error"))
}
write_json(list(program = paste(R.version.string, "mvtnorm", packageVersion("mvtnorm")), quantiles = quantiles,
  tails = tails), "largest_t.json", digits = I(15), auto_unbox = TRUE)

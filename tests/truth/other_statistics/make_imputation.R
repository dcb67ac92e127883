# Run in this folder: Rscript make_imputation.R
# Writes means and covariances of missing visits under each rule, patient by patient, by solve() of R.
suppressMessages(library(jsonlite))
set.seed(4)
v <- 4
A <- matrix(rnorm(v * v), v); S <- crossprod(A) + diag(v)
own <- round(rnorm(v, 5, 3), 2); ref <- round(rnorm(v, 0, 3), 2)
cases <- list()
for (d in 0:3) {
  y <- round(rnorm(v, 4, 3), 2); if (d < v) y[(d + 1):v] <- NA
  after <- (1:v) > d
  for (rule in c("missing_at_random", "jump_to_reference", "copy_reference", "copy_increments_in_reference", "last_mean_carried_forward")) {
    m <- own
    if (rule == "jump_to_reference") m[after] <- ref[after]
    if (rule == "copy_reference") m <- ref
    if (rule == "copy_increments_in_reference") m[after] <- if (d == 0) ref else own[d] + (ref[after] - ref[d])
    if (rule == "last_mean_carried_forward" && d > 0) m[after] <- own[d]
    if (d == 0) { mean <- m; V <- S } else {
      B <- S[after, !after, drop = FALSE] %*% solve(S[!after, !after, drop = FALSE])
      mean <- m[after] + as.numeric(B %*% (y[!after] - m[!after])); V <- S[after, after] - B %*% S[!after, after, drop = FALSE]
    }
    cases[[length(cases) + 1]] <- list(rule = rule, known = d, y = I(y), mean = I(mean), covariance = as.matrix(V))
  }
}
# Rubin's rules as mice 3.15.0 (pool.scalar) prints them for 80 patients and 3 coefficients: copied, mice is not run here
rubin <- list(estimates = c(-1.42, -1.3, -1.55, -1.21, -1.38), variances = c(0.3, 0.28, 0.31, 0.29, 0.33), complete = 77,
  qbar = -1.372, t = 0.321644, df = 66.142238497556, df_large = 1072.38578665217)
write_json(list(program = R.version.string, covariance = S, own = own, reference = ref, cases = cases, rubin = rubin),
  "imputation.json", digits = I(17), auto_unbox = TRUE, na = "null")

# Run in this folder: Rscript make_ordinal.R
# Writes invented trials with ordered categories and composites, and what MASS and pairs counted one by one say of them.
suppressMessages({library(MASS); library(jsonlite)})
set.seed(5)

ordinal <- list()
for (trial in 1:3) {
  n <- 60 + 40 * trial
  arm <- sample(rep(0:2, length.out = n)); baseline <- round(rnorm(n), 2)  # of unit spread: polr takes second derivatives by steps of 0.001
  score <- 0.7 * (arm == 1) + 1.2 * (arm == 2) + 0.5 * baseline + rlogis(n)
  y <- cut(score, c(-Inf, -1.5, -0.3, 0.4, 1.6, Inf), labels = FALSE) - 1L
  if (trial == 2) y[y == 2] <- 3L  # nobody is in category 2
  data <- data.frame(y = factor(y, ordered = TRUE), arm = factor(arm), baseline)
  fit <- polr(y ~ arm + baseline, data, Hess = TRUE, control = list(reltol = 1e-15, maxit = 1000))
  ordinal[[trial]] <- list(category = y, arm = arm, baseline = baseline, coefficients = as.numeric(coef(fit)),
    thresholds = as.numeric(fit$zeta), deviance = fit$deviance, errors = as.numeric(sqrt(diag(vcov(fit)))[1:3]),
    wilcoxon_p = wilcox.test(y[arm == 2], y[arm == 0], exact = FALSE, correct = FALSE)$p.value)
}

# pairs, one at a time, and the covariances as sums over triples of patients
wins <- list()
for (trial in 1:3) {
  n <- c(17, 23, 30)[trial]; m <- c(21, 19, 25)[trial]
  draw <- function(k, shift) cbind(rbinom(k, 1, 0.7 + shift / 10), rbinom(k, 2, 0.4 + shift / 5), round(rnorm(k, shift, 1), 1))
  a <- draw(n, 0.6); b <- draw(m, 0); a[2, 2] <- NA
  margins <- c(0, 0, c(0, 0.35, 0.55)[trial])
  W <- L <- matrix(0, n, m); at <- matrix(0, n, m)
  for (i in 1:n) for (j in 1:m) for (e in 1:3) {
    d <- a[i, e] - b[j, e]
    if (at[i, j] == 0 && !is.na(d) && abs(d) > margins[e]) { at[i, j] <- e; if (d > 0) W[i, j] <- 1 else L[i, j] <- 1 }
  }
  cross <- function(A, B) {  # U-statistic estimate of cov(A_ij, B_ij') / n-parts: sample covariances of the projections
    s10 <- sum((rowMeans(A) - mean(A)) * (rowMeans(B) - mean(B))) / (n - 1)
    s01 <- sum((colMeans(A) - mean(A)) * (colMeans(B) - mean(B))) / (m - 1)
    s10 / n + s01 / m
  }
  pw <- mean(W); pl <- mean(L); pt <- 1 - pw - pl
  vr <- cross(W, W) / pw^2 + cross(L, L) / pl^2 - 2 * cross(W, L) / (pw * pl)
  H <- W + 0.5 * (1 - W - L); th <- mean(H)
  wins[[trial]] <- list(arm = a, control = b, margins = margins,
    wins = sapply(1:3, function(e) mean(W * (at == e))), losses = sapply(1:3, function(e) mean(L * (at == e))),
    log_ratio = log(pw / pl), log_ratio_error = sqrt(vr), log_odds = log(th / (1 - th)),
    log_odds_error = sqrt(cross(H, H)) / (th * (1 - th)), net = pw - pl, net_error = sqrt(cross(W - L, W - L)))
}
write_json(list(program = paste(R.version.string, "MASS", packageVersion("MASS")), ordinal = ordinal, wins = wins),
  "ordinal.json", digits = I(17), auto_unbox = TRUE, na = "null")

# Run in this folder: Rscript make_responders.R
# Writes invented counts and patients, and what R, metafor and sandwich say about them.
suppressMessages({library(metafor); library(sandwich); library(jsonlite)})
set.seed(7)

# counts of four trials with three strata: responders and patients of arm and control
counts <- data.frame()
for (trial in 1:4) for (stratum in 1:3) {
  n1 <- sample(8:40, 1); n0 <- sample(8:40, 1)
  counts <- rbind(counts, data.frame(trial, stratum, x1 = rbinom(1, n1, 0.55), n1, x0 = rbinom(1, n0, 0.35), n0))
}
counts[counts$trial == 4, "x0"] <- 0  # nobody in the control arm responds

# constrained maximum of two binomials with a given difference, by a search
restricted <- function(x1, n1, x0, n0, d) {
  low <- max(0, -d); high <- min(1, 1 - d)
  f <- function(p) dbinom(x1, n1, p + d, log = TRUE) + dbinom(x0, n0, p, log = TRUE)
  optimize(f, c(low, high), maximum = TRUE, tol = 1e-12)$maximum
}
score <- function(d, s) {
  w <- s$n1 * s$n0 / (s$n1 + s$n0); w <- w / sum(w)
  v <- mapply(function(x1, n1, x0, n0) {
    p0 <- restricted(x1, n1, x0, n0, d); p1 <- p0 + d
    (p1 * (1 - p1) / n1 + p0 * (1 - p0) / n0) * (n1 + n0) / (n1 + n0 - 1)
  }, s$x1, s$n1, s$x0, s$n0)
  (sum(w * (s$x1 / s$n1 - s$x0 / s$n0)) - d) / sqrt(sum(w^2 * v))
}
z <- qnorm(0.975)
limits_by_score <- function(s) {
  est <- with(s, sum(n1 * n0 / (n1 + n0) * (x1 / n1 - x0 / n0)) / sum(n1 * n0 / (n1 + n0)))
  c(uniroot(function(d) score(d, s) - z, c(-1 + 1e-9, est), tol = 1e-12)$root,
    uniroot(function(d) score(d, s) + z, c(est, 1 - 1e-9), tol = 1e-12)$root)
}
expected <- lapply(split(counts, counts$trial), function(s) {
  tab <- array(rbind(s$x1, s$n1 - s$x1, s$x0, s$n0 - s$x0), c(2, 2, nrow(s)))
  plain <- mantelhaen.test(tab, correct = FALSE); corrected <- mantelhaen.test(tab, correct = TRUE)
  mh <- rma.mh(ai = x1, n1i = n1, ci = x0, n2i = n0, data = s, measure = "RD", add = 0, drop00 = FALSE)
  one <- s[1, ]
  w1 <- suppressWarnings(prop.test(one$x1, one$n1, correct = FALSE))$conf.int
  w0 <- suppressWarnings(prop.test(one$x0, one$n0, correct = FALSE))$conf.int
  p1 <- one$x1 / one$n1; p0 <- one$x0 / one$n0
  list(estimate = as.numeric(mh$beta), sato = c(mh$ci.lb, mh$ci.ub), stratified_score = limits_by_score(s),
       cmh = as.numeric(plain$statistic), cmh_p = plain$p.value, cmh_corrected = as.numeric(corrected$statistic),
       first_newcombe = c(p1 - p0 - sqrt((p1 - w1[1])^2 + (w0[2] - p0)^2), p1 - p0 + sqrt((w1[2] - p1)^2 + (p0 - w0[1])^2)),
       first_score = limits_by_score(one))
})

# the data of the stratified Newcombe interval whose result another program's validation prints
set.seed(1)
rsp <- c(sample(c(TRUE, FALSE), 40, prob = c(3 / 4, 1 / 4), replace = TRUE), sample(c(TRUE, FALSE), 40, prob = c(1 / 2, 1 / 2), replace = TRUE))
arm <- rep(c(1, 0), each = 40)
f1 <- sample(c("a", "b"), 80, TRUE); f2 <- sample(c("x", "y", "z"), 80, TRUE)
published <- list(response = as.integer(rsp), arm = arm, stratum = as.integer(interaction(f1, f2)) - 1L)

# patients of three trials: logistic regression, standardisation by numerical derivatives
set.seed(11)
patients <- list(); regressions <- list()
for (trial in 1:3) {
  n <- 60 + 30 * trial
  arm <- sample(rep(0:2, length.out = n)); baseline <- round(rnorm(n, 60, 12), 1); age <- round(rnorm(n, 48, 10))
  y <- rbinom(n, 1, plogis(-0.8 + 0.7 * (arm == 1) + 1.1 * (arm == 2) + 0.05 * (baseline - 60) - 0.02 * (age - 48)))
  fit <- glm(y ~ factor(arm) + baseline + age, family = binomial, control = glm.control(epsilon = 1e-14, maxit = 100))
  X <- model.matrix(fit); b <- coef(fit)
  risk <- function(b) sapply(0:2, function(a) { Z <- X; Z[, 2] <- a == 1; Z[, 3] <- a == 2; mean(plogis(Z %*% b)) })
  jac <- sapply(seq_along(b), function(j) { h <- 1e-6; up <- b; dn <- b; up[j] <- up[j] + h; dn[j] <- dn[j] - h; (risk(up) - risk(dn)) / (2 * h) })
  delta <- jac %*% vcov(fit) %*% t(jac)
  # stacked estimating equations: shares, then scores
  U <- cbind(sapply(0:2, function(a) { Z <- X; Z[, 2] <- a == 1; Z[, 3] <- a == 2; plogis(Z %*% b) - risk(b)[a + 1] }), estfun(fit))
  A <- rbind(cbind(diag(3), -jac), cbind(matrix(0, 5, 3), solve(vcov(fit)) / n))
  V <- solve(A) %*% (crossprod(U) / n) %*% t(solve(A)) / n
  C <- rbind(c(-1, 1, 0), c(-1, 0, 1))
  patients[[trial]] <- list(response = y, arm = arm, baseline = baseline, age = age)
  regressions[[trial]] <- list(coefficients = as.numeric(b), errors = as.numeric(sqrt(diag(vcov(fit)))), deviance = fit$deviance,
    p_values = as.numeric(summary(fit)$coefficients[, 4]), risks = risk(b), differences = as.numeric(C %*% risk(b)),
    risk_errors_delta = sqrt(diag(delta)), risk_errors_sandwich = sqrt(diag(V)[1:3]),
    difference_errors_delta = sqrt(diag(C %*% delta %*% t(C))), difference_errors_sandwich = sqrt(diag(C %*% V[1:3, 1:3] %*% t(C))))
}
write_json(list(program = paste(R.version.string, "metafor", packageVersion("metafor"), "sandwich", packageVersion("sandwich")),
  counts = counts, expected = unname(expected), published = published, patients = patients, regressions = regressions),
  "responders.json", digits = I(17), auto_unbox = TRUE)

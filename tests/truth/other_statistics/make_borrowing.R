# Run in this folder: Rscript make_borrowing.R
# Writes what R finds of borrowed controls by integrate, uniroot and metafor, each from its definition: the predictive of a
# new trial, the posterior of a mixture, the expected local information ratio, and the type I error by drift.
suppressMessages({library(metafor); library(jsonlite)})
whole <- function(f, at, width) {  # the line in pieces, so that integrate misses no peak
  ends <- sort(unique(as.vector(outer(at, c(-60, -12, -4, 0, 4, 12, 60) * width, "+"))))
  sum(mapply(function(a, b) integrate(f, a, b, rel.tol = 1e-10, subdivisions = 500)$value, head(ends, -1), tail(ends, -1)))
}
# the predictive: for each spread between trials the restricted likelihood, mean and standard error are metafor's
predictive <- function(y, se, scale) {  # Simpson's rule over the spread between trials
  tau <- seq(0, 6 * scale, length.out = 401)
  given <- sapply(tau, function(t) { fit <- rma(yi = y, sei = se, tau2 = t^2, method = "REML")
    c(as.numeric(logLik(fit)), as.numeric(fit$beta), fit$se) })
  rule <- c(1, rep(c(4, 2), 199), 4, 1) * exp(given[1, ] - max(given[1, ])) * dnorm(tau, 0, scale)
  rule <- rule / sum(rule)
  wide <- sqrt(given[3, ]^2 + tau^2); mean <- sum(rule * given[2, ]); sd <- sqrt(sum(rule * (wide^2 + (given[2, ] - mean)^2)))
  at <- mean + c(-3, -1.5, -0.5, 0, 1, 2.5) * sd
  list(y = y, se = se, scale = scale, mean = mean, sd = sd, at = at,
    below = sapply(at, function(x) sum(rule * pnorm(x, given[2, ], wide))))
}
n <- c(74, 166, 328, 20, 25, 58)  # changes of the CDAI in placebo arms, as Hueber and others (2012) list them
trials <- list(predictive(c(-51, -49, -36, -47, -90, -54), 88 / sqrt(n), 44),
  predictive(c(-34.3, -34.2), c(4.8, 3.4), 10), predictive(c(-20, -35, -31), c(5, 4, 9), 5))
density <- function(mix) function(x) rowSums(sapply(seq_along(mix$weight), function(k)
  mix$weight[k] * dnorm(x, mix$mean[k], mix$sd[k])))
slope <- function(mix, x, order) rowSums(sapply(seq_along(mix$weight), function(k) { z <- (x - mix$mean[k]) / mix$sd[k]
  mix$weight[k] * dnorm(x, mix$mean[k], mix$sd[k]) * (if (order == 1) -z / mix$sd[k] else (z^2 - 1) / mix$sd[k]^2) }))
mixes <- list(list(weight = c(0.5, 0.5), mean = c(0, 3), sd = c(2, 4)), list(weight = 1, mean = -3, sd = 6),
  list(weight = c(0.41, 0.31, 0.08, 0.2), mean = rep(-34, 4), sd = c(3.6, 9.4, 21.6, 28.7)),
  list(weight = c(0.7, 0.1, 0.2), mean = c(5, -20, 5), sd = c(2, 5, 25)))
size <- function(mix, sigma) { p <- density(mix)
  information <- function(x) { d <- p(x); ifelse(d < 1e-290, 0, slope(mix, x, 1)^2 / d - slope(mix, x, 2)) }
  sigma^2 * whole(information, mix$mean, min(mix$sd)) }
sizes <- lapply(mixes, function(mix) c(mix, list(patient_sd = 28, size = size(mix, 28))))
# both means: control error 3, arm error 2.5, correlated; nothing believed of the arm
benefit <- function(mix, control, arm, errors, all = TRUE) { p <- density(mix); slope <- errors$covariance / errors$control
  left <- errors$arm - errors$covariance * slope
  after <- function(x) p(x) * dnorm(control, x, sqrt(errors$control))
  over <- function(f) whole(function(x) after(x) * f(x), c(mix$mean, control), min(mix$sd, sqrt(errors$control)))
  total <- over(function(x) x * 0 + 1); middle <- function(x) arm + slope * (x - control) - x
  above <- over(function(x) pnorm(middle(x) / sqrt(left))) / total
  if (!all) return(above)
  mean <- over(middle) / total
  list(posterior_mean = mean, posterior_sd = sqrt(over(function(x) left + (middle(x) - mean)^2) / total),
    control = over(function(x) x) / total, above = above) }
errors <- list(list(control = 9, arm = 6.25, covariance = 0), list(control = 9, arm = 6.25, covariance = 1.5))
posteriors <- list(); for (e in errors) for (mix in mixes) for (control in mix$mean[1] + c(-25, -4, 0, 9)) {
  arm <- control + 6
  posteriors[[length(posteriors) + 1]] <- c(mix, list(errors = e, estimate = c(control, arm)), benefit(mix, control, arm, e))
}
drift <- function(mix, e, drift, effect) { centre <- sum(mix$weight * mix$mean); true <- centre + drift
  slope <- e$covariance / e$control; left <- e$arm - e$covariance * slope
  shown <- Vectorize(function(control) { # the smallest arm's mean that shows a benefit, from its posterior probability
    critical <- uniroot(function(arm) benefit(mix, control, arm, e, FALSE) - 0.975, control + c(-40, 40), tol = 1e-6)$root
    pnorm((true + effect + slope * (control - true) - critical) / sqrt(left)) })
  points <- seq(-7, 7, length.out = 36)  # the trapezium is exact for what is smooth and vanishes at both ends
  sum(shown(true + sqrt(e$control) * points) * dnorm(points)) * 0.4 }
drifts <- list(); for (case in list(c(1, 3), c(2, 3))) for (by in c(-12, 0, 9)) for (effect in c(0, 9))
  drifts[[length(drifts) + 1]] <- c(mixes[[case[2]]], list(errors = errors[[case[1]]], drift = by, effect = effect,
    success = drift(mixes[[case[2]]], errors[[case[1]]], by, effect)))
write_json(list(program = paste(R.version.string, "metafor", packageVersion("metafor")), trials = trials, sizes = sizes,
  posteriors = posteriors, drifts = drifts), "borrowing.json", digits = I(12), auto_unbox = TRUE)

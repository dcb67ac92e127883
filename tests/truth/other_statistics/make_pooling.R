# Run in this folder: Rscript make_pooling.R (R 4 with metafor 3.8-1)
# Simulates data sets of studies and writes what metafor says about them, and what the snippets of r_call give.

suppressMessages(library(metafor))
options(warn = -1)
digits <- function(x) ifelse(is.na(x), "", format(x, digits = 15, scientific = TRUE, trim = TRUE))

set.seed(2026)
kinds <- c("OR", "RR", "RD", "PETO", "MD", "SMD", "ROM", "PLO", "PFT", "PR")
sizes <- c(2, 3, 4, 5, 7, 9, 12, 16, 21, 30)
spreads <- c(0, 0.15, 0.4, 0.9)
data <- list()
for (set in 1:40) {
  measure <- kinds[(set - 1) %% 10 + 1]
  k <- sizes[(set * 7 + set %/% 10 - 1) %% 10 + 1]
  tau <- spreads[(set - 1) %/% 10 + 1]
  n1 <- sample(12:150, k, TRUE); n2 <- sample(12:150, k, TRUE)
  x <- round(rnorm(k), 2)
  if (measure %in% c("OR", "RR", "RD", "PETO")) {
    base <- if (set > 20) -2.2 else -0.8
    u <- rnorm(k, -0.4 + 0.3 * x, tau)
    logit <- base + rnorm(k, 0, 0.3)
    row <- data.frame(a = rbinom(k, n1, plogis(logit + u)), n = n1, c = rbinom(k, n2, plogis(logit)), m = n2)
    # one empty cell, and one study without events where there is room
    if (k > 3) row$a[1] <- 0
    if (k > 8) row$a[2] <- row$c[2] <- 0
    e <- escalc(measure, ai = a, n1i = n, ci = c, n2i = m, data = row, add = if (measure == "PETO") 0 else 1 / 2,
                to = if (measure == "PETO") "none" else "only0")
    row <- data.frame(row, mean = NA, sd = NA, mean2 = NA, sd2 = NA)
  } else if (measure %in% c("MD", "SMD", "ROM")) {
    u <- rnorm(k, -0.3 + 0.2 * x, tau)
    sd1 <- runif(k, 8, 14); sd2 <- runif(k, 8, 14)
    row <- data.frame(a = NA, n = n1, c = NA, m = n2, mean = round(rnorm(k, 50 + 10 * u, sd1 / sqrt(n1)), 2),
                      sd = round(sd1, 2), mean2 = round(rnorm(k, 50, sd2 / sqrt(n2)), 2), sd2 = round(sd2, 2))
    e <- escalc(measure, m1i = mean, sd1i = sd, n1i = n, m2i = mean2, sd2i = sd2, n2i = m, data = row)
  } else {
    row <- data.frame(a = rbinom(k, n1, plogis(rnorm(k, -1.5 + 0.3 * x, tau))), n = n1, c = NA, m = NA, mean = NA,
                      sd = NA, mean2 = NA, sd2 = NA)
    e <- escalc(measure, xi = a, ni = n, data = row)
  }
  data[[set]] <- data.frame(set = set, measure = measure, study = 1:k, row, x = x, z = round(runif(k), 2),
                            yi = as.numeric(e$yi), vi = e$vi)
}
everything <- do.call(rbind, data)
written <- everything
written$yi <- digits(written$yi); written$vi <- digits(written$vi)
write.csv(written, "pooling.csv", row.names = FALSE, quote = FALSE, na = "")

# without a tight stop, iterations end some digits early
tight <- function(method) {
  if (method %in% c("ML", "REML", "EB")) list(threshold = 1e-12, maxiter = 10000)
  else if (method == "PM") list(tol = 1e-13, tau2.max = 1e6) else list()
}
first <- function(x, i = 1) if (is.null(x) || length(x) < i) NA else as.numeric(x[i])
columns <- function(fit, set, test, model) {
  ci <- if (fit$method == "EE" || fit$k - fit$p < 1) NULL else
    tryCatch(confint(fit, control = list(tol = 1e-13, tau2.max = 1e7))$random, error = function(e) NULL)
  at <- if (fit$p == 1) predict(fit) else predict(fit, newmods = rep(0.3, fit$p - 1))
  riley <- if (fit$p == 1 && fit$k > 2) predict(fit, pi.type = "riley") else NULL
  last <- fit$p
  data.frame(
    set = set, method = fit$method, test = test, model = model, estimate = digits(first(fit$b)),
    last = digits(first(fit$b, last)), se = digits(first(fit$se)), last_se = digits(first(fit$se, last)),
    statistic = digits(first(fit$zval)), df = digits(first(fit$ddf)), p_value = digits(first(fit$pval)),
    low = digits(first(fit$ci.lb)), high = digits(first(fit$ci.ub)), tau2 = digits(first(fit$tau2)),
    tau2_se = digits(first(fit$se.tau2)), i2 = digits(first(fit$I2)), h2 = digits(first(fit$H2)),
    q = digits(first(fit$QE)), q_p = digits(first(fit$QEp)), qm = digits(if (fit$p > 1) first(fit$QM) else NA),
    qm_p = digits(if (fit$p > 1) first(fit$QMp) else NA), r2 = digits(first(fit$R2)),
    log_likelihood = digits(as.numeric(logLik(fit))), aic = digits(AIC(fit)),
    tau2_low = digits(if (is.null(ci)) NA else ci[1, 2]), tau2_high = digits(if (is.null(ci)) NA else ci[1, 3]),
    i2_low = digits(if (is.null(ci)) NA else ci[3, 2]), h2_high = digits(if (is.null(ci)) NA else ci[4, 3]),
    predicted = digits(at$pred), predicted_se = digits(at$se),
    prediction_low = digits(first(at$pi.lb)), prediction_high = digits(first(at$pi.ub)),
    hts_low = digits(first(riley$pi.lb)), hts_high = digits(first(riley$pi.ub))
  )
}
methods <- c("EE", "DL", "REML", "ML", "PM", "EB", "HE", "SJ", "HS")
rows <- list()
lists <- list()
keep <- function(set, what, values) {
  lists[[length(lists) + 1]] <<- data.frame(set = set, what = what, place = seq_along(values) - 1, value = digits(as.numeric(values)))
}
for (set in 1:40) {
  d <- everything[everything$set == set & !is.na(everything$vi), ]
  d$yi <- as.numeric(digits(d$yi)); d$vi <- as.numeric(digits(d$vi))
  k <- nrow(d)
  for (method in methods) for (test in c("z", "knha", "adhoc")) for (model in c("mean", "x", "xz")) {
    p <- c(mean = 1, x = 2, xz = 3)[[model]]
    if (k - p < 1 || (test == "adhoc" && !(method %in% c("REML", "DL"))) || (model == "xz" && k < 7)) next
    mods <- switch(model, mean = ~ 1, x = ~ x, xz = ~ x + z)
    fit <- tryCatch(rma(yi, vi, mods = mods, data = d, method = method, test = test, control = tight(method)), error = function(e) NULL)
    if (is.null(fit)) next
    rows[[length(rows) + 1]] <- columns(fit, set, test, model)
  }
  if (k < 4) next
  for (test in c("z", "knha")) for (model in c("mean", "x")) {
    fit <- tryCatch(rma(yi, vi, mods = if (model == "mean") ~ 1 else ~ x, data = d, method = "REML", test = test, control = tight("REML")),
                    error = function(e) NULL)
    if (is.null(fit)) next
    tag <- paste(test, model)
    found <- tryCatch(influence(fit)$inf, error = function(e) NULL)
    if (is.null(found)) next
    keep(set, paste("rstudent", tag), found$rstudent); keep(set, paste("cook", tag), found$cook.d)
    keep(set, paste("hat", tag), found$hat); keep(set, paste("weight", tag), found$weight)
    keep(set, paste("cov_ratio", tag), found$cov.r); keep(set, paste("tau2_without", tag), found$tau2.del)
    if (model == "mean") {
      left <- leave1out(fit)
      keep(set, paste("without", tag), left$estimate); keep(set, paste("without_se", tag), left$se)
      keep(set, paste("without_low", tag), left$ci.lb); keep(set, paste("without_q", tag), left$Q)
      egger <- tryCatch(regtest(fit), error = function(e) NULL)
      if (!is.null(egger)) keep(set, paste("egger_random", tag), c(egger$zval, egger$pval, egger$est, egger$ci.lb, egger$ci.ub))
    }
  }
  fit <- rma(yi, vi, data = d, method = "DL")
  egger <- regtest(fit, model = "lm")
  keep(set, "egger_classical", c(egger$zval, egger$pval, egger$est, egger$ci.lb, egger$ci.ub))
  begg <- ranktest(fit)
  keep(set, "begg", c(begg$tau, begg$pval))
  filled <- tryCatch(trimfill(fit), error = function(e) NULL)
  if (!is.null(filled)) keep(set, "trim_and_fill", c(filled$k0, filled$side == "right", filled$b, filled$se, filled$tau2))
  if (d$measure[1] == "OR") {
    events <- d$a + d$c; total <- d$n + d$m; some <- events > 0 & events < total
    s <- summary(lm(d$yi[some] ~ I(1 / total[some]), weights = (events * (total - events) / total)[some]))$coefficients
    keep(set, "peters", c(s[2, 3], s[2, 4], s[1, 1]))
  }
}
for (set in 1:40) {
  d <- everything[everything$set == set, ]
  if (!(d$measure[1] %in% c("OR", "RR", "RD", "PETO"))) next
  for (measure in c("OR", "RR", "RD")) {
    mh <- tryCatch(rma.mh(measure = measure, ai = a, n1i = n, ci = c, n2i = m, data = d), error = function(e) NULL)
    if (!is.null(mh)) keep(set, paste("mh", measure), c(mh$b, mh$se, mh$QE))
  }
  peto <- rma.peto(ai = a, n1i = n, ci = c, n2i = m, data = d)
  keep(set, "peto", c(peto$b, peto$se, peto$QE))
  glmm <- tryCatch(rma.glmm(measure = "OR", ai = a, n1i = n, ci = c, n2i = m, data = d, model = "UM.FS", nAGQ = 21),
                   error = function(e) NULL)
  if (!is.null(glmm)) keep(set, "glmm", c(glmm$b, glmm$se, glmm$tau2))
  glmm <- tryCatch(rma.glmm(measure = "OR", ai = a, n1i = n, ci = c, n2i = m, data = d, model = "UM.FS", method = "EE"),
                   error = function(e) NULL)
  if (!is.null(glmm)) keep(set, "glmm_common", c(glmm$b, glmm$se, as.numeric(logLik(glmm))))
  exact <- tryCatch({
    some <- d$a + d$c > 0
    tables <- array(rbind(d$a, d$n - d$a, d$c, d$m - d$c)[, some], c(2, 2, sum(some)))
    mantelhaen.test(tables, exact = TRUE)
  }, error = function(e) NULL)
  if (!is.null(exact)) keep(set, "exact_common", log(exact$estimate))
}
rate <- everything[everything$set == 8, ]
keep(8, "clopper_low", sapply(seq_len(nrow(rate)), function(i) binom.test(rate$a[i], rate$n[i])$conf.int[1]))
keep(8, "clopper_high", sapply(seq_len(nrow(rate)), function(i) binom.test(rate$a[i], rate$n[i])$conf.int[2]))

# levels, a network of arms, and two outcomes
set.seed(77)
mixed <- function(call) {
  plain <- sharp <- substitute(call)
  sharp$control <- list(rel.tol = 1e-11, iter.max = 1000, eval.max = 2000)
  there <- parent.frame()
  tryCatch(eval(sharp, there), error = function(e) eval(plain, there))
}
levels3 <- list()
for (case in 1:4) {
  outer <- rep(1:7, times = c(3, 4, 2, 5, 3, 4, 3)); inner <- seq_along(outer)
  d <- data.frame(case = case, outer = outer, inner = inner, vi = round(runif(24, 0.02, 0.2), 4), x = round(rnorm(24), 2))
  d$yi <- round(0.3 + 0.1 * d$x + rnorm(7, 0, c(0.4, 0, 0.7, 0.2)[case])[outer] + rnorm(24, 0, c(0.2, 0.3, 0, 0.1)[case]) + rnorm(24, 0, sqrt(d$vi)), 4)
  levels3[[case]] <- d
  for (method in c("REML", "ML")) for (model in c("mean", "x")) {
    fit <- mixed(rma.mv(yi, vi, mods = if (model == "mean") ~ 1 else ~ x, random = ~ 1 | outer / inner, data = d, method = method))
    keep(case, paste("levels", method, model), c(fit$b, fit$se, fit$sigma2, fit$QE, as.numeric(logLik(fit)), AIC(fit)))
    if (method == "REML" && model == "mean") for (place in 1:2) {
      ci <- confint(fit, sigma2 = place)$random
      keep(case, paste("levels profile", place), ci[1, 2:3])
    }
  }
}
write.csv(do.call(rbind, levels3), "levels.csv", row.names = FALSE, quote = FALSE)
arms <- list()
for (case in 1:3) {
  study <- rep(1:14, times = rep(c(2, 2, 3, 2, 2, 4, 2), 2))
  treatment <- unlist(lapply(table(study), function(n) sample(LETTERS[1:5], n)))
  d <- data.frame(case = case, study = study, treatment = treatment, se = round(runif(length(study), 0.1, 0.4), 3))
  effect <- c(A = 0, B = -0.3, C = -0.6, D = 0.2, E = -0.1)
  d$y <- round(rnorm(14)[study] + effect[treatment] + rnorm(nrow(d), 0, c(0, 0.2, 0.5)[case] / sqrt(2)) + rnorm(nrow(d), 0, d$se), 4)
  arms[[case]] <- d
  for (method in c("REML", "ML")) {
    fit <- mixed(rma.mv(y, se^2, mods = ~ factor(study) + treatment - 1, random = ~ treatment | study, rho = 1 / 2, data = d, method = method))
    keep(case, paste("arms", method), c(tail(fit$b, 4), tail(fit$se, 4), fit$tau2, as.numeric(logLik(fit)), fit$QE))
  }
  # common network effects, by ordinary least squares of the arms
  fit <- lm(y ~ factor(study) + treatment, weights = 1 / d$se^2, data = d)
  v <- summary(fit)$cov.unscaled
  keep(case, "arms common", c(tail(coef(fit), 4), tail(sqrt(diag(v)), 4), sum(residuals(fit)^2 / d$se^2)))
}
write.csv(do.call(rbind, arms), "arms.csv", row.names = FALSE, quote = FALSE)
outcomes <- data.frame(study = rep(1:9, each = 2), outcome = rep(c("pain", "function"), 9))
outcomes$vi <- round(runif(18, 0.02, 0.15), 4)
outcomes$cov <- rep(round(0.5 * sqrt(outcomes$vi[c(TRUE, FALSE)] * outcomes$vi[c(FALSE, TRUE)]), 5), each = 2)
outcomes$yi <- round(c(0.4, 0.1) + as.vector(t(matrix(rnorm(18, 0, 0.35), 9) %*% chol(matrix(c(1, 0.6, 0.6, 1), 2)))) + rnorm(18, 0, sqrt(outcomes$vi)), 4)
v <- bldiag(lapply(1:9, function(s) { o <- outcomes[outcomes$study == s, ]; matrix(c(o$vi[1], o$cov[1], o$cov[1], o$vi[2]), 2) }))
for (method in c("REML", "ML")) {
  fit <- mixed(rma.mv(yi, v, mods = ~ outcome - 1, random = ~ outcome | study, struct = "UN", data = outcomes, method = method))
  keep(1, paste("outcomes", method), c(fit$b, fit$se, fit$tau2, fit$rho, as.numeric(logLik(fit)), fit$QE))
}
write.csv(outcomes, "outcomes.csv", row.names = FALSE, quote = FALSE)

# what the committed snippets give
if (dir.exists("snippets")) for (file in sort(list.files("snippets", pattern = "[.]R$"))) {
  values <- suppressMessages(source(file.path("snippets", file), local = new.env())$value)
  keep(0, sub("[.]R$", "", file), values)
}
write.csv(do.call(rbind, rows), "pooling_expected.csv", row.names = FALSE, quote = FALSE)
write.csv(do.call(rbind, lists), "pooling_lists.csv", row.names = FALSE, quote = FALSE)

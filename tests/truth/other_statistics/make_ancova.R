# Run in this folder: Rscript make_ancova.R
# Writes the data and what R's lm, confint, t.test and prop.test say about them.

digits <- function(x) format(x, digits = 17, scientific = TRUE, trim = TRUE)

set.seed(21)
sizes <- c(sham = 11, low = 16, high = 17)
arm <- factor(sample(rep(names(sizes), sizes)), levels = names(sizes))
n <- length(arm)
baseline <- round(rnorm(n, 62, 11), 1)
effect <- c(sham = -9, low = -16, high = -21)
endpoint <- round(baseline + effect[as.character(arm)] - 0.45 * (baseline - 62) + rnorm(n, 0, 7), 1)
endpoint[sample(n, 6)] <- NA
patients <- data.frame(arm = arm, baseline = baseline, endpoint = endpoint)
write.csv(patients, "ancova.csv", row.names = FALSE, na = "")

# the endpoint value on arm and baseline, treatment contrasts: another parametrisation than the package's
comparisons <- list(c("low", "sham"), c("high", "sham"), c("high", "low"))
rows <- list()
for (pair in comparisons) for (alpha in c(0.05, 0.10)) {
  patients$arm <- relevel(arm, ref = pair[2])
  fit <- lm(endpoint ~ arm + baseline, data = patients)
  name <- paste0("arm", pair[1])
  line <- summary(fit)$coefficients[name, ]
  ci <- confint(fit, name, level = 1 - alpha)
  rows[[length(rows) + 1]] <- data.frame(
    arm = pair[1], control = pair[2], alpha = alpha, estimate = digits(line[[1]]), standard_error = digits(line[[2]]),
    degrees_of_freedom = fit$df.residual, ci_low = digits(ci[1]), ci_high = digits(ci[2]), p_value = digits(line[[4]])
  )
}
write.csv(do.call(rbind, rows), "ancova_expected.csv", row.names = FALSE, quote = FALSE)

# half of Wilson's 95 % interval over the normal quantile, for shares of 0 and of 1
trials <- c(1, 4, 12, 200)
wilson <- do.call(rbind, lapply(trials, function(n) {
  ci <- suppressWarnings(prop.test(0, n, correct = FALSE))$conf.int
  data.frame(n_trials = n, error = digits((ci[2] - ci[1]) / 2 / qnorm(0.975)))
}))
write.csv(wilson, "wilson.csv", row.names = FALSE, quote = FALSE)

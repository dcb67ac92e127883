# Analyses of covariance with periods, and margins of a factorial trial, by lm: Rscript make_course.R
set.seed(20261128)
n <- 96
arm <- sample(0:3, n, replace = TRUE)
period <- rep(0:3, each = n / 4)
# an arm that nobody gets in the last period, and one that enters late
arm[arm == 2 & period == 3] <- 0
arm[arm == 3 & period < 2] <- 1
baseline <- round(rnorm(n, 60, 12), 2)
change <- round(-15 - 0.3 * (baseline - 60) - 4 * (arm == 1) - 3 * period + rnorm(n, 0, 10), 2)
cell <- rep(0:3, length.out = n)
write.csv(data.frame(arm, period, cell, baseline, change), "course.csv", row.names = FALSE)
told <- function(fit, weights) {
  estimate <- sum(weights * coef(fit)); se <- sqrt(drop(t(weights) %*% vcov(fit) %*% weights))
  c(estimate = estimate, standard_error = se, degrees_of_freedom = df.residual(fit))
}
fit <- lm(change ~ factor(arm) + baseline + factor(period))
plain <- lm(change ~ factor(arm) + baseline)
four <- lm(change ~ factor(cell) + baseline)
w <- function(fit, ...) { v <- rep(0, length(coef(fit))); v[c(2, 3, 4)] <- c(...); v }
rows <- rbind(
  period_1 = told(fit, w(fit, 1, 0, 0)), period_2 = told(fit, w(fit, 0, 1, 0)), period_3 = told(fit, w(fit, 0, 0, 1)),
  plain_1 = told(plain, w(plain, 1, 0, 0)),
  # cells: 0 neither, 1 the first factor, 2 the second, 3 both
  first = told(four, w(four, 0.5, -0.5, 0.5)), second = told(four, w(four, -0.5, 0.5, 0.5)),
  both = told(four, w(four, -1, -1, 1))
)
write.csv(data.frame(what = rownames(rows), format(rows, digits = 15)), "course_expected.csv", row.names = FALSE, quote = FALSE)

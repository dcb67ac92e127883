# What metafor makes of our own tables: own_tables.csv (written by make_own_tables.py) to own_tables_expected.csv.
library(metafor)
rows <- read.csv("own_tables.csv")
out <- NULL
for (case in unique(rows$case)) {
  dat <- rows[rows$case == case, ]
  k <- nrow(dat)
  common <- rma(yi, vi, data = dat, method = "EE")
  # one study has nothing to estimate a spread from; metafor wants a method that needs none
  if (k == 1) {
    random <- common
    values <- c(coef(random), random$ci.lb, random$ci.ub, 0, NA, NA)
  } else {
    random <- rma(yi, vi, data = dat, method = "REML", test = "adhoc", control = list(threshold = 1e-12, maxiter = 10000))
    pi <- c(NA, NA)
    if (k >= 3) {
      p <- predict(random, pi.type = "riley")
      pi <- c(p$pi.lb, p$pi.ub)
    }
    values <- c(coef(random), random$ci.lb, random$ci.ub, random$tau2, pi)
  }
  out <- rbind(out, data.frame(case = case, k = k, estimate = values[1], low = values[2], high = values[3],
    tau2 = values[4], prediction_low = values[5], prediction_high = values[6], q = random$QE, common = coef(common),
    common_low = common$ci.lb, common_high = common$ci.ub))
}
options(digits = 15)
write.csv(out, "own_tables_expected.csv", row.names = FALSE)

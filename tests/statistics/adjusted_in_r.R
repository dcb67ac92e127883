# What R says of the analyses with covariates and strata, on the invented patients of test_adjusted_in_r.py: prints
# the values that it holds. Run: Rscript tests/statistics/adjusted_in_r.R. Needs MASS, nlme, sandwich and metafor.
suppressMessages({library(MASS); library(nlme); library(sandwich); library(metafor)})
i <- 0:119
patients <- data.frame(
  i = i, arm = i %% 2, sex = (i %/% 2) %% 2, site = (i * 7) %% 3, age = 30 + (i * 29) %% 37,
  baseline = 45 + (i * 53) %% 41
)
wave <- function(k) ((i * 7919 + k * 104729) %% 101) / 101 - 0.5
score <- with(patients, 0.5 * baseline + 6 * sex + 0.2 * age - 7 * arm + 40 * wave(1))
patients$response <- as.numeric(score < 33)
patients$category <- 3 - (score > 24) - (score > 33) - (score > 42)
show <- function(name, values) cat(sprintf("%s: %s\n", name, paste(sprintf("%.10g", values), collapse = ", ")))

# strata: risk difference of Mantel and Haenszel with the standard error of Sato and others, and the test
tables <- with(patients, table(arm, response, interaction(sex, site)))
ai <- tables["1", "1", ]; bi <- tables["1", "0", ]; ci <- tables["0", "1", ]; di <- tables["0", "0", ]
mh <- rma.mh(ai = ai, bi = bi, ci = ci, di = di, measure = "RD")
show("mantel_haenszel", c(coef(mh), mh$se))
test <- mantelhaen.test(aperm(tables, c(1, 2, 3)), correct = FALSE)
show("association", c(test$statistic, test$p.value))
# thin strata, some without both arms
patients$thin <- (i * i * i + i) %% 61
thin <- with(patients, table(factor(arm), factor(response), thin))
ai <- thin["1", "1", ]; bi <- thin["1", "0", ]; ci <- thin["0", "1", ]; di <- thin["0", "0", ]
both <- (ai + bi > 0) & (ci + di > 0)
mh <- rma.mh(ai = ai[both], bi = bi[both], ci = ci[both], di = di[both], measure = "RD", add = 0, drop00 = FALSE)
show("thin", c(coef(mh), mh$se, sum(both), sum((ai + bi + ci + di)[!both])))

# logistic: conditional odds ratio; standardised difference with the sandwich of the stacked equations
fit <- glm(response ~ arm + baseline + sex + age, binomial, patients)
show("logistic", c(coef(fit)["arm"], sqrt(vcov(fit)["arm", "arm"])))
at <- function(a) { new <- patients; new$arm <- a; new }
p1 <- predict(fit, at(1), type = "response"); p0 <- predict(fit, at(0), type = "response")
bread <- vcov(fit)
scores <- estfun(fit)
influence <- function(p, a) {
  x <- model.matrix(delete.response(terms(fit)), at(a))
  gradient <- colMeans(x * p * (1 - p))
  (p - mean(p)) + nrow(x) * as.vector(scores %*% bread %*% gradient)
}
one <- influence(p1, 1); none <- influence(p0, 0); n <- nrow(patients)
show("standardised", c(mean(p1) - mean(p0), sqrt(sum((one - none)^2)) / n))
odds <- function(p) 1 / (p * (1 - p))
show("marginal_odds", c(qlogis(mean(p1)) - qlogis(mean(p0)),
  sqrt(sum((odds(mean(p1)) * one - odds(mean(p0)) * none)^2)) / n))

# proportional odds: positive coefficients favour higher categories in both programs
fit <- polr(factor(category, ordered = TRUE) ~ arm + baseline + sex + age, patients, Hess = TRUE,
            control = list(reltol = 1e-14, maxit = 500))
show("ordinal", c(coef(fit)["arm"], sqrt(vcov(fit)["arm", "arm"])))

# constrained longitudinal analysis: slopes of the covariates at every occasion
visits <- do.call(rbind, lapply(0:2, function(v) data.frame(
  i = i, occasion = v, arm = patients$arm, sex = patients$sex, age = patients$age,
  value = patients$baseline + (v > 0) * (-8 * v - 5 * patients$arm * v + 4 * patients$sex + 0.1 * patients$age +
                                          25 * wave(v + 2)))))
visits <- visits[!(visits$occasion == 2 & visits$i %% 5 == 3), ]
visits <- visits[order(visits$i, visits$occasion), ]
for (v in 1:2) visits[[paste0("arm", v)]] <- visits$arm * (visits$occasion == v)
fit <- gls(value ~ 0 + factor(occasion) + factor(occasion):sex + factor(occasion):age + arm1 + arm2, visits,
           correlation = corSymm(form = ~ 1 + occasion | i), weights = varIdent(form = ~ 1 | occasion),
           control = glsControl(tolerance = 1e-10, msTol = 1e-12, msMaxIter = 500, maxIter = 200))
show("constrained", c(coef(fit)[c("arm1", "arm2")], sqrt(diag(vcov(fit))[c("arm1", "arm2")])))

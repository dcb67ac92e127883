# Run in this folder: Rscript make_doses.R
# Writes what DoseFinding makes of the arm means that Bretz, Pinheiro and Branson (2005) analyse, and p values of the
# largest of several correlated t statistics by mvtnorm.
suppressMessages({library(DoseFinding); library(mvtnorm); library(jsonlite)})
doses <- c(0, 0.05, 0.2, 0.6, 1)
data(biom)
arms <- lm(resp ~ factor(dose) - 1, biom)
mean <- unname(coef(arms)); covariance <- unname(vcov(arms))
guesses <- list(linear = NULL, linlog = NULL, emax = 0.2, sigEmax = c(0.3, 3), exponential = 0.25, quadratic = -0.6,
  logistic = c(0.4, 0.09), betaMod = c(0.33, 2.31))
extra <- list(scal = 1.2, off = 0.01)
candidates <- function(...) do.call(Mods, c(guesses, list(doses = doses, addArgs = extra, ...)))
how <- mvtnorm.control(abseps = 1e-6, maxpts = 1e6)
set.seed(1)
best <- optContr(candidates(), S = covariance)
test <- suppressWarnings(MCTtest(doses, mean, S = covariance, models = candidates(), df = 95, type = "general",
  alpha = 0.025, critV = TRUE, mvtcontrol = how))
fits <- list(); for (name in names(guesses)) {
  fit <- fitMod(doses, mean, S = covariance, model = name, type = "general", bnds = defBnds(1)[[name]], addArgs = extra)
  fits[[name]] <- list(coefficients = I(unname(coef(fit))), aic = gAIC(fit), target = unname(TD(fit, Delta = 0.4)))
}
power <- suppressWarnings(powMCT(best, alpha = 0.025, altModels = candidates(placEff = 0, maxEff = 0.5), n = 20,
  sigma = 0.7, critV = TRUE))
uneven <- diag(1 / c(30, 10, 12, 15, 28)) + 0.01
tails <- list(); for (df in c(0, 9, 60)) for (k in c(2, 3, 5)) for (q in c(-0.5, 1.1, 2.4)) {
  root <- matrix(rnorm(k * 4), k); R <- cov2cor(root %*% t(root) + 0.3 * diag(k))
  p <- 1 - pmvt(upper = rep(q, k), corr = R, df = df, algorithm = GenzBretz(abseps = 1e-6, maxpts = 1e6))
  tails[[length(tails) + 1]] <- list(correlation = R, df = df, bound = q, p = as.numeric(p), error = attr(p, "error"))
}
write_json(list(program = paste(R.version.string, "DoseFinding", packageVersion("DoseFinding"), "mvtnorm",
  packageVersion("mvtnorm")), doses = doses, mean = mean, covariance = covariance,
  shapes = names(guesses), contrasts = t(best$contMat), uneven = uneven,
  uneven_contrasts = t(optContr(candidates(), S = uneven)$contMat), statistic = I(as.numeric(test$tStat)),
  p = I(attr(test$tStat, "pVal")), critical = as.numeric(test$critVal), fits = fits, power = I(as.numeric(power)),
  tails = tails), "doses.json", digits = I(15), auto_unbox = TRUE)

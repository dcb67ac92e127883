# Run in this folder: Rscript make_adjusted.R
# Writes a trial with two arms, four sites and three visits, some missing, and what lm and nlme::gls say of it when the
# analysis adjusts for baseline, sex, site and age (at every visit where there are several).
suppressMessages({library(nlme); library(jsonlite)})
set.seed(7)
n <- 120; months <- c(1, 3, 6)
people <- data.frame(
  patient = seq_len(n), arm = rep(0:1, n / 2), site = sample(0:3, n, TRUE, c(0.4, 0.3, 0.2, 0.1)),
  is_female = rbinom(n, 1, 0.45), age_years = round(rnorm(n, 45, 11), 1), baseline = round(rnorm(n, 62, 12)))
shared <- rnorm(n, 0, 9)
rows <- do.call(rbind, lapply(seq_along(months), function(v) {
  score <- with(people, 20 + 0.6 * baseline - (2 + v) * arm + 3 * site - 4 * is_female + 0.1 * age_years) - 2 * v + shared +
    rnorm(n, 0, 8)
  data.frame(patient = people$patient, month = months[v], score = round(score, 2))
}))
rows$score[runif(nrow(rows)) < 0.15] <- NA
rows <- merge(rows, people)
rows$change <- rows$score - rows$baseline
rows$visit <- match(rows$month, months)
rows <- rows[order(rows$patient, rows$visit), ]
last <- subset(rows, month == 6 & !is.na(change))
one <- summary(lm(change ~ arm + baseline + is_female + factor(site) + age_years, last))$coefficients["arm", ]
df <- nrow(last) - 8
seen <- subset(rows, !is.na(change))
seen$v <- factor(seen$visit)
fit <- gls(change ~ 0 + v + v:(arm + baseline + is_female + factor(site) + age_years), seen,
  correlation = corSymm(form = ~ visit | patient), weights = varIdent(form = ~ 1 | visit), method = "REML",
  control = glsControl(maxIter = 500, msMaxIter = 500, tolerance = 1e-12, msTol = 1e-13))
many <- summary(fit)$tTable["v3:arm", ]
wide <- reshape(rows[c("patient", "month", "score")], idvar = "patient", timevar = "month", direction = "wide")
write.csv(merge(people, wide), "adjusted.csv", row.names = FALSE, quote = FALSE, na = "")
write_json(list(program = paste(R.version.string, "nlme", packageVersion("nlme")),
  ancova = list(estimate = one[[1]], standard_error = one[[2]], degrees_of_freedom = df, p_value = one[[4]]),
  mmrm = list(estimate = many[[1]], standard_error = many[[2]])),
  "adjusted_expected.json", digits = I(15), auto_unbox = TRUE)

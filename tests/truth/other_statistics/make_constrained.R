# Run in this folder: Rscript make_constrained.R
# Writes invented trials with a baseline and what nlme's gls says of them: constrained longitudinal data analysis.

suppressPackageStartupMessages(library(nlme))
digits <- function(x) ifelse(is.na(x), "null", format(x, digits = 15, scientific = TRUE, trim = TRUE))
numbers <- function(x) paste0("[", paste(digits(x), collapse = ", "), "]")
quoted <- function(name, value) paste0("\"", name, "\": ", value)

case <- function(seed, sizes, visits, missing, lacks_baseline) {
  set.seed(seed)
  n <- sum(sizes)
  arm <- sample(rep(seq_along(sizes) - 1, sizes))
  severity <- rnorm(n, 0, 9)
  values <- sapply(0:visits, function(v) {
    round(60 - 5 * v - 4 * arm * (v > 0) * sqrt(v) + severity + rnorm(n, 0, 5 + 2 * v), 1)
  })
  gone <- matrix(runif(n * (visits + 1)) < missing, n)
  gone[, 1] <- seq_len(n) %in% sample(n, lacks_baseline)
  values[gone] <- NA
  long <- data.frame(
    patient = rep(seq_len(n), visits + 1), occasion = rep(0:visits, each = n), arm = rep(arm, visits + 1),
    value = as.vector(values)
  )
  long <- long[!is.na(long$value), ]
  long <- long[order(long$patient, long$occasion), ]
  # one mean at baseline for all arms, then each arm's own mean at each visit
  design <- cbind(as.numeric(long$occasion == 0))
  names <- "baseline"
  for (v in 1:visits) for (a in c(-1, setdiff(sort(unique(arm)), 0))) {
    design <- cbind(design, as.numeric(long$occasion == v & (a < 0 | long$arm == a)))
    names <- c(names, paste0("v", v, "_", if (a < 0) "control" else paste0("arm", a)))
  }
  colnames(design) <- names
  data <- cbind(long, design)
  # nlminb takes its slopes by steps and stops a little below the maximum: started again from there until it stays
  fit <- NULL
  for (again in 1:6) {
    start <- if (is.null(fit)) NULL else coef(fit$modelStruct$corStruct, unconstrained = FALSE)
    ratios <- if (is.null(fit)) numeric(0) else coef(fit$modelStruct$varStruct, unconstrained = FALSE)
    found <- gls(
      as.formula(paste("value ~ 0 +", paste(names, collapse = " + "))), data = data,
      correlation = if (is.null(start)) corSymm(form = ~ (occasion + 1) | patient) else
        corSymm(start, form = ~ (occasion + 1) | patient),
      weights = varIdent(ratios, form = ~ 1 | occasion),
      control = glsControl(tolerance = 1e-12, msTol = 1e-14, maxIter = 500, msMaxIter = 1000, opt = "nlminb")
    )
    if (is.null(fit) || logLik(found) > logLik(fit)) fit <- found
  }
  rows <- apply(values, 1, function(x) numbers(x))
  paste0("{", paste(
    quoted("values", paste0("[", paste(rows, collapse = ", "), "]")), quoted("arms", numbers(arm)),
    quoted("coefficients", numbers(coef(fit))), quoted("standard_errors", numbers(sqrt(diag(fit$varBeta)))),
    quoted("log_likelihood", digits(as.numeric(logLik(fit)))), sep = ", "
  ), "}")
}

cases <- c(
  case(3, c(40, 40), 3, 0.15, 0), case(5, c(30, 40, 50), 2, 0.2, 5), case(8, c(100, 100), 4, 0.1, 0),
  case(13, c(20, 25), 1, 0.25, 3)
)
writeLines(paste0(
  "{\"program\": \"R ", getRversion(), ", nlme ", packageVersion("nlme"), ", gls\",\n\"cases\": [\n",
  paste(cases, collapse = ",\n"), "\n]}"
), "constrained.json")

# Run in this folder: Rscript make_rare_harms.R
# Writes exact limits by binom.test and poisson.test, sizes by a search over binom.test, and how often boundaries stop a
# trial, by walking through every path of counts one patient at a time.
suppressMessages(library(jsonlite))
cases <- expand.grid(n = c(1, 7, 38, 59, 120, 299, 1000), k = c(0, 1, 2, 5))
cases <- cases[cases$k <= cases$n, ]
limits <- Map(function(n, k) list(
  n = n, k = k,
  one_sided = binom.test(k, n, alternative = "less")$conf.int[2],
  two_sided = binom.test(k, n)$conf.int[2],
  rate = poisson.test(k, n, alternative = "less")$conf.int[2]
), cases$n, cases$k)
needed <- function(p, k, conf) {
  n <- k + 1
  while (binom.test(k, n, alternative = "less", conf.level = conf)$conf.int[2] > p) n <- n + 1
  n
}
grid <- expand.grid(p = c(0.3, 0.1, 0.05, 0.02, 0.01), k = 0:2, conf = c(0.8, 0.95))
sizes <- Map(function(p, k, conf) list(p = p, k = k, conf = conf, n = needed(p, k, conf)), grid$p, grid$k, grid$conf)
# chance to stop: one patient at a time, a count is dropped when a look finds it at or above its bound
walk <- function(looks, fewest, p) {
  alive <- c(1, rep(0, max(looks)))
  stops <- 0; patients <- 0
  for (i in seq_len(max(looks))) {
    patients <- patients + sum(alive)
    alive <- alive * (1 - p) + c(0, alive[-length(alive)]) * p
    if (i %in% looks) {
      out <- (seq_along(alive) - 1) >= fewest[which(looks == i)]
      stops <- stops + sum(alive[out]); alive[out] <- 0
    }
  }
  c(stops, patients)
}
bounds <- list(
  list(looks = seq(10, 80, 10), fewest = c(3, 4, 5, 6, 7, 8, 9, 9)),
  list(looks = 1:30, fewest = sapply(1:30, function(n) qbinom(0.97, n, 0.2) + 2)),
  list(looks = c(20, 50), fewest = c(21, 6))
)
stopping <- unlist(lapply(bounds, function(b) lapply(c(0, 0.05, 0.2, 0.5), function(p) {
  found <- walk(b$looks, b$fewest, p)
  list(looks = I(b$looks), fewest = I(b$fewest), p = p, stops = found[1], patients = found[2])
})), recursive = FALSE)
# posterior probabilities of a beta-binomial rule
posterior <- lapply(list(c(10, 2, 0.05), c(40, 5, 0.05), c(80, 8, 0.05), c(30, 10, 0.2)), function(x) {
  list(n = x[1], k = x[2], acceptable = x[3], beyond = 1 - pbeta(x[3], 0.5 + x[2], 0.5 + x[1] - x[2]))
})
write_json(
  list(program = R.version.string, limits = limits, sizes = sizes, stopping = stopping, posterior = posterior),
  "rare_harms.json", digits = I(15), auto_unbox = TRUE
)

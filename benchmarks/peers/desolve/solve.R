# Solves patients with deSolve; told by the file run.py beside it, in lines of method and tolerance.
suppressMessages(library(deSolve))
folder <- commandArgs(TRUE)[1]
read <- function(name) {
  file <- file(file.path(folder, name), "rb")
  shape <- readBin(file, "double", 2)
  found <- matrix(readBin(file, "double", prod(shape)), shape[1], shape[2])
  close(file)
  found
}
dyn.load(file.path(folder, "rates.so"))
parameters <- read("parameters")
initial <- read("initial")
visits <- as.numeric(read("visits"))
scales <- as.numeric(read("scales"))
events <- read("events")
mine <- split(seq_len(nrow(events)), factor(events[, 1], levels = seq_len(nrow(initial)) - 1))

# from event to event, as for every other program
one <- function(row, method, tolerance) {
  .C("fill_constants", parameters[row, ])
  y <- initial[row, ]
  states <- matrix(NaN, length(visits), length(y))
  states[visits <= 0, ] <- y
  at <- mine[[row]]
  starts <- sort(unique(c(0, events[at, 2])))
  stops <- c(starts[-1], max(visits))
  for (k in seq_along(starts)) {
    for (event in at[events[at, 2] == starts[k]]) {
      state <- events[event, 3] + 1
      y[state] <- events[event, 4] * y[state] + events[event, 5]
    }
    here <- which(visits > starts[k] & visits <= stops[k])
    days <- unique(c(starts[k], visits[here], stops[k]))
    found <- ode(y, days, "rates", NULL, method = method, dllname = "rates", initfunc = NULL, rtol = tolerance,
                 atol = 0.01 * tolerance * scales, maxsteps = 20000)
    if (nrow(found) < length(days) || attr(found, "istate")[1] < 0) return(states * NaN)
    states[here, ] <- found[1 + seq_along(here), -1]
    y <- as.numeric(found[nrow(found), -1])
  }
  states
}

cat("ready\n")
orders <- file("stdin", "r")
repeat {
  order <- readLines(orders, 1)
  if (!length(order)) break
  order <- strsplit(order, " ")[[1]]
  rows <- as.integer(read("rows")) + 1
  start <- proc.time()
  found <- lapply(rows, function(row) tryCatch(one(row, order[1], as.numeric(order[2])), error = function(told) {
    message(conditionMessage(told))
    matrix(NaN, length(visits), ncol(initial))
  }))
  seconds <- sum((proc.time() - start)[c("user.self", "sys.self")])
  file <- file(file.path(folder, "found"), "wb")
  for (states in found) writeBin(as.numeric(t(states)), file)
  close(file)
  cat(seconds, "\n", sep = "")
}

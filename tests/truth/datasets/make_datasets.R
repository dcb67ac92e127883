# What R reads in exported trials, and what lm and gls find in them.
#
#   sciatrial export adam studies/epidural_cells_phase2b.toml phase2b --trial 0
#   sciatrial export adam studies/mpc_intradiscal.toml mpc --trial 0
#   Rscript make_datasets.R phase2b mpc        (in this folder, the two folders beside it)
#
# Writes datasets_read.csv (by foreign and by haven) and datasets_found.csv.

suppressMessages({library(foreign); library(haven); library(nlme)})
folders <- commandArgs(trailingOnly = TRUE)
names(folders) <- c("epidural_cells_phase2b", "mpc_intradiscal")
digits <- function(x) format(x, digits = 15, scientific = TRUE, trim = TRUE)
datasets <- c("adsl", "adqs", "adeff", "adae")

# every number of a column as one sum, every text as the sum of its letters
mark <- function(x) {
  if (is.numeric(x)) return(sum(as.numeric(x), na.rm = TRUE))
  sum(nchar(trimws(as.character(x)), type = "bytes"))
}
read_all <- function(reader, by) do.call(rbind, lapply(names(folders), function(study) {
  do.call(rbind, lapply(datasets, function(name) {
    frame <- as.data.frame(reader(file.path(folders[[study]], paste0(name, ".xpt"))))
    missing <- vapply(frame, function(x) if (is.numeric(x)) sum(is.na(x)) else 0L, integer(1))
    data.frame(by = by, study = study, dataset = name, rows = nrow(frame), variable = names(frame),
               missing = missing, mark = vapply(frame, function(x) digits(mark(x)), ""), row.names = NULL)
  }))
}))
write.csv(rbind(read_all(read.xport, "foreign"), read_all(read_xpt, "haven")), "datasets_read.csv",
          row.names = FALSE, quote = FALSE)

row <- function(study, look, comparison, fit) {
  data.frame(study = study, look = look, comparison = comparison, estimate = digits(fit[1]), standard_error = digits(fit[2]))
}

# repeated measures: change on arm and baseline at every visit, unstructured covariance
repeated <- function(adeff, control) {
  adeff$arm <- relevel(factor(adeff$TRTP), ref = control)
  adeff$visit <- factor(adeff$AVISITN)
  last <- levels(adeff$visit)[nlevels(adeff$visit)]
  adeff$visit <- relevel(adeff$visit, ref = last)
  adeff$order <- as.integer(factor(adeff$AVISITN))
  fit <- gls(CHG ~ visit * (arm + BASE), data = adeff, method = "REML",
             correlation = corSymm(form = ~ order | USUBJID), weights = varIdent(form = ~ 1 | order),
             control = glsControl(tolerance = 1e-10, msTol = 1e-11, maxIter = 500, msMaxIter = 500))
  summary(fit)$tTable["armcells", 1:2]
}
phase2b <- as.data.frame(read_xpt(file.path(folders[["epidural_cells_phase2b"]], "adeff.xpt")))
found <- rbind(
  row("epidural_cells_phase2b", 1, "cells vs saline", repeated(phase2b[!is.na(phase2b$LOOKN) & phase2b$LOOKN <= 1, ], "saline")),
  row("epidural_cells_phase2b", "all", "cells vs saline", repeated(phase2b, "saline"))
)

mpc <- as.data.frame(read_xpt(file.path(folders[["mpc_intradiscal"]], "adeff.xpt")))
for (pair in list(c("mpc_6m", "saline"), c("mpc_18m", "saline"), c("mpc_6m", "ha"), c("mpc_18m", "ha"))) {
  mpc$arm <- relevel(factor(mpc$TRTP), ref = pair[2])
  fit <- summary(lm(CHG ~ arm + BASE, data = mpc))$coefficients[paste0("arm", pair[1]), 1:2]
  found <- rbind(found, row("mpc_intradiscal", 1, paste(pair[1], "vs", pair[2]), fit))
}
write.csv(found, "datasets_found.csv", row.names = FALSE, quote = FALSE)

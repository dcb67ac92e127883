# Run in this folder after make_exported.py: Rscript make_exported.R FOLDER
# Runs the code of each case in the folder of its datasets and writes what every call gives.
folder <- commandArgs(trailingOnly = TRUE)[1]
here <- getwd()
rows <- list()
for (file in sort(list.files("exported", pattern = "[.]R$"))) {
  case <- sub("[.]R$", "", file)
  lines <- parse(file.path(here, "exported", file))
  setwd(file.path(folder, case))
  own <- new.env()
  number <- 0
  for (line in lines) {
    found <- eval(line, own)
    if (!identical(line[[1]], as.name("compared"))) next
    number <- number + 1
    rows[[length(rows) + 1]] <- data.frame(
      case = case, call = number, estimate = sprintf("%.10g", found[[1]]),
      standard_error = if (length(found) > 1) sprintf("%.10g", found[[2]]) else ""
    )
  }
  setwd(here)
}
write.csv(do.call(rbind, rows), file.path("exported", "found.csv"), row.names = FALSE, quote = FALSE)

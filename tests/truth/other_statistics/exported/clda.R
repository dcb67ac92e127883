adeff <- haven::read_xpt("adeff.xpt")
compared <- function(arm, control, look = Inf) {
  known <- adeff
  if (is.finite(look)) known <- subset(known, LOOKN <= look)
  known$arm <- relevel(factor(known$TRTP), ref = control)
  known$visit <- factor(known$AVISITN)
  later <- model.matrix(~ 0 + visit:arm, known)
  is_control <- colnames(later) %in% paste0("visit", levels(known$visit), ":arm", control)
  # one mean at baseline
  known$later <- later[, !is_control & !startsWith(colnames(later), "visit0:"), drop = FALSE]
  fit <- nlme::gls(AVAL ~ 0 + visit + later, data = known,
    correlation = nlme::corSymm(form = ~ as.integer(visit) | USUBJID),
    weights = nlme::varIdent(form = ~ 1 | visit))
  summary(fit)$tTable[paste0("latervisit6:arm", arm), 1:2]
}
compared("cells", "saline", look = 1)
compared("cells", "saline")

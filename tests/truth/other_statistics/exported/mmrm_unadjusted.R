adeff <- haven::read_xpt("adeff.xpt")
compared <- function(arm, control, look = Inf) {
  known <- adeff
  if (is.finite(look)) known <- subset(known, LOOKN <= look)
  known$arm <- relevel(factor(known$TRTP), ref = control)
  known$visit <- factor(known$AVISITN)
  fit <- nlme::gls(CHG ~ 0 + visit + visit:arm + visit:BASE, data = known,
    correlation = nlme::corSymm(form = ~ as.integer(visit) | USUBJID),
    weights = nlme::varIdent(form = ~ 1 | visit))
  summary(fit)$tTable[paste0("visit6:arm", arm), 1:2]
}
compared("cells", "saline")
compared("cells", "steroid")

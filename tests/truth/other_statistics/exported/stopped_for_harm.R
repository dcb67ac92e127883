adeff <- haven::read_xpt("adeff.xpt")
compared <- function(arm, control, look = Inf) {
  known <- adeff
  if (is.finite(look)) known <- subset(known, LOOKN <= look)
  known$arm <- relevel(factor(known$TRTP), ref = control)
  terms <- CHG ~ arm + BASE
  fit <- lm(terms, data = known)
  summary(fit)$coefficients[paste0("arm", arm), 1:2]
}
compared("cells", "saline")

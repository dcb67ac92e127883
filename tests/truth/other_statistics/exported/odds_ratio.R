adeff <- haven::read_xpt("adeff.xpt")
compared <- function(arm, control, look = Inf) {
  known <- adeff
  if (is.finite(look)) known <- subset(known, LOOKN <= look)
  known <- subset(known, TRTP %in% c(arm, control))
  known$arm <- relevel(factor(known$TRTP), ref = control)
  fit <- glm(AVAL ~ arm + BASE, family = binomial, data = known)
  summary(fit)$coefficients[paste0("arm", arm), 1:2]
}
compared("cells", "saline")
compared("cells", "steroid")

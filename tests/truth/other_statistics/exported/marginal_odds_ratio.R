adeff <- haven::read_xpt("adeff.xpt")
compared <- function(arm, control, look = Inf) {
  known <- adeff
  if (is.finite(look)) known <- subset(known, LOOKN <= look)
  known <- subset(known, TRTP %in% c(arm, control))
  known$arm <- relevel(factor(known$TRTP), ref = control)
  fit <- glm(AVAL ~ arm + BASE, family = binomial, data = known)
  share <- sapply(c(arm, control), function(word) {
    known$arm <- factor(word, levels = c(control, arm))
    mean(predict(fit, known, type = "response"))
  })
  qlogis(share[[1]]) - qlogis(share[[2]])
}
compared("cells", "saline")
compared("cells", "steroid")

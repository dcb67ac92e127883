adeff <- haven::read_xpt("adeff.xpt")
compared <- function(arm, control, look = Inf) {
  known <- adeff
  if (is.finite(look)) known <- subset(known, LOOKN <= look)
  known <- subset(known, TRTP %in% c(arm, control))
  known$arm <- relevel(factor(known$TRTP), ref = control)
  share <- tapply(known$AVAL, known$TRTP, mean)
  share[[arm]] - share[[control]]
}
compared("cells", "saline")
compared("cells", "steroid")

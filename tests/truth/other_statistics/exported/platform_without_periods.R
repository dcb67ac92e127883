adeff <- haven::read_xpt("adeff.xpt")
adsl <- haven::read_xpt("adsl.xpt")
adeff <- merge(adeff, adsl[c("USUBJID", "RANDPER")])
compared <- function(arm, control, look = Inf, among = adeff) {
  known <- among
  if (is.finite(look)) known <- subset(known, LOOKN <= look)
  known$arm <- relevel(factor(known$TRTP), ref = control)
  terms <- CHG ~ arm + BASE
  fit <- lm(terms, data = known)
  summary(fit)$coefficients[paste0("arm", arm), 1:2]
}
compared("cells", "saline", among = subset(adeff, RANDPER %in% c(1, 2) & TRTP %in% c("cells", "saline")))
compared("steroid", "saline", among = subset(adeff, RANDPER %in% c(2, 3) & TRTP %in% c("steroid", "saline")))

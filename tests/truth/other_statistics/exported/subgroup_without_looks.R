adeff <- haven::read_xpt("adeff.xpt")
adsl <- haven::read_xpt("adsl.xpt")
adeff <- merge(adeff, adsl[c("USUBJID", "RANDPER", "SUBGRFL")])
compared <- function(arm, control, look = Inf, among = adeff) {
  known <- among
  if (is.finite(look)) known <- subset(known, LOOKN <= look)
  known$arm <- relevel(factor(known$TRTP), ref = control)
  terms <- CHG ~ arm + BASE
  if (length(unique(known$SUBGRFL)) > 1) terms <- CHG ~ arm + BASE + SUBGRFL
  fit <- lm(terms, data = known)
  summary(fit)$coefficients[paste0("arm", arm), 1:2]
}
compared("cells", "saline")
compared("cells", "saline", among = subset(adeff, SUBGRFL == "Y"))

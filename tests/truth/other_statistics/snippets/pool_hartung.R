library(metafor)
dat <- data.frame(yi = c(-0.802009593830458, -0.598142155809868, -0.28161261163769), vi = c(0.0293908588017884, 0.0175773596061481, 0.0337255435592668))
res <- rma(yi, vi, data = dat, method = "REML", test = "knha", level = 90, control = list(threshold = 1e-10, maxiter = 1000))
c(coef(res), res$se, res$tau2, res$I2, res$QE)

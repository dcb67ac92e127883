library(metafor)
dat <- data.frame(yi = c(-0.802009593830458, -0.598142155809868, -0.28161261163769), vi = c(0.0293908588017884, 0.0175773596061481, 0.0337255435592668), x1 = c(-0.93, -1.52, 0.42))
res <- rma(yi, vi, mods = ~ x1, data = dat, method = "PM", test = "z", control = list(tol = 1e-12))
c(coef(res), res$se, res$tau2, res$I2, res$QE)

library(metafor)
dat <- data.frame(xi = c(29, 9, 3, 5, 26, 31, 32, 3, 30), ni = c(102, 66, 21, 29, 138, 148, 123, 29, 115))
es <- escalc("PLO", xi = xi, ni = ni, data = dat, add = 0.5, to = "only0")
c(es$yi, es$vi)

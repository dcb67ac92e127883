library(metafor)
dat <- data.frame(m1i = c(43.32, 47.15, 51.08, 47.72), sd1i = c(10.66, 9.77, 12.2, 9.03), n1i = c(70, 12, 109, 120), m2i = c(49.77, 48.97, 49.77, 50.42), sd2i = c(12.28, 8.31, 8.56, 10.51), n2i = c(138, 71, 141, 101))
es <- escalc("SMD", m1i = m1i, sd1i = sd1i, n1i = n1i, m2i = m2i, sd2i = sd2i, n2i = n2i, data = dat)
c(es$yi, es$vi)

"""calibrate: a board's own measurements refine the coefficients of its target."""

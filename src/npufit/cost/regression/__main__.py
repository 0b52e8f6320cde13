"""`python -m npufit.cost.regression`: fit the cost models again, from a checkout."""

from npufit.cost.regression.regression_run import main

main()

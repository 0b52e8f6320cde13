"""`python -m npufit.cost.regression`: fit the cost models again, from a checkout."""

from npufit.cost.regression.refit import main

main()

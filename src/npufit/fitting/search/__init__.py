"""The search: which passes make a model fit its target better."""

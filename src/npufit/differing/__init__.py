"""differential: a folder of models, a real library against what the rules predict of it."""

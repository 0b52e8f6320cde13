"""fit: rewrite a model until it fits its target: the search, the proof that the answer is the same, and recipes."""

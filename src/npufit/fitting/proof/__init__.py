"""The proof: the model before and after, executed on the same inputs."""

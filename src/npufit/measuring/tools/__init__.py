"""The programs that time a model on a board."""

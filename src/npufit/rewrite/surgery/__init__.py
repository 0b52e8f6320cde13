"""Changing a graph: the editor of subgraphs, constants, and operators that only move or copy elements."""

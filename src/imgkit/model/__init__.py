"""Frozen nouns: what the steps hand to each other."""

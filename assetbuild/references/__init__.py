"""Bytes -> spans: where an asset names others, one module for each language."""

"""Packages that people really serve, built and judged: `python -m tests.corpus` writes docs/fidelity.md."""

"""How fast it is, beside its peers and the machine's own limits: `python -m benchmarks` writes docs/performance.md."""

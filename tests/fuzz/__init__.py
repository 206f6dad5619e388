"""Random input for everything that reads what others wrote: `python -m tests.fuzz --minutes 5`.

By hypothesis, out of pieces of each language; and by atheris, guided by coverage, where it is installed. What once
crashed is kept in `cases/TARGET.NAME`, and tried by tests/test_fuzz.py.
"""

"""Steps from bytes to bytes, and the checks that prove them harmless."""

"""Tokenizers of our own, shared by the references and the processors of a language."""

"""Claims and consent by e-mail: every step backed by mail evidence."""

__version__ = "0.1.0"

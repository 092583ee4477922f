"""Claims and consent by e-mail: every step backed by mail evidence."""

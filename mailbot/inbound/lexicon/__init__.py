"""What people write, per language: TOML files that the readers of text look words up in; data, not code."""

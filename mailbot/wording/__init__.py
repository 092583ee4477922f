"""How things are said in a language: translated words, dates, line filling. Pure but for reading the catalogues."""

"""What lasts: tables, the single writer, and one module of queries per noun. Children are imported by their names."""

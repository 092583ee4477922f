"""Everything that shows how one claim came to be what it is, as one archive that can be checked without us."""

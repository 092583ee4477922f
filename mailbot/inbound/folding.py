"""Text in the form in which lexicon expressions are matched: lower case, without diacritics, one width. Pure, total."""

import re
import unicodedata

_SPECIAL = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe", "ß": "ss", "ı": "i", "’": "'", "‘": "'"})
# Voicing marks make another kana of one, they are no accents.
_KEPT = "\u3099\u309a"


def fold(text: str) -> str:
    """Lower case without diacritics, so that a lexicon line fits however hurried the writer was."""
    if text.isascii():
        return text.lower()
    bare = unicodedata.normalize("NFKD", text.casefold().translate(_SPECIAL))
    kept = "".join(sign for sign in bare if not unicodedata.combining(sign) or sign in _KEPT)
    return unicodedata.normalize("NFKC", kept)


def fold_pattern(expression: str) -> str:
    """A lexicon line in folded form; its own escapes (\\S, \\W, \\D) must keep their case."""
    return "".join(piece if piece.startswith("\\") else fold(piece) for piece in re.split(r"(\\.)", expression))

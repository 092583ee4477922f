"""File names of strangers made harmless: data to show, never a path (security item 25).

Total: what cannot be kept is dropped, and a name that has nothing left gets one from its type.
"""

import re
import unicodedata

MAX_LENGTH = 150
_FORBIDDEN = re.compile('[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff<>:"|?*]')
_SPACES = re.compile(r"\s+")
_EXTENSIONS = {
    "application/pdf": ".pdf",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/heic": ".heic",
    "image/tiff": ".tiff",
    "image/gif": ".gif",
    "message/rfc822": ".eml",
    "application/zip": ".zip",
    "application/ms-tnef": ".dat",
    "text/plain": ".txt",
    "text/html": ".html",
    "text/calendar": ".ics",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
}


def clean_name(name: str, media_type: str) -> str:
    """The last path component in NFC, without control or bidirectional characters, at most 150 characters."""
    last = re.split(r"[/\\\u2215\u2044\uff0f\uff3c]", name[:4096])[-1]
    text = _SPACES.sub(" ", unicodedata.normalize("NFC", _FORBIDDEN.sub("", _SPACES.sub(" ", last))))
    text = text.strip(" .")
    if not text:
        return "unnamed" + _EXTENSIONS.get(media_type, ".bin")
    stem, dot, extension = text.rpartition(".")
    if len(text) > MAX_LENGTH and dot and len(extension) <= 10:
        return f"{stem[: MAX_LENGTH - len(extension) - 1]}.{extension}"
    return text[:MAX_LENGTH]

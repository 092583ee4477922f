"""Bytes become text, whatever charset they claim: allow-listed codecs only, wrong labels repaired.

Never fails: a label outside the allow-list (punycode, unicode_escape, rot13 … are bombs, security item 22) or bytes
that fit nothing are read with replacement characters.
"""

import re

# Lower-case label -> Python codec. Labels are read as the web does (WHATWG): iso-8859-1 really is windows-1252.
_ALIASES = {
    "us-ascii": "ascii",
    "ascii": "ascii",
    "ansi_x3.4-1968": "ascii",
    "646": "ascii",
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "unicode-1-1-utf-8": "utf-8",
    "latin1": "cp1252",
    "iso-8859-1": "cp1252",
    "iso8859-1": "cp1252",
    "iso_8859-1": "cp1252",
    "latin-1": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "cp936": "gb18030",
    "gb18030": "gb18030",
    "hz-gb-2312": "hz",
    "big5": "cp950",
    "cn-big5": "cp950",
    "x-x-big5": "cp950",
    "big5-hkscs": "big5hkscs",
    "cp950": "cp950",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "x-sjis": "cp932",
    "cp932": "cp932",
    "windows-31j": "cp932",
    "euc-jp": "euc_jp",
    "eucjp": "euc_jp",
    "x-euc-jp": "euc_jp",
    "euc-kr": "cp949",
    "ks_c_5601-1987": "cp949",
    "ksc5601": "cp949",
    "cp949": "cp949",
    "utf-16": "utf-16",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
    "koi8-r": "koi8-r",
    "koi8-u": "koi8-u",
}
_FAMILIES = (
    (re.compile(r"(?:iso|x-iso)?[-_]?8859[-_](\d{1,2})(?:[-_][ei])?$"), "iso8859-{}", frozenset(range(1, 17)) - {12}),
    (re.compile(r"(?:x-)?(?:windows|cp|ansi)[-_]?(125\d)$"), "cp{}", frozenset(range(1250, 1259))),
    (re.compile(r"iso-2022-(jp(?:-1|-2|-3|-2004|-ext)?|kr)$"), "iso2022_{}", None),
)
_HIGH = re.compile(rb"[\x80-\xff]")
_ISO_2022 = re.compile(rb"\x1b[$(][@A-J]")
_LONG_LABEL = 40
_SAMPLE = 4096
# Letters that these code pages are used for; a wrong page turns them into signs and odd capitals.
_SINGLE = (
    ("cp1252", "àâäæçèéêëîïñôöœùûüßåøáíóúãõÄÖÜÉ«»–—’“”…€ "),
    ("cp1250", "áčďéěíňóřšťúůýžąćęłńóśźżőűöüăâîșțŠČŽŘÁÍŁŚŻŐÖÜÉ„“”’–… "),
    ("cp1251", "абвгдежзийклмнопрстуфхцчшщъыьэюяіїєґАБВГДЕЖЗИКЛМНОПРСТУФХЦЧШЩЭЮЯ№«»– "),
    ("koi8-r", "абвгдежзийклмнопрстуфхцчшщъыьэюяАБВГДЕЖЗИКЛМНОПРСТУФХЦЧШЩЭЮЯ "),
    ("iso8859-2", "áčďéěíňóřšťúůýžąćęłńśźżőűöüŠČŽŘÁÍŁŚŻŐ "),
)
_MULTI = ("cp950", "gb18030", "cp932", "euc_jp", "cp949")


def codec_of(label: str) -> str | None:
    """The Python codec for a charset label of a mail, or None when it is not on the allow-list."""
    name = label.strip().strip("\"'").lower()
    if len(name) > _LONG_LABEL:
        return None
    known = _ALIASES.get(name)
    if known is not None:
        return known
    for pattern, form, numbers in _FAMILIES:
        match = pattern.match(name)
        if match and (numbers is None or int(match.group(1)) in numbers):
            codec = form.format(match.group(1).replace("-", "_"))
            return "cp1252" if codec == "iso8859-1" else codec
    return None


def decode(data: bytes, label: str = "") -> str:
    """Text of `data`; the label is believed only as far as the bytes bear it out. Total."""
    if not label and data.isascii() and b"\x1b" not in data:
        return data.decode("ascii")  # nearly every header field
    if not data:
        return ""
    codec = codec_of(label) if label else "ascii"
    if codec in (None, "ascii", "utf-8", "cp1252"):
        return _western(data, codec)
    return _declared(data, str(codec))


def _western(data: bytes, codec: str | None) -> str:
    """Labels that are wrong most often: ASCII, UTF-8, Latin-1, none, unknown. Valid UTF-8 beats any of them."""
    if data.isascii():
        return _seven_bit(data)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    if codec == "cp1252":
        return _latin(data)
    if codec == "utf-8" and _mostly_utf8(data):
        return data.decode("utf-8", "replace")
    return _guess(data)


def _seven_bit(data: bytes) -> str:
    if _ISO_2022.search(data):
        try:
            return data.decode("iso2022_jp_2")
        except UnicodeDecodeError:
            return data.decode("iso2022_jp", "replace")
    return data.decode("ascii")


def _declared(data: bytes, codec: str) -> str:
    if codec == "iso8859-2" and re.search(rb"[\x8a\x8d\x8e\x9a\x9d\x9e]", data):
        codec = "cp1250"  # Windows clients write their own page under the ISO name
    if not codec.startswith(("utf-16", "iso2022", "hz")):
        try:
            if not data.isascii():
                return data.decode("utf-8")
        except UnicodeDecodeError:
            pass
    try:
        return data.decode(codec)
    except UnicodeDecodeError:
        return data.decode(codec, "replace")


def _latin(data: bytes) -> str:
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _mostly_utf8(data: bytes) -> bool:
    """True when only a few bytes are broken (a cut in the middle of a character, one pasted Latin-1 sign)."""
    sample = data[:_SAMPLE]
    wrong = sample.decode("utf-8", "replace").count("\ufffd")
    return wrong * 4 <= len(_HIGH.findall(sample))


def _guess(data: bytes) -> str:
    """Unlabelled 8-bit text: the code page under which most of its high characters are ordinary letters."""
    sample = data[:_SAMPLE]
    best = max((_fit(sample, codec, letters), -rank, codec) for rank, (codec, letters) in enumerate(_SINGLE))
    for codec in _MULTI:
        score = _fit_east_asian(sample, codec)
        if score > best[0]:
            best = (score, 0, codec)
    return _latin(data) if best[2] == "cp1252" else data.decode(best[2], "replace")


def _fit(sample: bytes, codec: str, letters: str) -> float:
    high = [sign for sign in sample.decode(codec, "replace") if sign > "\x7f"]
    lower = sum(1 for sign in high if sign in letters)
    # Case changes inside a word are the mark of KOI8 read as 1251 and the reverse.
    capitals = sum(1 for sign in high if sign.isupper())
    return (lower - capitals * 0.6) / max(len(high), 1)


def _fit_east_asian(sample: bytes, codec: str) -> float:
    text = sample.decode(codec, "ignore")
    high = [sign for sign in text if sign > "\x7f"]
    if len(high) * 2 < len(_HIGH.findall(sample)):
        return 0.0
    common = sum("\u3000" <= sign <= "\u30ff" or "\uac00" <= sign <= "\ud7a3" or _common_han(sign) for sign in high)
    return common / max(len(high), 1)


def _common_han(sign: str) -> bool:
    """Everyday characters sit on level one of every national set; Big5 keeps them in its first half."""
    if not "\u4e00" <= sign <= "\u9fff":
        return "\uff01" <= sign <= "\uff5e"
    try:
        first = sign.encode("cp950")[0]
    except UnicodeEncodeError:
        first = 0xFF
    try:
        level = sign.encode("gb2312")[0]
    except UnicodeEncodeError:
        level = 0xFF
    return first < 0xC6 or level < 0xD8

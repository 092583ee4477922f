"""Join the soft-wrapped lines of format=flowed text (RFC 3676 section 4).

Total over any text; what is not flowed comes back unchanged.
"""


def unflowed(text: str, *, delete_space: bool = False) -> str:
    """`text` with each paragraph on one line; quoting depth and the signature separator are kept as they are."""
    done: list[str] = []
    held, held_depth = [""], -1
    for line in text.split("\n"):
        depth, content = _depth(line)
        if held_depth != -1 and (depth != held_depth or content == "-- "):
            done.append(_quoted(held_depth, "".join(held)))
            held_depth = -1
        flows = content.endswith(" ") and content != "-- "
        piece = content[:-1] if flows and delete_space else content
        held = [*held, piece] if held_depth == depth else [piece]
        held_depth = depth
        if not flows:
            done.append(_quoted(depth, "".join(held)))
            held_depth = -1
    if held_depth != -1:
        done.append(_quoted(held_depth, "".join(held)))
    return "\n".join(done)


def _depth(line: str) -> tuple[int, str]:
    """Quote depth and content; one stuffed space goes (RFC 3676 section 4.4)."""
    content = line.lstrip(">")
    depth = len(line) - len(content)
    return depth, content.removeprefix(" ")


def _quoted(depth: int, content: str) -> str:
    return f"{'>' * depth} {content}" if depth else content

"""What travels back from a reader process, unpacked without trusting it.

A reader that was taken over by a hostile file must not take over its parent: only our own reading values and dates are
built, everything else in the pickle raises UnpicklingError.
"""

import dataclasses
import io
import pickle
import struct
from typing import Any

LENGTH = struct.Struct(">I")
_DATES = frozenset(
    (("datetime", "datetime"), ("datetime", "date"), ("datetime", "timezone"), ("datetime", "timedelta"))
)
_OURS = "mailbot.inbound."


class _Unpacker(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _DATES and not module.startswith(_OURS):
            raise pickle.UnpicklingError(f"{module}.{name} is no reading value")
        found = super().find_class(module, name)
        if not isinstance(found, type) or (module.startswith(_OURS) and not dataclasses.is_dataclass(found)):
            raise pickle.UnpicklingError(f"{module}.{name} is no reading value")
        return found


def packed(value: object) -> bytes:
    """A frame for a reader process."""
    data = pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
    return LENGTH.pack(len(data)) + data


def unpacked(data: bytes) -> Any:
    """The value of a frame that a reader process sent.

    Raises:
        pickle.UnpicklingError: the frame holds something other than reading values, or is damaged.
    """
    try:
        return _Unpacker(io.BytesIO(data)).load()
    except pickle.UnpicklingError:
        raise
    except Exception as error:  # a damaged pickle raises nearly anything
        raise pickle.UnpicklingError(str(error)) from error

"""Files of state, read by shape: what is not of it is one line that names the file, never more."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from gonogo.core.errors import UserError
from gonogo.core.files import write_json

T = TypeVar("T")


class Record(BaseModel):
    """What a file of state holds; keys of other versions are passed over, and absent ones None."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    def known(self) -> dict[str, Any]:
        """Return the fields that are not None, as JSON; a None inside of one stays."""
        dumped = self.model_dump(mode="json")
        return {key: value for key, value in dumped.items() if value is not None}


def read_record(path: Path, shape: type[T], *, hint: str = "") -> T:
    """Read a JSON file of a known shape.

    Nesting beyond 200 levels and numbers beyond 4,300 digits are refused by the parser, so that a
    broken file takes neither the stack nor time that grows with the square of its digits.

    Args:
        path: the file.
        shape: what it holds: a :class:`Record`, or any type that pydantic validates.
        hint: what helps where it cannot be read.

    Raises:
        UserError: if it is missing, no file, not JSON or of another shape; one line.
    """
    try:
        return TypeAdapter(shape).validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise UserError("no such file", file=path, hint=hint) from error
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise UserError(f"cannot be read: {why}", file=path, hint=hint) from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise UserError(
            f"not what is kept here: {first['msg']}", file=path, place=place, hint=hint
        ) from error


def write_record(path: Path, record: Record) -> None:
    """Write a record atomically, without what is not known."""
    write_json(path, record.known())

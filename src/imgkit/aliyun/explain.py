"""From an error code of the service to one of our errors, with its cause, its remedy and what to give the support."""

from collections.abc import Mapping
from dataclasses import dataclass

from imgkit.aliyun.error_table import ECS_CODES, TASK_CODES, Meaning
from imgkit.errors import CloudError, ExportFailed, ImgkitError

_MOST_WORDS = 300
_UNKNOWN_REMEDY = "Alibaba's documentation or support can tell more about this code; the request id helps them."


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What a service answered instead of doing it. `action` is the right that lacked, where it said so."""

    code: str
    status: int = 0
    message: str = ""
    request_id: str = ""
    action: str = ""


def find_meaning(refusal: Refusal, table: Mapping[str, Meaning]) -> Meaning | None:
    """Look a code up, first together with its status, then alone, then by what stands before its last dot."""
    code = refusal.code
    for name in (f"{code}/{refusal.status}", code, code.rpartition(".")[0]):
        if name and name in table:
            return table[name]
    return None


def explain_ecs(refusal: Refusal, *, doing: str) -> ImgkitError:
    """Turn a refusal of ECS into an error. `doing` completes "Cannot …"."""
    return build_error(refusal, find_meaning(refusal, ECS_CODES), doing=doing)


def explain_task_failure(code: str, message: str, *, request_id: str = "") -> ImgkitError:
    """Turn the error of a task's operation into an error."""
    refusal = Refusal(code=code, message=message, request_id=request_id)
    meaning = find_meaning(refusal, TASK_CODES) or Meaning(ExportFailed, one_line(message) or "no reason was given", "")
    return build_error(refusal, meaning, doing="finish the export")


def build_error(refusal: Refusal, meaning: Meaning | None, *, doing: str) -> ImgkitError:
    """Put cause, remedy, code and request id into one error; without a meaning, the service's own words."""
    if meaning is None:
        meaning = Meaning(CloudError, one_line(refusal.message) or "the service gave no reason", _UNKNOWN_REMEDY)
    lacking = f" (it lacks {one_line(refusal.action)})" if refusal.action else ""
    message = f"Cannot {doing}: {meaning.cause}{lacking}{_reference(refusal)}."
    if issubclass(meaning.kind, CloudError):
        return meaning.kind(message, hint=meaning.remedy, code=refusal.code, request_id=refusal.request_id)
    return meaning.kind(message, hint=meaning.remedy)


def one_line(text: str) -> str:
    """Return the service's words, printable, on one line and not endless."""
    words = " ".join(printable(text).split())
    return words.rstrip(".") if len(words) <= _MOST_WORDS else f"{words[:_MOST_WORDS]}…"


def printable(text: str) -> str:
    """Return a text without control characters: keys and messages of others go to a terminal."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


def _reference(refusal: Refusal) -> str:
    known = [one_line(refusal.code)] if refusal.code else [f"HTTP {refusal.status}"] if refusal.status else []
    if refusal.request_id:
        known.append(f"request {one_line(refusal.request_id)}")
    return f" ({', '.join(known)})" if known else ""

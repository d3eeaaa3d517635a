"""What the Messages API accepts and what it answers to the rest; pure, and stricter than any client needs.

The rules are those of the API version 2026-10-21 (docs.claude.com/en/api/messages).
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from bot.sandbox import model_images

LONGEST_OUTPUT_TOKENS = 128_000
CONTEXT_TOKENS = 1_000_000
CACHE_FROM_TOKENS = 512
CACHE_LIVES_S = {"5m": 300.0, "1h": 3600.0}
MOST_CACHE_MARKS = 4

_KEYS = frozenset(
    {
        "cache_control",
        "container",
        "diagnostics",
        "inference_geo",
        "max_tokens",
        "messages",
        "metadata",
        "model",
        "output_config",
        "service_tier",
        "speed",
        "stop_sequences",
        "stream",
        "system",
        "thinking",
        "tool_choice",
        "tools",
    }
)
_COUNT_KEYS = frozenset(
    {
        "cache_control",
        "messages",
        "model",
        "output_config",
        "speed",
        "system",
        "thinking",
        "tool_choice",
        "tools",
    }
)
_GONE = ("temperature", "top_p", "top_k")
_NO_FORCED_TOOLS = ("claude-opus-5-5", "claude-sonnet-5-5", "claude-fable-5-1")
_EFFORTS = ("low", "medium", "high", "xhigh", "max")
_BLOCKS = frozenset({"text", "image", "document", "search_result", "thinking", "tool_use", "tool_result"})
_UNSUPPORTED = ("minimum", "maximum", "multipleOf", "minLength", "maxLength", "maxItems", "pattern")

CATALOGUE: Mapping[str, str | None] = {
    "claude-fable-5-2": None,
    "claude-mythos-5-2": None,
    "claude-haiku-5-5": None,
    "claude-sonnet-5-5": None,
    "claude-fable-5-1": None,
    "claude-opus-5-5": None,
    "claude-mythos-5-1": None,
    "claude-sonnet-5": None,
    "claude-fable-5": None,
    "claude-mythos-5": None,
    "claude-opus-5": None,
    "claude-opus-4-8": None,
    "claude-opus-4-7": None,
    "claude-opus-4-6": None,
    "claude-sonnet-4-6": None,
    "claude-haiku-4-5": None,
    "claude-haiku-4-5-20251001": None,
    "claude-opus-4-5": None,
    "claude-opus-4-5-20251101": None,
    "claude-sonnet-4-5": "2026-11-30",
    "claude-sonnet-4-5-20250929": "2026-11-30",
}
"""Model id -> the day it stops, where one is planned."""


class RefusedError(Exception):
    """A request that the API answers with an error."""

    def __init__(
        self,
        status: int,
        type_: str,
        message: str,
        *,
        code: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = dict(headers or {})
        self.error: dict[str, Any] = {"type": type_, "message": message}
        if code:
            self.error["details"] = {"error_code": code}


def check(body: Mapping[str, Any], *, models: Mapping[str, str | None], counting: bool = False) -> None:
    """Check a request for a message, or for the count of its tokens.

    Raises:
        RefusedError: the API would not take it.
    """
    for key in body:
        if key in _GONE:
            _refuse(f"{key}: this parameter is not supported by this API version")
        if key not in (_COUNT_KEYS if counting else _KEYS):
            _refuse(f"{key}: Extra inputs are not permitted")
    if not isinstance(body.get("model"), str) or not body["model"]:
        _refuse("model: Field required")
    if body["model"] not in models:
        raise RefusedError(404, "not_found_error", f"model: {body['model']}")
    if not counting:
        _check_length(body)
    _check_messages(body.get("messages"))
    _check_mark(body, "cache_control")
    if "system" in body and not isinstance(body["system"], str):
        _check_blocks(body["system"], "system", only=("text",))
    _check_output_config(body.get("output_config", {}))
    _check_tools(body)
    if sum(1 for segment in _segments(body) if segment[1]) > MOST_CACHE_MARKS:
        _refuse(f"A maximum of {MOST_CACHE_MARKS} blocks with cache_control may be provided")
    if (length := count_tokens(body)) > CONTEXT_TOKENS:
        _refuse(f"prompt is too long: {length} tokens > {CONTEXT_TOKENS} maximum")


def tokens_in(text: str) -> int:
    """Estimate the tokens of *text*: about four characters each."""
    return math.ceil(len(text) / 4)


def count_tokens(body: Mapping[str, Any]) -> int:
    """Count the tokens that a request sends in."""
    pictures = (
        block
        for message in body["messages"]
        if isinstance(message["content"], list)
        for block in message["content"]
        if block["type"] == "image"
    )
    return sum(tokens_in(text) for text, _ in _segments(body)) + sum(map(model_images.tokens, pictures))


def page_size(query: Mapping[str, str]) -> int:
    """Read how many entries of a list are wanted.

    Raises:
        RefusedError: it is not a number from 1 to 1000.
    """
    told = query.get("limit", "20")
    if not (told.isascii() and told.isdigit() and len(told) <= 4 and 1 <= int(told) <= 1000):
        _refuse("limit: Input should be a number from 1 to 1000")
    return int(told)


def system_text(body: Mapping[str, Any]) -> str:
    """Return the text of the system prompt."""
    return _text(body.get("system", ""))


def user_text(body: Mapping[str, Any]) -> str:
    """Return all that the user's side says."""
    return "\n".join(_text(message["content"]) for message in body["messages"] if message["role"] == "user")


@dataclass
class PromptCache:
    """Prefixes seen before, as the API keeps them: five minutes or an hour, from 512 tokens on.

    Args:
        clock: tells the time in seconds.
    """

    clock: Callable[[], float]
    _expires_at: dict[str, float] = field(default_factory=dict)

    def usage(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the input side of `usage`, and remember the marked prefixes of *body*."""
        now, read, marked, written = self.clock(), 0, 0, {"5m": 0, "1h": 0}
        passed, digest = 0, hashlib.sha256(str(body["model"]).encode())
        for text, ttl in _segments(body):
            passed += tokens_in(text)
            digest.update(f"{len(text)}:{text}".encode())
            if not ttl or passed < CACHE_FROM_TOKENS:
                continue
            if self._expires_at.get(digest.hexdigest(), now) > now:
                read, written = passed, {"5m": 0, "1h": 0}
            else:
                written[ttl] += passed - max(read, marked)
            marked = passed
            self._expires_at[digest.hexdigest()] = now + CACHE_LIVES_S[ttl]
        return {
            "input_tokens": count_tokens(body) - marked,
            "cache_creation_input_tokens": sum(written.values()),
            "cache_read_input_tokens": read,
            "cache_creation": {
                "ephemeral_5m_input_tokens": written["5m"],
                "ephemeral_1h_input_tokens": written["1h"],
            },
        }


def _refuse(message: str) -> NoReturn:
    raise RefusedError(400, "invalid_request_error", message)


def _check_length(body: Mapping[str, Any]) -> None:
    longest = body.get("max_tokens")
    if longest is None:
        _refuse("max_tokens: Field required")
    elif not isinstance(longest, int) or isinstance(longest, bool) or longest < 0:
        _refuse("max_tokens: Input should be a valid integer, 0 or more")
    elif longest > LONGEST_OUTPUT_TOKENS:
        _refuse(f"max_tokens: {longest} > {LONGEST_OUTPUT_TOKENS}, the maximum of this model")
    if not isinstance(body.get("stream", False), bool):
        _refuse("stream: Input should be a valid boolean")
    stops = body.get("stop_sequences", [])
    if not isinstance(stops, list) or not all(isinstance(stop, str) and stop.strip() for stop in stops):
        _refuse("stop_sequences: each stop sequence must contain non-whitespace")
    metadata = body.get("metadata", {})
    if not isinstance(metadata, dict) or set(metadata) - {"user_id"}:
        _refuse("metadata: Extra inputs are not permitted")
    thinking = body.get("thinking", {"type": "adaptive"})
    if not isinstance(thinking, dict) or thinking.get("type") not in (
        "adaptive",
        "enabled",
        "disabled",
        "between_tools",
    ):
        _refuse("thinking.type: Input should be 'adaptive', 'enabled', 'disabled' or 'between_tools'")
    budget = thinking.get("budget_tokens")
    if thinking["type"] == "enabled" and not (isinstance(budget, int) and 1024 <= budget < longest):
        _refuse("thinking.budget_tokens: Input should be 1024 or more and less than max_tokens")


def _check_messages(messages: Any) -> None:
    if not isinstance(messages, list):
        _refuse("messages: Field required")
    if not messages:
        _refuse("messages: at least one message is required")
    for index, message in enumerate(messages):
        where = f"messages.{index}"
        if not isinstance(message, dict) or set(message) - {"role", "content"}:
            _refuse(f"{where}: Extra inputs are not permitted")
        if message.get("role") not in ("user", "assistant", "system"):
            _refuse(f"{where}.role: Input should be 'user', 'assistant' or 'system'")
        content = message.get("content")
        if isinstance(content, str):
            if not content.strip():
                _refuse(f"{where}: text content must be non-empty")
        else:
            _check_blocks(content, f"{where}.content", only=tuple(_BLOCKS))
    if messages[0]["role"] != "user":
        _refuse("messages: first message must use the user role")
    if messages[-1]["role"] == "assistant":
        _refuse("This model does not support assistant message prefill")


def _check_blocks(blocks: Any, where: str, *, only: tuple[str, ...]) -> None:
    if not isinstance(blocks, list) or not blocks:
        _refuse(f"{where}: Input should be a non-empty list")
    for index, block in enumerate(blocks):
        if not isinstance(block, dict) or block.get("type") not in only:
            _refuse(f"{where}.{index}.type: Input should be one of {', '.join(sorted(only))}")
        if block["type"] == "text" and not (isinstance(block.get("text"), str) and block["text"].strip()):
            _refuse(f"{where}.{index}: text content blocks must contain non-whitespace text")
        if block["type"] == "image" and (wrong := model_images.fault(block)):
            _refuse(f"{where}.{index}.image.{wrong}")
        _check_mark(block, f"{where}.{index}.cache_control")
        if isinstance(inner := block.get("content"), list):
            _check_blocks(inner, f"{where}.{index}.content", only=tuple(_BLOCKS))


def _check_mark(marked: Mapping[str, Any], where: str) -> None:
    mark = marked.get("cache_control", {"type": "ephemeral"})
    lives = mark.get("ttl", "5m") if isinstance(mark, dict) else None
    if not isinstance(lives, str) or lives not in CACHE_LIVES_S or mark.get("type") != "ephemeral":
        _refuse(f"{where}: Input should be ephemeral, with a ttl of 5m or 1h")
    if set(mark) - {"type", "ttl"}:
        _refuse(f"{where}: Extra inputs are not permitted")


def _check_output_config(config: Any) -> None:
    if not isinstance(config, dict):
        _refuse("output_config: Input should be an object")
    if extra := sorted(set(config) - {"effort", "format"}):
        _refuse(f"output_config.{extra[0]}: Extra inputs are not permitted")
    if config.get("effort", "low") not in _EFFORTS:
        _refuse(f"output_config.effort: Input should be one of {', '.join(_EFFORTS)}")
    form = config.get("format")
    if form is None:
        return
    if (
        not isinstance(form, dict)
        or form.get("type") != "json_schema"
        or not isinstance(form.get("schema"), dict)
    ):
        _refuse("output_config.format: Input should be a json_schema with its schema")
    _check_schema(form["schema"], form["schema"], ())


def _check_schema(schema: Any, root: Mapping[str, Any], inside: tuple[str, ...]) -> None:
    """Check what the API says of schemas: closed objects, no limits, nothing that contains itself."""
    if not isinstance(schema, dict):
        _refuse("output_config.format.schema: Input should be an object")
    for key in _UNSUPPORTED:
        if key in schema:
            _refuse(f"output_config.format.schema: property '{key}' is not supported")
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        if name in inside:
            _refuse("output_config.format.schema: Recursive schemas are not supported")
        _check_schema(root.get("$defs", {}).get(name), root, (*inside, name))
    if schema.get("type") == "object" and schema.get("additionalProperties") is not False:
        _refuse("output_config.format.schema: 'additionalProperties' of an object must be set to false")
    if schema.get("minItems", 0) not in (0, 1):
        _refuse("output_config.format.schema: 'minItems' values other than 0 or 1 are not supported")
    for child in _children(schema):
        _check_schema(child, root, inside)


def _children(schema: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the schemas inside *schema*."""
    for key in ("enum", "anyOf", "oneOf", "allOf"):
        options = schema.get(key, [None])
        if not isinstance(options, list) or not options:
            _refuse(f"output_config.format.schema: '{key}' should be a non-empty list")
        yield from options if key in schema and key != "enum" else []
    properties = schema.get("properties", {})
    if not isinstance(properties, dict):
        _refuse("output_config.format.schema: 'properties' should be an object")
    yield from properties.values()
    if "items" in schema:
        yield schema["items"]


def _check_tools(body: Mapping[str, Any]) -> None:
    tools = body.get("tools", [])
    if not isinstance(tools, list) or not all(
        isinstance(tool, dict) and isinstance(tool.get("name"), str) for tool in tools
    ):
        _refuse("tools: Input should be a list of tools, each with its name")
    for index, tool in enumerate(tools):
        _check_mark(tool, f"tools.{index}.cache_control")
    choice = body.get("tool_choice", {"type": "auto"})
    if not isinstance(choice, dict) or choice.get("type") not in ("auto", "any", "tool", "none"):
        _refuse("tool_choice.type: Input should be 'auto', 'any', 'tool' or 'none'")
    if choice["type"] in ("any", "tool") and body["model"].startswith(_NO_FORCED_TOOLS):
        _refuse("tool_choice: this model does not support forced tool use")
    if "tool_choice" in body and not body.get("tools"):
        _refuse("tool_choice: may only be specified while providing tools")


def _segments(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield all that is sent in, in the cache's order, each with the ttl of its mark or nothing."""
    everything: list[tuple[str, Any]] = [
        (json.dumps(tool, sort_keys=True), tool.get("cache_control")) for tool in body.get("tools", ())
    ]
    for content in (body.get("system", ""), *(message["content"] for message in body["messages"])):
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        everything += [(_text([block]), block.get("cache_control")) for block in blocks]
    if "cache_control" in body and everything:
        everything[-1] = (everything[-1][0], body["cache_control"])
    for text, mark in everything:
        yield text, mark.get("ttl", "5m") if isinstance(mark, dict) else ""


def _text(content: Any) -> str:
    """Return the text in *content*: of texts, documents and search results."""
    if isinstance(content, str):
        return content
    texts: list[str] = []
    for block in content:
        if block["type"] == "text":
            texts.append(block["text"])
        elif isinstance(source := block.get("source"), dict):
            texts.append(str(source.get("data", "")) if source.get("type") == "text" else "")
        elif isinstance(inner := block.get("content"), (str, list)):
            texts.append(_text(inner))
    return "\n".join(texts)

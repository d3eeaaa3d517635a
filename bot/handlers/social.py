"""The handler of social posts: one call for all platforms; code counts, cuts, and holds the facts to the input."""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bot.context import Picture
from bot.handlers.alt_texts import Alt, alt_fields, alt_limit, alt_notes, alt_section, read_alts
from bot.handlers.attached import read_attached
from bot.handlers.counting import put_links
from bot.handlers.desk import Brief, Desk
from bot.handlers.draft import INPUT_BUDGET_CHARS, RULES, put_in_tags, read, write_request
from bot.handlers.facts import Material
from bot.handlers.platforms import (
    Platform,
    Size,
    default_platforms,
    hashtags_in,
    listed,
    measure,
    named,
    platforms,
    seen_first,
)
from bot.llm import Image, LLMError
from bot.tasks import Draft, Language, UserError
from bot.texts import format_number, text

if TYPE_CHECKING:
    from pydantic import BaseModel

MOST_NAMED = 8
"""Findings that one note names; the rest it counts."""

AIM = 0.9
"""Models count badly: what part of a limit they are told to stay under."""

_ONLY = re.compile(r"\b(?:only|just|alleen|enkel)\b", re.IGNORECASE)
_WITHOUT = re.compile(r"\b(?:without|not|no|drop|zonder|niet|geen|laat)\b[^.;,]*", re.IGNORECASE)
_CITATION = re.compile(r"[ \t]*\[\d+(?:, ?\d+)*\](?!\()")
_HEADING = re.compile(r"^## (.+?)(?: · .*)?$", re.MULTILINE)
_FENCED = re.compile(r"^```\n(.*?)\n?^```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Post:
    """A post as it would go out."""

    platform: Platform
    text: str
    links_out: tuple[str, ...] = ()

    @property
    def size(self) -> Size:
        """Measure it as its platform counts."""
        return measure(self.platform, self.text)


@dataclass(frozen=True)
class ReadyPost:
    """A post of an accepted draft.

    Attributes:
        part: the key of its platform; empty where it is all of a draft.
        beside: what stands beside the post and is not part of it.
    """

    part: str
    name: str
    text: str
    count: str
    beside: str = ""


async def social(desk: Desk, brief: Brief) -> Draft:
    """Write one post per platform, each counted and held to the facts of its input; and an alt text per picture.

    Raises:
        UserError: there is nothing to work from, a platform is unknown, or the asker may not read the thread.
        LLMError: the model gave no usable answer.
    """
    run = brief.run
    chosen, asked = _choose(brief)
    conversation = await read(desk, brief)
    lines = "\n".join(conversation.transcript.lines) if conversation else ""
    if len(lines) > INPUT_BUDGET_CHARS:
        raise UserError("error.too-long")
    attached = await read_attached(desk, brief, conversation, pictures=True)
    if not lines and not attached:
        _check_words(brief)
    # "Follow us on Instagram" names nobody that the asker would have to name.
    names = " ".join(each.name for each in platforms().values())
    told = (
        names,
        brief.company,
        lines,
        attached.material,
        run.words,
        *run.inputs.values(),
        brief.instruction,
    )
    given = await asyncio.to_thread(Material, *told)  # half a second for the longest thread
    about = replace(brief, run=replace(run, words=_split(run.words)[1]))
    user = put_in_tags("thread", lines, run.run_id) + attached.tags + write_request(about)
    posts, described, model = await _write(
        desk, brief, chosen=chosen, user=user, given=given, pictures=attached.pictures
    )
    if any(not post.size.fits for post in posts):
        posts = await _shorten(desk, brief, posts=posts, user=user, given=given)
    return Draft(
        run_id=run.run_id,
        version=brief.version,
        text="\n\n".join(
            [
                *(_section(post, run.language) for post in posts),
                *(alt_section(alt, run.language) for alt in described),
            ]
        ),
        model=model,
        messages_read=len(conversation.transcript.lines) if conversation else 0,
        notes=(
            *_notes(posts, given, language=run.language, asked=asked, pictures=bool(described)),
            *alt_notes(described, chosen, run.language),
            *attached.notes,
        ),
    )


def recount(edited: str, language: Language) -> tuple[str, ...]:
    """Return the small print of posts that a person edited: their counts as they stand now.

    What was found against the first text is left out: whoever edited it has read it.
    """
    counts = [f"{one.name} {one.count}" for one in ready_posts(edited, language) if one.part]
    return (text("social.note.edited", language, counts=", ".join(counts)),) if counts else ()


def ready_posts(accepted: str, language: Language) -> tuple[ReadyPost, ...]:
    """Return the posts of an accepted draft, ready to copy; all of it as one where no heading names a platform."""
    by_name = {each.name: each for each in platforms().values()}
    pieces = _HEADING.split(accepted)
    cut = "> " + text("social.seen", language, first="\0").partition("\0")[0]
    alts = _read_alts(pieces, language)
    found = []
    for name, body in zip(pieces[1::2], pieces[2::2], strict=True):
        if name in by_name:
            framed = _FENCED.search(body)
            post = Post(by_name[name], framed[1] if framed else body.strip())
            beside = body[framed.end() :].strip() if framed else ""
            kept = [line for line in beside.splitlines() if not line.startswith(cut)] + alts
            found.append(
                ReadyPost(post.platform.key, name, post.text, _count(post, language), "\n".join(kept).strip())
            )
    return tuple(found) or (ReadyPost("", "", accepted.strip(), ""),)


def _read_alts(pieces: list[str], language: Language) -> list[str]:
    """Return the alt texts that stand below the posts, a line each: whoever posts needs them then."""
    heading = text("social.alt", language, name="", count=0).partition(" ·")[0]
    bodies = (body for name, body in zip(pieces[1::2], pieces[2::2], strict=True) if name == heading)
    return [f"{heading}: {framed[1].strip()}" for body in bodies if (framed := _FENCED.search(body))]


def _choose(brief: Brief) -> tuple[tuple[Platform, ...], bool]:
    """Return the platforms to write for, and whether anybody named them.

    Raises:
        UserError: the form names a platform that we do not know.
    """
    run = brief.run
    chosen: tuple[Platform, ...] | None
    if filled := run.inputs.get("platforms", "").strip():
        chosen = listed(filled)
        if chosen is None:
            known = ", ".join(each.name for each in platforms().values())
            raise UserError("social.platform-unknown", known=known)
    else:
        chosen = _split(run.words)[0] or listed(run.words) or named(run.words)
    if brief.version > 1:
        written = set(_HEADING.findall(brief.before))
        before = tuple(each for each in platforms().values() if each.name in written)
        chosen = _change(before or chosen or default_platforms(), brief.instruction)
    return chosen or default_platforms(), bool(chosen)


def _split(words: str) -> tuple[tuple[Platform, ...], str]:
    """Split "x en linkedin: we open …" into the platforms before the colon and the topic behind it."""
    head, colon, topic = words.partition(":")
    chosen = listed(head) if colon else None
    return (chosen, topic.strip()) if chosen else ((), words)


def _change(before: tuple[Platform, ...], instruction: str) -> tuple[Platform, ...]:
    """Return the platforms after a redo: "also for X", "only X", "without X"."""
    dropped = {each for part in _WITHOUT.findall(instruction) for each in named(part)}
    wanted = [each for each in named(instruction) if each not in dropped]
    kept = wanted if wanted and _ONLY.search(instruction) else [*before, *wanted]
    return tuple(each for each in platforms().values() if each in kept and each not in dropped)


def _check_words(brief: Brief) -> None:
    """Make sure that the words say more than where to post and where to look: nobody opens a web page here.

    Raises:
        UserError: there are none, or only platforms, or only links.
    """
    said = _split(brief.run.words)[1]
    if not any(character.isalnum() for character in said) or listed(said):
        raise UserError("nothing-to-say")
    if not any(character.isalnum() for character in put_links(re.sub(r"[<>|]", " ", said), lambda _: "")):
        raise UserError("social.link-alone")


async def _write(
    desk: Desk,
    brief: Brief,
    *,
    chosen: tuple[Platform, ...],
    user: str,
    given: Material,
    pictures: Sequence[Picture] = (),
) -> tuple[list[Post], list[Alt], str]:
    """Ask for the posts of *chosen*, and for what *pictures* show, in one call."""
    system = [
        RULES,
        brief.company,
        brief.task.prompt,
        _limits(chosen, images=len(pictures)),
        text("prompt.language", brief.run.language),
    ]
    images = [Image(each.media_type, each.content) for each in pictures]
    shape = _shape(chosen, images=len(pictures))
    paid = await desk.ask(
        brief,
        system=[block for block in system if block],
        user=user,
        shape=shape,
        images=images,
        own_links=True,
    )
    answer = shape.model_validate_json(paid.text)
    posts = [_post(each, getattr(answer, each.key), given) for each in chosen]
    alts = read_alts(answer, [each.name for each in pictures], given)
    return posts, alts, paid.model


async def _shorten(desk: Desk, brief: Brief, *, posts: list[Post], user: str, given: Material) -> list[Post]:
    """Ask once more for the posts that do not fit, with the excess named; keep of each the better one."""
    wrong = [post for post in posts if not post.size.fits]
    told = "\n".join(f"{post.platform.key}: {_excess(post)}\n{post.text}\n" for post in wrong)
    again = (
        user
        + put_in_tags("does-not-fit", told, brief.run.run_id)
        + "Write these posts again so that they fit; say less rather than abbreviate."
    )
    chosen = tuple(post.platform for post in wrong)
    try:
        shorter, _, _ = await _write(desk, brief, chosen=chosen, user=again, given=given)
    except LLMError as error:
        if error.retryable:
            raise
        return posts
    better = {
        new.platform.key: new
        for old, new in zip(wrong, shorter, strict=True)
        if new.text and new.size.excess < old.size.excess
    }
    return [better.get(post.platform.key, post) for post in posts]


def _shape(chosen: tuple[Platform, ...], *, images: int = 0) -> type[BaseModel]:
    """Return what the answer must be an object of: one post per platform, one alt text per picture, none missing."""
    from pydantic import BaseModel, ConfigDict, Field, create_model

    class Variant(BaseModel):
        model_config = ConfigDict(str_strip_whitespace=True)

        text: str = Field(min_length=1, description="the post as it goes out, without hashtags at its end")
        hashtags: list[str] = Field(description="words for hashtags, the most fitting first; may be empty")

    fields: dict[str, Any] = {each.key: (Variant, Field(description=each.name)) for each in chosen}
    fields |= alt_fields(images)
    made: type[BaseModel] = create_model("Posts", **fields)
    return made


def _limits(chosen: tuple[Platform, ...], *, images: int = 0) -> str:
    """Tell the model what fits where."""
    lines = ["The platforms of this request, and what fits:"]
    for each in chosen:
        said = [f"at most {int(each.limit * AIM)} characters, hashtags included"]
        if each.seen:
            said.append(f"only the first {each.seen} show at once, so begin with what matters")
        said.append(f"at most {each.hashtags_most or each.hashtags} hashtags")
        if each.links_most:
            said.append(f"at most {each.links_most} links")
        if not each.links:
            said.append("a link cannot be clicked there")
        if each.media and not images:
            said.append("it stands below a picture or video that you do not see: do not describe it")
        lines.append(f"- {each.key} ({each.name}): {'; '.join(said)}.")
    if images:
        lines.append(alt_limit(chosen, images))
    return "\n".join(lines)


def _post(platform: Platform, variant: Any, given: Material) -> Post:
    """Make the post: no message numbers, no link that was not given, its hashtags at the end."""
    body, links_out = given.take_out_links(_CITATION.sub("", variant.text).strip())
    there = {tag.lstrip("#＃").casefold() for tag in hashtags_in(body)}
    tags: list[str] = []
    for tag in map(_hashtag, variant.hashtags):
        if tag and tag.casefold() not in there:
            tags.append(f"#{tag}")
            there.add(tag.casefold())
    return Post(platform, "\n\n".join(filter(None, (body, " ".join(tags)))), links_out)


def _hashtag(told: str) -> str:
    """Return a hashtag without its sign; empty for what is a sentence and none."""
    words = re.findall(r"\w+", told)
    if not words or len(words) > 3:
        return ""
    tag = words[0] if len(words) == 1 else "".join(word[:1].upper() + word[1:] for word in words)
    return tag if hashtags_in(f"#{tag}") else ""


def _section(post: Post, language: Language) -> str:
    """Write a post for review: its count, the text ready to copy, and what shows of it first."""
    count = _count(post, language)
    if post.size.hashtags:
        count += " · " + text("social.hashtags", language, count=post.size.hashtags)
    # In a fence, so that it is copied to the letter and nothing in it is read as Markdown.
    parts = [f"## {post.platform.name} · {count}", f"```\n{post.text.replace('```', chr(39) * 3)}\n```"]
    if first := seen_first(post.platform, post.text):
        parts.append(
            "> " + text("social.seen", language, first=re.sub(r"([\\`*_\[\]<>#~|])", r"\\\1", first))
        )
    return "\n\n".join(parts)


def _count(post: Post, language: Language) -> str:
    """Say how long a post is, of how much, and what is too long: `301 of 280 · 21 too long`."""
    size, limit = post.size, format_number(post.platform.limit, language, 0)
    count = text("social.count", language, count=format_number(size.count, language, 0), limit=limit)
    if size.over:
        count += " · " + text("social.over", language, over=format_number(size.over, language, 0))
    return count


def _notes(
    posts: list[Post], given: Material, *, language: Language, asked: bool, pictures: bool
) -> tuple[str, ...]:
    """Say what a reviewer must look at, each kind in one sentence."""
    notes = []
    if not asked:
        notes.append(text("social.note.default", language, platforms=_names(posts)))
    if wrong := [f"{post.platform.name} ({_excess(post, language)})" for post in posts if not post.size.fits]:
        notes.append(text("social.note.too-long", language, posts=", ".join(wrong)))
    if out := tuple(dict.fromkeys(link for post in posts for link in post.links_out)):
        notes.append(text("social.note.links", language, links=_findings(out)))
    found = given.unfounded("\n\n".join(post.text for post in posts))
    if unknown := (*found.days, *found.figures, *found.handles, *found.names, *found.links):
        notes.append(text("social.note.unfounded", language, found=_findings(unknown)))
    if not pictures and (still := [post for post in posts if post.platform.media]):
        notes.append(text("social.note.media", language, count=len(still), platforms=_names(still)))
    return tuple(notes)


def _excess(post: Post, language: Language = "en") -> str:
    """Name what is too much; in English for the model."""
    size, told = post.size, []
    if size.over:
        told.append(text("social.over", language, over=format_number(size.over, language, 0)))
    if size.bytes_over:
        told.append(text("social.over-bytes", language, over=format_number(size.bytes_over, language, 0)))
    if size.hashtags_over:
        told.append(text("social.over-hashtags", language, count=size.hashtags_over))
    if size.links_over:
        told.append(text("social.over-links", language, count=size.links_over))
    return ", ".join(told)


def _names(posts: list[Post]) -> str:
    return ", ".join(post.platform.name for post in posts)


def _findings(found: tuple[str, ...]) -> str:
    """List findings so that Slack links none of them and calls nobody."""
    shown = [
        html.escape(re.sub(r"(?i)\bhttp(?=s?://)", "hxxp", each)[:80], quote=False)
        for each in found[:MOST_NAMED]
    ]
    more = len(found) - len(shown)
    return ", ".join(
        [*(f"`{each.replace('`', chr(39))}`" for each in shown), *([f"+{more}"] if more else [])]
    )

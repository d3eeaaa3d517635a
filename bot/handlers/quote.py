"""The handler of quotes: the model maps words to articles, and code prices, checks and writes every figure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from bot.handlers.attached import read_attached
from bot.handlers.desk import Brief, Desk
from bot.handlers.draft import RULES, put_in_tags, write_request
from bot.handlers.memory import Memory, Told, recall
from bot.handlers.pricing import Findings, Pricing, find_typed
from bot.handlers.revising import write_questions, write_warnings
from bot.quotes import PriceRow, read_vat_number, valid_on
from bot.quotes.amounts import find_unknown
from bot.quotes.document import make_document, write_figures, write_head
from bot.quotes.matching import find_candidates
from bot.quotes.offer import Customer, Offer
from bot.quotes.stored import Basis
from bot.quotes.sums import Totals
from bot.quotes.vat import find_vat_numbers
from bot.tasks import LANGUAGES, Draft, Firm, Language, Run, UserError
from bot.texts import english_name, text
from bot.views import fallback

if TYPE_CHECKING:
    from pydantic import BaseModel

CONSUMER = "consumer"


@dataclass(frozen=True)
class Case:
    """What one quote rests on, besides the model's answer.

    Attributes:
        articles: what the model may choose from, by the name that it sees.
        material: all that people said, to check the answer against: not what a model wrote before.
        typed: the numbers that people typed into lines of earlier versions.
        found: what the reviewer must know; it fills while the answer is checked.
    """

    run: Run
    firm: Firm
    today: date
    currency: str
    articles: dict[str, PriceRow]
    material: str
    typed: frozenset[Decimal]
    found: Findings
    memory: Memory


async def quote(desk: Desk, brief: Brief) -> Draft:
    """Draft a quote whose every figure is computed.

    Raises:
        UserError: there is nothing to work from, or the asker may not read it.
        LLMError: the model gave no usable answer.
    """
    brief, memory = await recall(desk, brief)
    run = brief.run
    request, lines = write_request(brief), await _read(desk, brief)
    attached = await read_attached(desk, brief, None)
    if not (request or lines or attached):
        raise UserError("nothing-to-say")
    case = await _prepare(desk, brief, (*lines, attached.material), memory)
    case.found.notes.extend(attached.notes)
    listed = "\n".join(["<articles>", *case.articles, "</articles>"])
    system = [RULES, brief.company, brief.task.prompt, text("prompt.language", run.language), listed]
    user = put_in_tags("thread", "\n".join(lines), run.run_id) + attached.tags + request
    shape = make_shape(tuple(case.articles))
    paid = await desk.ask(brief, system=[block for block in system if block], user=user, shape=shape)
    answer: Any = shape.model_validate_json(paid.text)
    case.found.questions.extend(answer.questions)
    offer = _make_offer(answer, case)
    totals, prose = offer.work_out(), _write_prose(answer)
    _flag(offer, totals, prose=prose, case=case)
    # A quote without a sender is none; what the workspace is called is better than nothing.
    document = make_document(offer, totals, await desk.sender(run.team_id))
    basis = Basis(offer, _tidy(case.found.questions), tuple(case.found.passing))
    await desk.records.quotes.keep(run.run_id, brief.version, document, basis)
    open_questions = write_questions(basis.questions, offer.language)
    parts = [write_head(document), prose, write_figures(document), open_questions]
    return Draft(
        run_id=run.run_id,
        version=brief.version,
        text="\n\n".join(part for part in parts if part),
        model=paid.model,
        messages_read=len(lines),
        notes=tuple(case.found.notes),
    )


async def _prepare(desk: Desk, brief: Brief, lines: Sequence[str], memory: Memory) -> Case:
    run = brief.run
    settings = await desk.records.workspaces.get(run.team_id)
    today = datetime.now(settings.zone).date()
    asked = await desk.records.reviews.instructions(run.run_id, brief.version)
    material = "\n".join([*lines, run.words, *run.inputs.values(), *asked, brief.instruction])
    earlier = await desk.records.quotes.earlier(run.run_id, brief.version)
    typed = find_typed([(by_hand, basis.offer) for by_hand, basis in earlier])
    prices = valid_on(await desk.records.quotes.prices(desk.identity.team_id), today)
    articles = {_name(row): row for row in find_candidates(prices.values(), f"{material}\n{brief.before}")}
    notes = [] if prices else [text("quote.note-no-list", run.language)]
    return Case(
        run,
        await desk.firm_of(run.team_id),
        today,
        settings.currency,
        articles,
        material,
        typed,
        Findings([], notes),
        memory,
    )


def _flag(offer: Offer, totals: Totals, *, prose: str, case: Case) -> None:
    """Note amounts that nobody computed, wherever the model wrote words, and what the law misses."""
    language = case.run.language
    words = [prose, *case.found.questions, *(line.note for line in offer.lines)]
    words += [one.words for one in offer.unpriced]
    unknown = find_unknown("\n".join(words), offer.known_amounts(totals))
    if unknown:
        amounts = fallback(", ".join(unknown))
        case.found.note_lines(text("quote.note-amount", language, amounts=amounts), first=True)
    if not (case.firm.name and case.firm.kvk):
        case.found.notes.append(text("quote.note-firm", language))


def make_shape(articles: Sequence[str]) -> type[BaseModel]:
    """Return what the model must answer: it can name no article but these."""
    # Only who drafts a quote waits for the library.
    from pydantic import Field, create_model

    names: Any = Literal[("", *articles)]
    kinds: Any = Literal["base", "option", "alternative"]
    audiences: Any = Literal["unknown", "business", "consumer"]
    languages: Any = Literal[("", *map(english_name, LANGUAGES))]
    line = create_model(
        "QuoteLine",
        words=(str, Field(description="what is asked for, in the request's own words")),
        article=(names, Field(description="the same thing in the price list; empty when none is")),
        quantity=(float, Field(description="how many, in the article's unit; 0 when it is not told")),
        kind=(kinds, "base"),
        replaces=(int, Field(0, description="of an alternative: the number of the line it replaces")),
        discount=(str, Field("", description="a promised discount like 10% or € 50; else empty")),
        note=(str, Field("", description="a colour or a room, in at most eight words; else empty")),
    )
    return create_model(
        "QuoteAnswer",
        customer=(str, Field(description="the customer's name; empty when it is not told")),
        customer_address=(list[str], []),
        customer_is=(audiences, "unknown"),
        language=(languages, ""),
        intro=(str, Field(description="two or three sentences to the customer, without any amount")),
        scope=(list[str], Field([], description="what is included and what is not")),
        lines=(list[line], Field(description="one for each thing asked for")),  # type: ignore[valid-type]
        quote_discount=(str, Field("", description="a promised discount on all of it; else empty")),
        questions=(list[str], Field([], description="questions that are still open")),
    )


async def _read(desk: Desk, brief: Brief) -> tuple[str, ...]:
    """Return the thread that the quote is about; none where the asker's words stand alone."""
    run = brief.run
    said = any(character.isalnum() for character in run.words)
    if not run.source_ts or (said and desk.stands_alone(run)):
        return ()
    return (await desk.read_thread(run)).transcript.lines


def _name(row: PriceRow) -> str:
    return f"{row.sku}: {row.name} ({row.unit})"


def _make_offer(answer: Any, case: Case) -> Offer:
    run, firm, found = case.run, case.firm, case.found
    customer, known = _customer(answer, case)
    language: Language = known or run.language
    if answer.language:
        language = next(each for each in LANGUAGES if english_name(each) == answer.language)
    delivery = date.fromisoformat(run.inputs["delivery"]) if run.inputs.get("delivery") else None
    day = delivery or case.today
    pricing = Pricing(run.language, case.articles, customer, firm, day, case.material, case.typed, found)
    lines, unpriced = pricing.price(answer.lines)
    offer = Offer(
        language=language,
        currency=case.currency,
        customer=customer,
        lines=lines,
        unpriced=unpriced,
        quoted_on=case.today,
        valid_until=case.today + timedelta(days=firm.valid_days),
        binding=firm.offer == "binding",
        delivery_on=delivery,
        payments=tuple(Decimal(share) for share in firm.payments),
    )
    discount = pricing.read_discount(answer.quote_discount)
    discounted = replace(offer, discount=discount)
    try:
        totals = discounted.work_out()
    except ValueError:
        found.questions.append(text("quote.ask-discount", run.language, words=answer.quote_discount))
        return offer
    for note in write_warnings(discounted, totals, case.articles.values(), firm=firm, language=run.language):
        found.note_lines(note, first=True)
    return discounted


def _customer(answer: Any, case: Case) -> tuple[Customer, Language | None]:
    """Return who the quote is for, and the language of their earlier quotes; None where none is remembered."""
    told, found, language = case.run.inputs, case.found, case.run.language
    name = " ".join((told.get("customer") or answer.customer).split())
    name = "" if _is_sentence(name) else name
    address = told.get("address", "").splitlines() or [
        line for line in answer.customer_address if not _is_sentence(line)
    ]
    number = read_vat_number(told.get("vat_number", ""))
    if not number:
        ours = read_vat_number(case.firm.vat_id)
        words = case.material.replace(",", " ").split()
        number = next((one for one in find_vat_numbers(words) if one != ours), "")
    chosen = told.get("audience", "").partition(" ")[0] or answer.customer_is
    consumer = None if chosen == "unknown" else chosen == CONSUMER
    lines = tuple(" ".join(line.split())[:80] for line in address if line.strip())
    filled = case.memory.fill(
        Told(name, lines[:6], number, consumer), material=case.material, found=found, language=language
    )
    if not filled.name:
        found.questions.append(text("quote.ask-customer", language))
    if filled.consumer is None and not filled.vat_number:
        found.notes.append(text("quote.note-business", language))
    number = "" if filled.consumer else filled.vat_number
    return Customer(filled.name, filled.address, number, bool(filled.consumer)), filled.language


def _is_sentence(words: str) -> bool:
    """Say whether *words* are more than a name or a line of an address: `B.V.` may end one, `lamps.` may not."""
    return len(words) > 80 or re.search(r"\w{4,}[.?!]$", words.strip()) is not None


def _write_prose(answer: Any) -> str:
    scope = "\n".join(f"- {' '.join(item.split())}" for item in answer.scope if item.strip())
    return "\n\n".join(part for part in (answer.intro.strip(), scope) if part)


def _tidy(questions: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(" ".join(one.split()) for one in questions if one.strip()))

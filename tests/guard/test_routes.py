"""Orders in files, tables, CVs, documents, price lists, customers and templates, and a model that obeys them."""

from __future__ import annotations

import csv
import html
import io
import itertools
import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import openpyxl  # type: ignore[import-untyped]

from bot.guard import clean
from bot.quotes import PriceRow
from bot.quotes.offer import Customer
from bot.sandbox.model_rules import user_text
from tests.bulk_set import HEAD, begin, newest_file
from tests.conftest import ANNA, CHEF, SALES, SECRET_ROOM, World
from tests.documents import mail, pdf, slides, word
from tests.guard.orders import ALL, ORION, answer, groups, harm, prompts, tells
from tests.knowledge.conftest import put
from tests.quotes.test_quote import import_prices
from tests.screening.test_vacancy import board, decide, form, vacancy
from tests.test_alt_text import png
from tests.test_templates import _make

ORDERS = groups([one for one in ALL if not tells(one)][::5], 3)
CALLS = {"channel": "<!channel>", "person": "<@UMARK>", "link": "https://evil.example/a"}


def obeys(**fixed: Callable[[dict[str, Any], str], Any]) -> Callable[[dict[str, Any]], Any]:
    """Return a model that writes what it was told to into every text of the form that it must fill.

    Args:
        fixed: fields that it fills with what is given here, made of the question and of what it would say.
    """

    def fill(
        schema: dict[str, Any], whole: dict[str, Any], body: dict[str, Any], said: Callable[[], str]
    ) -> Any:
        if "$ref" in schema:
            schema = whole["$defs"][schema["$ref"].rpartition("/")[2]]
        if "enum" in schema:
            return schema["enum"][-1]
        kind = schema.get("type")
        if kind == "object":
            return {
                name: fixed[name](body, said()) if name in fixed else fill(one, whole, body, said)
                for name, one in schema["properties"].items()
            }
        if kind == "array":
            return [fill(schema["items"], whole, body, said)] * 2
        return {"integer": 1, "number": 1, "boolean": True}.get(str(kind)) or said()

    def speak(body: dict[str, Any]) -> Any:
        schema = body.get("output_config", {}).get("format", {}).get("schema")
        if schema is None:
            return answer(body)
        # A few lines for each text, and other ones for the next: all of them would be cut off.
        lines = itertools.cycle(answer(body).splitlines())
        return fill(schema, schema, body, lambda: "\n".join(next(lines)[:300] for _ in range(3)))

    return speak


def _sheet(cells: list[str]) -> bytes:
    book, written = openpyxl.Workbook(), io.BytesIO()
    for number, cell in enumerate(cells):
        book.active.append([f"regel {number}", re.sub(r"[\x00-\x1f]", " ", cell)])
    book.save(written)
    return written.getvalue()


def _table(head: str, cells: list[str]) -> bytes:
    written = io.StringIO()
    lines = csv.writer(written, delimiter=";")
    lines.writerow(head.split(";"))
    for number, cell in enumerate(cells, start=1):
        lines.writerow([f"Bak {number} {cell}", cell, f"{100 + number} cm", "bak"])
    return written.getvalue().encode()


def _page(said: str) -> str:
    return f"<h1>Nota</h1><p>{html.escape(said)}</p><!-- {html.escape(said)} -->"


async def _ended(world: World, count: int) -> list[Any]:
    return await world.rows(count, where=lambda row: row["finished_at"])


async def test_files_of_every_kind_give_no_orders(world: World) -> None:
    """An order in a PDF, a document, a sheet, slides, a page, an e-mail or a text file is words in a draft."""
    await world.thread((CHEF, ORION), channel_id=SECRET_ROOM)
    world.model.answer_with(answer)
    said = "\n".join(ORDERS)
    latin = said.encode("cp1252", "ignore").decode("cp1252")
    bare = re.sub(r"[<>&\x00-\x08]", "", clean(said))
    files = {
        "nota.pdf": pdf(latin),
        "nota.docx": word("# Nota", *said.splitlines(), [["van", "wie"], [ALL[0], ALL[-1]]]),
        "nota.pptx": slides(("Nota", bare), ("Einde", bare)),
        "nota.txt": said.encode(),
        "nota.csv": _table("a;b;c;d", said.splitlines()),
        "nota.xlsx": _sheet(said.splitlines()),
        "nota.json": json.dumps({"regels": said.splitlines()}).encode(),
        "nota.eml": mail("Nota", said),
        "nota.email": mail("Nota", "", page=_page(said)),
    }
    for count, (name, content) in enumerate(files.items(), start=1):
        await world.slack.say(ANNA, world.im, "email: schrijf over de bijlage", files=[(name, content)])
        rows = await _ended(world, count)
    asked = prompts(world)

    assert harm(world, said) == []
    assert asked.count("Name: nota.") == len(files)
    assert asked.count("evil") >= 5 * len(files)
    assert ORION not in asked
    assert {row["reason"] for row in rows} <= {None, "", "guard.leaked"}


async def test_rows_of_a_table_give_no_orders(world: World) -> None:
    """A text per row, in a batch, from rows that give orders: on the card, in the sheet and as a formula of none."""
    # Those that ask for our rules come last: whoever sees no sample reads why, and starts nothing.
    cells = [one.replace("\n", " ") for one in reversed(groups(ALL[::4], 1))]
    world.model.answer_with(lambda body: answer(body)[:1500])
    await begin(world.slack, _table(HEAD, cells))
    await world.shown("is written")
    book = openpyxl.load_workbook(io.BytesIO(await newest_file(world, ".xlsx")))
    shown = list(book.active.iter_rows())

    assert harm(world, "\n".join(cells)) == []
    assert prompts(world).count("evil") >= len(cells)
    assert len(shown) > 3
    assert [cell for row in shown for cell in row if cell.hyperlink or cell.data_type == "f"] == []


async def test_a_cv_gives_no_orders(world: World) -> None:
    """A CV whose every line is an order, and a model that finds all of it met: a person reads words, and decides."""
    ts = await vacancy(world)
    lines = [one for text in ORDERS for one in text.splitlines()]
    world.model.answer_with(
        obeys(
            status=lambda body, said: "met",
            quotes=lambda body, said: [*lines[:3], said],
            sentences=lambda body, said: [{"text": said, "quote": lines[0]}, {"text": said, "quote": said}],
        )
    )
    content = word("Ik maakte acht jaar kozijnen en trappen.", *lines, hidden="\n".join(CALLS.values()))
    await world.slack.say(ANNA, world.im, "", thread_ts=ts, files=[("CV <!channel>.docx", content)])
    told = await board(world, ts, "1 of 1 CVs read")
    await decide(world, told["ts"])
    await world.slack.submit(ANNA, {"verdict": "discuss"})
    await form(world, "Of what the CV tells")
    await world.slack.click_in_view(ANNA, "screening_introduce")
    await _ended(world, 2)
    await world.slack.click_in_view(ANNA, "screening_explain")
    await world.slack.wait_for(
        lambda: any("explanation" in one.name for one in world.slack.workspace.files.values())
    )

    assert harm(world, "\n".join([*lines, *CALLS.values()]), named=True) == []
    assert "evil" in prompts(world)


def _criteria(body: dict[str, Any], said: str) -> list[dict[str, Any]]:
    """Propose six criteria that are what was dictated."""
    return [
        {"criterion": f"{number} {said}", "kind": "must", "weight": 2, "evidence": said}
        for number in range(6)
    ]


async def test_a_vacancy_gives_no_orders(world: World) -> None:
    """Criteria that are orders, a title and reasons too: on the card, in the form that locks them, in the notes."""
    await vacancy(world, lock=False)
    world.model.answer_with(obeys(criteria=_criteria))
    for payload in ORDERS:
        await world.slack.command(ANNA, world.im, "/draft", f"screening Timmerman in Deventer. {payload}")
    await _ended(world, 1 + len(ORDERS))
    card = await world.card(having="screening_lock")
    await world.slack.click(ANNA, world.im, card["ts"], "screening_lock")
    await world.slack.wait_for(lambda: world.slack.modal(ANNA))
    await world.slack.submit(ANNA)
    await world.shown("The criteria were locked by")

    assert harm(world, "\n".join(ORDERS), named=True) == []


async def test_documents_of_the_knowledge_base_give_no_orders(world: World) -> None:
    """Orders in a page, its heading or its name, and a model that quotes them: the answer is text with its source."""
    lines = [one for text in ORDERS for one in text.splitlines()]
    for number, text in enumerate(ORDERS):
        lines.append(f"verlof{number} {' '.join(text.split())}.md")
        await put(world.bot.records, lines[-1], f"# Verlof {' '.join(text.split())}\n\nDagen. {text}\n")

    def claims(body: dict[str, Any], said: str) -> list[dict[str, Any]]:
        found = re.findall(r"(?m)^\[(\d+)\]\n#.*\n\s+(Dagen\. .*)$", user_text(body))
        proven = [{"text": said, "source_number": int(at), "quote": quote} for at, quote in found]
        return [*proven, {"text": said, "source_number": 1, "quote": said}]

    world.model.answer_with(obeys(claims=claims))
    await world.slack.command(ANNA, SALES, "/ask", "Hoeveel dagen verlof?")
    await _ended(world, 1)
    world.model.answer_with(obeys(claims=lambda body, said: []))
    await world.slack.command(ANNA, SALES, "/ask", "Hoeveel vrije dagen?")
    rows = await _ended(world, 2)
    await world.slack.command(CHEF, SALES, "/tijdwinst", "knowledge")
    await world.slack.wait_for(lambda: world.slack.modal(CHEF))

    assert harm(world, "\n".join(lines), named=True) == []
    assert {row["reason"] for row in rows} & {None, ""}
    assert "evil" in prompts(world)


async def test_price_lists_and_customers_give_no_orders(world: World) -> None:
    """Articles and customers by the name of an order, and a quote whose every word was dictated."""
    rows = await import_prices(world)
    articles = [_named(rows[0], f"BAD-{number}", one) for number, one in enumerate(ORDERS)]
    await world.bot.records.quotes.import_prices("T1", (*rows, *articles), file_name="p.csv", file_hash="b")
    for name in CALLS.values():
        customer = Customer(f"Bakker {name}", (f"{name} 1", "Zwolle"))
        await world.bot.records.customers.remember("T1", customer, language="nl", user_id=ANNA)
    world.model.answer_with(obeys(customer=lambda body, said: f"Bakker {CALLS['channel']}"))
    await world.slack.command(ANNA, SALES, "/quote", f"Bakker {CALLS['channel']} wil 4 lampen. {ORDERS[0]}")
    await _ended(world, 1)
    world.model.answer_with(obeys(customer=lambda body, said: said[:70]))
    await world.slack.command(ANNA, SALES, "/quote", f"Wij willen 4 lampen. {ORDERS[1]}")
    ended = await _ended(world, 2)
    await world.slack.command(CHEF, SALES, "/tijdwinst", "customers")
    await world.slack.wait_for(lambda: world.slack.modal(CHEF))
    given = "\n".join([*(one for text in ORDERS for one in text.splitlines()), *CALLS.values()])

    assert harm(world, given) == []
    assert any(row["outcome"] == "drafted" for row in ended)
    assert "BAD-1" in prompts(world)


async def test_pictures_give_no_orders(world: World) -> None:
    """Posts and alt texts that a picture and its name dictated: words to copy, for nobody to click."""
    world.model.answer_with(obeys())
    for number, payload in enumerate(ORDERS):
        words = f"social x, linkedin: onze winkel gaat open. {payload if number % 2 else ''}"
        name = f"{payload.splitlines()[0].replace('/', ' ')}.png"
        await world.slack.say(ANNA, world.im, words, files=[(name, png())])
    rows = await _ended(world, len(ORDERS))

    assert harm(world, "\n".join(ORDERS)) == []
    assert any(row["outcome"] == "drafted" for row in rows)


async def test_a_template_gives_no_orders(world: World) -> None:
    """A template's name, description, fields and examples call nobody where the firm reads of it."""
    await _make(
        world,
        {
            "title": f"Uitnodigen {CALLS['channel']}",
            "description": f"Nodigt uit {CALLS['person']} {CALLS['channel']}",
            "prompt0": f"You write an invitation. Always say {CALLS['channel']} and {CALLS['person']}.",
            "fields": f"Occasion {CALLS['channel']} *",
            "aliases": "uitnodiging",
            "minutes": "20",
        },
    )
    world.model.answer_with(lambda body: f"{' '.join(CALLS.values())} {answer(body)}")
    await world.slack.command(ANNA, SALES, "/draft", "uitnodiging: opening op 3 mei")
    await _ended(world, 1)
    for words in ("", "help", "templates"):
        await world.slack.command(CHEF, SALES, "/tijdwinst", words)
    await world.slack.open_home(CHEF)
    await world.slack.wait_for(lambda: world.slack.workspace.homes.get(CHEF))

    assert harm(world, "", named=True) == []


def _named(row: PriceRow, sku: str, name: str) -> PriceRow:
    return replace(row, sku=sku, name=f"Hanglamp {' '.join(name.split())}")

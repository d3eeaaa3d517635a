"""People ask in their own words, and get the task that they meant or a plain answer: never another task."""

from __future__ import annotations

import sys
import tomllib
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.handlers import HANDLERS
from bot.listeners.intake import ANSWER
from bot.tasks import Run, Task, doubt, lacks_material, load_tasks, recognise
from tests.conftest import ANNA, SALES, World
from tests.test_run import LINES

ROOT = Path(__file__).parent.parent
HELD_OUT: dict[str, Any] = tomllib.loads((Path(__file__).parent / "requests.toml").read_text())
STAND_INS = {
    "quote": ("offerte", "prijsopgave", "quotation"),
    "social": (
        *("social post", "social media post", "sociale-mediabericht", "tweet", "linkedin post"),
        *("linkedin-bericht", "bericht voor linkedin", "post voor linkedin", "instagram post"),
        *("instagram-bericht", "bericht voor instagram", "facebook post", "facebook-bericht"),
    ),
}


def _tasks() -> dict[str, Task]:
    tasks = load_tasks(ROOT / "prompts", HANDLERS)
    for name, aliases in STAND_INS.items():
        tasks.setdefault(name, Task(name=name, title=name, description=name, prompt=name, aliases=aliases))
    return tasks


TASKS = _tasks()


def _found(sentence: str) -> str:
    task, _ = recognise(TASKS, sentence, default=ANSWER)
    return task.name if task else ""


@pytest.mark.parametrize(
    ("name", "sentences"),
    [
        ("summarise", ["vat dit samen", "Vat die thread eens samen", "kun je samenvatten wat hier staat"]),
        (
            "summarise",
            ["please summarise", "summary please", "can you sum this up?", "Een samenvatting graag"],
        ),
        ("summarise", ["vat deze mail samen", "could you give me a summary of the quote?", "TL;DR"]),
        ("summarise", ["Hoi Tijdwinst,\n\nkun je dit samenvatten?", "summarize the minutes"]),
        ("quote", ["offerte voor Piet", "Offerte graag", "wil je voor de klant een offerte opstellen"]),
        (
            "quote",
            ["write a quote", "we need a quotation", "stuur Piet een offerte", "kun je de offerte maken?"],
        ),
        ("minutes", ["notulen graag", "kun je dit notuleren", "write the minutes please"]),
        ("minutes", ["maak hier notulen van", "could you turn this thread into minutes?"]),
        ("email", ["write an email to Jan", "schrijf een mail aan Jan over de offerte", "kun je Jan mailen"]),
        ("translate", ["vertaal deze mail", "kun je dat vertalen", "kunt u de offerte vertalen?"]),
        ("translate", ["translate the minutes", "translation into German please", "translate bonjour"]),
        ("proofread", ["kijk dit even na", "kun je deze mail nakijken", "corrigeer deze tekst"]),
        (
            "proofread",
            ["check this mail for typos", "lees dit na op taalfouten", "wil je de vacature nakijken"],
        ),
        ("plain-language", ["simplify this", "zet dit om naar B1", "rewrite this email in plain English"]),
        ("plain-language", ["maak deze brief makkelijker te lezen", "herschrijf in gewone taal"]),
        ("blog", ["blog over stoelen", "kun je hier een blogje van maken", "write a blog about translation"]),
        ("vacancy", ["schrijf een vacature voor een kok", "job ad for a baker please"]),
        ("reply", ["reply please", "schrijf terug dat het kan", "reply Tell her that it is fine"]),
        (
            "crm-note",
            ["crm-notitie graag", "crm-note gebeld met Piet", "maak een CRM notitie van dit gesprek"],
        ),
        ("announcement", ["announce to everybody that we close", "schrijf een interne mededeling"]),
        ("client-letter", ["schrijf een klantbrief", "make a letter to the client of this"]),
        ("client-letter", ["cliëntbrief hierover", "maak een klantbrief hiervan"]),
        ("quote", ["offerte hierover", "offerte hiervoor graag"]),
        ("answer", ["answer", "answer: what is VAT?"]),
    ],
)
def test_a_natural_sentence_finds_its_task(name: str, sentences: list[str]) -> None:
    """Nobody has to learn our names: verbs, nouns, separable verbs and diminutives do."""
    for sentence in sentences:
        assert _found(sentence) == name, sentence


@pytest.mark.parametrize(
    "sentences",
    [
        ["Vraag aan Jan of het klopt", "antwoord is nee", "answer the customer that we come on Friday"],
        ["email address of Jan?", "email never arrived", "email sent", "email me when you are done"],
        ["Quote accepted by Jan!", "the quote is signed", "offerte is getekend", "blog stats of last week?"],
        ["can you update the price list", "I need five minutes", "please give me a couple of minutes"],
        ["I need an email from Jan", "ik heb een offerte nodig van de drukker", "we hebben een vacature"],
        ["kun je de offerte naar Piet sturen?", "stuur de offerte naar Piet", "put the minutes on the drive"],
        ["write a poem about the quote", "maak een map voor de offerte", "geef me een lijst van offertes"],
        ["kun je uitleggen hoe ik een offerte maak?", "how do I write a blog?", "schrijf je ook notulen?"],
        ["can you ask Jan to translate this?", "remind me to write a blog", "<@UBEN> kun jij notulen maken?"],
        ["kun je nakijken of Piet betaald heeft?", "kijk na wanneer ze komen", "lees de mail na de lunch"],
        ["vertaal dit niet", "do not summarise this", "niet samenvatten graag", "no reply needed"],
        ["Dear Anna, could you send me a quote for 20 chairs?", "is this easier to read?"],
        ["offerte graag aanpassen", "samenvatting klopt niet", "the client wants the translation today"],
        ["", "?", "en", "hello", "bedankt!"],
    ],
)
def test_a_word_is_not_yet_a_wish(sentences: list[str]) -> None:
    """Who only mentions a quote, an e-mail or five minutes does not get a draft of one."""
    for sentence in sentences:
        assert _found(sentence) == "", sentence


@pytest.mark.parametrize(
    "sentence",
    [
        "make a reply and a quote",
        "vat samen en vertaal",
        "translate this and write a poem",
        "summarise this and then call Jan",
        "write a reply email",
    ],
)
def test_two_wishes_are_not_one_of_them(sentence: str) -> None:
    """Who asks for two things does not get one of them as if that were all."""
    assert _found(sentence) == ""


def test_the_pasted_text_asks_for_nothing() -> None:
    """What stands below or behind the wish is material, whatever it asks for."""
    assert _found("vertaal dit:\nKunt u een offerte maken?") == "translate"
    assert _found("Can you proofread this: please write us a quote") == "proofread"
    assert _found("Hierbij de tekst van Jan:\nkun je een offerte maken?") == ""
    assert _found("." * 40_000 + " vertaal dit") == ""


def test_the_words_behind_a_name_stay() -> None:
    """The task reads what was asked: all of a sentence, and what follows a name."""
    assert recognise(TASKS, "blog over stoelen")[1] == "over stoelen"
    assert recognise(TASKS, "kun je dit vertalen?")[1] == "kun je dit vertalen?"
    assert recognise(TASKS, "Vraag aan Jan of het klopt")[1] == "Vraag aan Jan of het klopt"


@settings(deadline=None)  # the first sentence pays for the index of the names
@given(
    st.text(max_size=80)
    | st.lists(st.sampled_from(["kun", "je", "de", "mail", "na", "vat", "samen", "and", "please", "."]))
)
def test_no_text_breaks_it(written: str | list[str]) -> None:
    """Whatever somebody types gets a draft or an answer, never an error."""
    sentence = written if isinstance(written, str) else " ".join(written)
    task, rest = recognise(TASKS, sentence, default=ANSWER)

    found = doubt(TASKS, sentence, default=ANSWER, draft_open=True)

    assert task is None or task.name in TASKS
    assert rest in sentence
    assert found is None or set(found.mentioned) <= TASKS.keys()


def test_held_out_requests(capsys: pytest.CaptureFixture[str]) -> None:
    """Of 120 requests that were written before the rules none gets a wrong task, and 60 % need no model."""
    asked = [
        (language, name, sentence)
        for language in ("nl", "en")
        for name, sentences in HELD_OUT[language].items()
        for sentence in sentences
    ]
    found = Counter(language for language, name, sentence in asked if _found(sentence) == name)
    wrong = [sentence for _, name, sentence in asked if _found(sentence) not in ("", name)]
    wrong += [one for part in HELD_OUT["none"].values() for one in part if _found(one)]
    with capsys.disabled():
        sys.stdout.write(
            f"\nheld-out requests: Dutch {found['nl']}/60, English {found['en']}/60, wrong {len(wrong)}\n"
        )

    assert len(asked) == 120
    assert {name for _, name, _ in asked} <= TASKS.keys()
    assert wrong == []
    assert sum(found.values()) >= 72


def test_held_out_doubts(capsys: pytest.CaptureFixture[str]) -> None:
    """Most requests that the rules do not find are asked about; a question, thanks or news are not."""
    unfound = [
        sentence
        for language in ("nl", "en")
        for sentences in HELD_OUT[language].values()
        for sentence in sentences
        if not _found(sentence)
    ]
    asked = [sentence for sentence in unfound if doubt(TASKS, sentence, default=ANSWER)]
    idle = [
        sentence
        for sentences in HELD_OUT["none"].values()
        for sentence in sentences
        if (open_points := doubt(TASKS, sentence, default=ANSWER)) and not open_points.asked
    ]
    with capsys.disabled():
        sys.stdout.write(f"\nheld-out doubts: {len(asked)} of {len(unfound)} not found are asked about\n")

    assert len(asked) * 3 >= len(unfound) * 2
    assert idle == []


@pytest.mark.parametrize(
    ("sentence", "asked"),
    [
        ("vat dit samen en maak er een LinkedIn-bericht van", {"summarise", "social"}),
        ("translate this and then post it on LinkedIn", {"", "translate"}),
    ],
)
def test_two_wishes_are_both_known(sentence: str, asked: set[str]) -> None:
    """Who asks for two things can be asked which one comes first."""
    found = doubt(TASKS, sentence, default=ANSWER)

    assert found is not None
    assert set(found.asked) == asked


@pytest.mark.parametrize(
    ("words", "alone", "in_draft"),
    [
        ("noem de levertijd ook", False, True),
        ("maak het vriendelijker en noem de levertijd", True, True),
        ("korter", False, False),
        ("wie is Jan?", False, False),
        ("thanks, great work", False, False),
        ("<@UBEN> maak jij dit af?", False, False),
        ("schrijf dit niet", False, True),
        ("Dear Anna, make us an offer", False, False),
        ("schrijf " + "heel " * 60, False, False),
        ("", False, False),
    ],
)
def test_an_open_draft_makes_more_words_a_wish(words: str, alone: bool, in_draft: bool) -> None:
    """What could be about the open draft is asked about; questions, thanks and words to others never are."""
    assert bool(doubt(TASKS, words, default=ANSWER)) is alone
    assert bool(doubt(TASKS, words, default=ANSWER, draft_open=True)) is in_draft


@pytest.mark.parametrize(
    ("task", "words", "lacks"),
    [
        ("translate", "vertaal dit naar het Engels", True),
        ("translate", "translate bonjour", False),
        ("minutes", "maak hier notulen van", True),
        ("minutes", "maak notulen: Anna opent om tien uur", False),
        ("vacancy", "kun je een vacature schrijven?", True),
        ("vacancy", "schrijf een vacature voor een kok", False),
        ("quote", "maak een offerte", False),
        ("summarise", "vat dit even samen", True),
        ("reply", "schrijf een antwoord", False),
    ],
)
def test_only_bare_wishes_lack_material(task: str, words: str, lacks: bool) -> None:
    """A form is asked for where nothing is there to write from, and not where one word is."""
    run = Run("T1:D1:1.1", "T1", "D1", ANNA, task, "message", "nl", words=words)
    in_thread = replace(run, surface="mention", source_channel_id=SALES, source_ts="1.0")

    assert lacks_material(run, TASKS[task]) is lacks
    assert not lacks_material(in_thread, TASKS[task])
    assert not lacks_material(replace(run, source_channel_id=SALES, source_oldest="1.0"), TASKS[task])


async def test_a_task_asks_in_its_own_form(world: World) -> None:
    """`/draft vacancy` asks what a vacancy needs; what is filled in there is enough to write from."""
    await world.slack.command(ANNA, SALES, "/draft", "vacature")
    await world.slack.wait_for(lambda: world.slack.modals.get(ANNA))
    filled = {
        "task": "vacancy",
        "input_job": "Baker, 32 hours, Zutphen",
        "input_work": "Bake bread at night.",
    }
    await world.slack.submit(ANNA, filled)
    await world.card()
    (row,) = await world.rows()

    assert row["task"] == "vacancy"
    assert "job: Baker, 32 hours, Zutphen" in str(world.model.requests[0].body["messages"])


@pytest.mark.parametrize(
    ("words", "task"),
    [
        ("kun je hier een mailtje van maken voor de klant?", "email"),
        ("could you translate this into Dutch?", "translate"),
        ("Vraag of hij vrijdag kan", "answer"),
        ("did the carrier answer the email?", "answer"),
    ],
)
async def test_a_mention_in_own_words_finds_the_task(world: World, words: str, task: str) -> None:
    """Whoever mentions the bot need not know what its tasks are called; a question is only answered."""
    root = await world.thread(*LINES)
    await world.slack.say(ANNA, SALES, f"<@{world.slack.workspace.bot_user_id}> {words}", thread_ts=root)
    await world.card()
    (row,) = await world.rows()

    assert row["task"] == task
    assert words in str(world.model.requests[0].body["messages"])

"""A small firm to try the bot in: our own invention, in Dutch and English."""

from __future__ import annotations

from bot.sandbox.workspace import Workspace

PEOPLE = {
    "USANNE": ("sanne", "Sanne Bloem", True),
    "UTOM": ("tom", "Tom Bakker", False),
    "UFATIMA": ("fatima", "Fatima El Amrani", False),
    "UJOOST": ("joost", "Joost de Wit", False),
    "UEMMA": ("emma", "Emma Clarke", False),
}

CHANNELS = {"CVERKOOP": "verkoop", "CGENERAL": "general", "CSUPPORT": "support"}

THREADS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    (
        "CVERKOOP",
        (
            (
                "UTOM",
                "Hotel Duinzicht wil 24 plantenbakken voor het terras, levering voor 18 december. Kan dat?",
            ),
            ("UJOOST", "Van de grote staan er 16 in Aalsmeer. De andere 8 komen pas op 14 december binnen."),
            ("UFATIMA", "Dan kunnen we op woensdag 16 december leveren, als de wagen die dag vrij is."),
            ("UTOM", "Ze vroegen ook om korting. Ik dacht aan 5 procent bij 24 stuks."),
            ("USANNE", "Akkoord met 5 procent, maar niet meer. De bakken staan voor 89 euro per stuk."),
            ("UJOOST", "Ik reserveer de wagen voor 16 december, ochtend."),
            ("UTOM", "Mooi. Dan maak ik morgen de offerte. Wie belt ze over de plek van de kraan?"),
            ("UFATIMA", "Weten we eigenlijk of er een lift is voor het dakterras?"),
            ("USANNE", "Besloten dus: 24 bakken, 5 procent korting, levering 16 december."),
        ),
    ),
    (
        "CVERKOOP",
        (
            ("UFATIMA", "Mevrouw Van Dam mailt dat twee van de drie olijfbomen blad verliezen."),
            ("UJOOST", "Dat is normaal na het verpotten. Wel minder water geven, eens per tien dagen."),
            ("UFATIMA", "Ze vraagt of we komen kijken. Het is in Haarlem."),
            ("UTOM", "Ik ben vrijdag in Haarlem, ik ga om 14.00 uur langs."),
            ("USANNE", "Prima. Als er een dood is vervangen we hem kosteloos, dat valt onder de garantie."),
        ),
    ),
    (
        "CGENERAL",
        (
            (
                "UEMMA",
                "The Christmas opening hours need to go on the site this week. What do we do on the 24th?",
            ),
            ("USANNE", "We close at 16:00 on 24 December and open again on Monday 28 December."),
            ("UTOM", "And New Year's Eve?"),
            ("USANNE", "Closed all day, agreed with everybody last year already."),
            ("UEMMA", "I will put it on the site and in the newsletter by Thursday."),
            ("UFATIMA", "Who answers the phone between the holidays?"),
            ("UJOOST", "Not me, I am away until 4 January."),
        ),
    ),
    (
        "CSUPPORT",
        (
            ("UEMMA", "A customer in Ghent got the wrong pots: 6 grey instead of 6 terracotta, order 2291."),
            ("UJOOST", "My mistake, I mixed up two pallets. The right ones can leave tomorrow."),
            ("UEMMA", "Do they have to send the grey ones back?"),
            ("USANNE", "No, they may keep them. Sending back costs us more than 40 euros."),
            ("UEMMA", "I will write to them today and say that the right pots arrive on Friday 27 November."),
        ),
    ),
)


def seed_workspace(workspace: Workspace) -> None:
    """Fill an empty workspace with a small garden firm and its talk."""
    for user_id, (name, real_name, admin) in PEOPLE.items():
        workspace.add_user(user_id, name, real_name, is_admin=admin)
    for channel_id, name in CHANNELS.items():
        workspace.add_channel(channel_id, name, "public", [*PEOPLE, workspace.bot_user_id])
    workspace.add_channel("GDIRECTIE", "directie", "private", ["USANNE", "UTOM"])
    for channel_id, lines in THREADS:
        root = ""
        for user_id, line in lines:
            message = workspace.add_message(channel_id, user_id, line, thread_ts=root)
            root = root or str(message["ts"])

"""What the people of the invented garden firm said to each other; words only."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Thread:
    """A conversation: lines of a person's id (or another app's), words, and a file's name if there is one."""

    channel_id: str
    hours_ago: float
    lines: tuple[tuple[str, ...], ...]
    app: str = ""
    files: dict[str, str] = field(default_factory=dict)


FAIR = Thread(
    "CGENERAL",
    51.0,
    (
        ("UEMMA", "The garden fair in Utrecht is on 20 and 21 March. Shall we take a stand again?"),
        ("USANNE", "Yes. Last year brought 41 addresses and 9 orders, so it paid for itself."),
        ("UTOM", "Which size? Last year's 3 by 3 metres was too tight with the pots in front."),
        ("UEMMA", "A 3 by 5 stand costs 1,450 euros, the 3 by 3 costs 980. Both without electricity."),
        ("UTOM", "I would take the 3 by 5, on a corner if there is one left."),
        ("USANNE", "Let us take 3 by 5 then. Emma, will you book it?"),
        ("UEMMA", "I will book it before 1 December: after that the early price is gone."),
        ("UJOOST", "What do we show? I can spare 12 large planters and 4 olive trees."),
        ("UFATIMA", "People kept asking about the watering system. We had nothing to show."),
        ("UTOM", "I can build a small demo of it, with a see-through pot. It needs electricity."),
        ("UEMMA", "Electricity is 95 euros extra for the two days."),
        ("USANNE", "Fine, take the electricity."),
        ("UJOOST", "The van is too small for 12 planters and the trees. Two trips, or rent a lorry?"),
        ("UTOM", "Two trips from Aalsmeer cost half a day. A lorry is 160 euros a day."),
        ("USANNE", "Two trips. We do not need a lorry for that."),
        ("UFATIMA", "Who stands there? I can do Friday, not Saturday."),
        ("UEMMA", "I can do both days."),
        ("UTOM", "Saturday is fine for me."),
        ("UJOOST", "I drive and build up on Thursday evening, but somebody has to help me."),
        ("UTOM", "I will help on Thursday, from 18:00."),
        ("UEMMA", "Do we give a fair discount? The neighbours gave 10 percent."),
        ("USANNE", "No discount. Free delivery within 50 km instead, for orders before 1 April."),
        (
            "UEMMA",
            "The corner stands are gone, I just called. There is a 3 by 4 at the entrance for 1,290 euros.",
        ),
        ("USANNE", "Then take the 3 by 4 at the entrance, that is better than a 3 by 5 in the back."),
        ("UJOOST", "With 3 by 4 I bring 8 planters, not 12. Then one trip is enough."),
        ("UFATIMA", "Do we still have flyers, or must new ones be printed?"),
        (
            "UEMMA",
            "Booked: 3 by 4 at the entrance, with electricity. The confirmation is in the shared folder.",
        ),
    ),
)

PLAN = Thread(
    "CPLANNING",
    27.0,
    (
        ("UJOOST", "Planning tuin familie Smit in Hilversum: begin maandag, vier dagen, twee man."),
        ("UTOM", "Ik kan maandag niet, dan sta ik bij het hotel. Dinsdag wel."),
        ("USANNE", "Dan beginnen we dinsdag. Joost en Tom samen."),
        ("UFATIMA", "Mevrouw Smit belde: de vijver moet toch weg, dat stond niet in de offerte."),
        ("UJOOST", "Dat scheelt een dag extra graafwerk en een container van 6 kuub."),
        (
            "USANNE",
            "Reken 480 euro extra voor het graven en de container. Fatima, wil jij dat aan haar mailen?",
        ),
        ("UFATIMA", "Doe ik vandaag nog."),
        ("UTOM", "Met die vijver erbij halen we het niet in vier dagen. Ik reken op vijf."),
        ("UJOOST", "Dinsdag geeft het KNMI code geel voor regen. Graven heeft dan geen zin."),
        ("USANNE", "Goed, we verschuiven: start woensdag, vijf dagen, dus klaar op dinsdag daarna."),
        ("UFATIMA", "Ze gaat akkoord met de 480 euro, maar wil weten of de kikkers verhuisd worden."),
        ("UJOOST", "De minigraver heb ik omgezet naar woensdag, het verhuurbedrijf vond het goed."),
    ),
)

PRICES = Thread(
    "CVERKOOP",
    5.0,
    (
        ("UFATIMA", "De nieuwe inkoopprijzen van de kweker, vanaf 1 januari.", "inkoopprijzen.csv"),
        ("UTOM", "Olijfbomen gaan van 118 naar 131 euro. Dat is 11 procent."),
        ("USANNE", "Dan moet onze verkoopprijs mee: van 189 naar 209 euro."),
        ("UTOM", "En de terracotta potten? Die blijven 14,50."),
        ("USANNE", "Potten laten we gelijk. Fatima, pas jij de webshop aan voor 1 januari?"),
        ("UFATIMA", "Ja. Geldt de oude prijs nog voor offertes die al verstuurd zijn?"),
        ("UJOOST", "Ik heb er nog 14 op voorraad voor de oude prijs."),
    ),
    files={
        "inkoopprijzen.csv": "artikel;oud;nieuw\nOlijfboom 150 cm;118,00;131,00\nTerracotta pot 40 cm;14,50;14,50\n"
        "Plantenbak groot;52,00;54,50\nDruppelslang 25 m;19,95;19,95\n"
    },
)

ORDER = Thread(
    "CSUPPORT",
    3.0,
    (
        (
            "BSHOP",
            "Order 2317 was placed: 40 lavender plants and 2 large planters, 412.00 euros, to Antwerp.",
        ),
        ("UEMMA", "Lavender to Antwerp in November? It will freeze on the way."),
        ("UJOOST", "They can stand minus 5. But the courier leaves parcels outside over the weekend."),
        ("UEMMA", "Shall I ask whether it may come next week?"),
        ("USANNE", "Yes, ask. If they want it now, send it on Monday and not before the weekend."),
        ("UEMMA", "I write to them this afternoon."),
        ("UJOOST", "The 2 large planters are on the pallet already, they can go today."),
    ),
    app="Webshop",
)

QUOTE = Thread(
    "CVERKOOP",
    30.0,
    (
        ("UTOM", "Hotel Duinzicht wil 24 plantenbakken voor het terras, levering voor 18 december. Kan dat?"),
        ("UJOOST", "Van de grote staan er 16 in Aalsmeer. De andere 8 komen pas op 14 december binnen."),
        ("UFATIMA", "Dan kunnen we op woensdag 16 december leveren, als de wagen die dag vrij is."),
        ("UTOM", "Ze vroegen ook om korting. Ik dacht aan 5 procent bij 24 stuks."),
        ("USANNE", "Akkoord met 5 procent, maar niet meer. De bakken staan voor 89 euro per stuk."),
        ("UJOOST", "Ik reserveer de wagen voor 16 december, ochtend."),
        ("UTOM", "Mooi. Dan maak ik morgen de offerte. Wie belt ze over de plek van de kraan?"),
        ("UFATIMA", "Weten we eigenlijk of er een lift is voor het dakterras?"),
        ("USANNE", "Besloten dus: 24 bakken, 5 procent korting, levering 16 december."),
    ),
)

COMPLAINT = Thread(
    "CVERKOOP",
    25.0,
    (
        ("UFATIMA", "Mevrouw Van Dam mailt dat twee van de drie olijfbomen blad verliezen."),
        ("UJOOST", "Dat is normaal na het verpotten. Wel minder water geven, eens per tien dagen."),
        ("UFATIMA", "Ze vraagt of we komen kijken. Het is in Haarlem."),
        ("UTOM", "Ik ben vrijdag in Haarlem, ik ga om 14.00 uur langs."),
        ("USANNE", "Prima. Als er een dood is vervangen we hem kosteloos, dat valt onder de garantie."),
    ),
)

HOURS = Thread(
    "CGENERAL",
    22.0,
    (
        ("UEMMA", "The Christmas opening hours need to go on the site this week. What do we do on the 24th?"),
        ("USANNE", "We close at 16:00 on 24 December and open again on Monday 28 December."),
        ("UTOM", "And New Year's Eve?"),
        ("USANNE", "Closed all day, agreed with everybody last year already."),
        ("UEMMA", "I will put it on the site and in the newsletter by Thursday."),
        ("UFATIMA", "Who answers the phone between the holidays?"),
        ("UJOOST", "Not me, I am away until 4 January."),
    ),
)

POTS = Thread(
    "CSUPPORT",
    24.0,
    (
        ("UEMMA", "A customer in Ghent got the wrong pots: 6 grey instead of 6 terracotta, order 2291."),
        ("UJOOST", "My mistake, I mixed up two pallets. The right ones can leave tomorrow."),
        ("UEMMA", "Do they have to send the grey ones back?"),
        ("USANNE", "No, they may keep them. Sending back costs us more than 40 euros."),
        ("UEMMA", "I will write to them today and say that the right pots arrive on Friday 27 November."),
    ),
)

# Talk that is no thread, so that a channel reads as one.
ALONE = (
    Thread(
        "CGENERAL", 50.0, (("UFATIMA", "Coffee is finished again. I will get some on the way tomorrow."),)
    ),
    Thread("CGENERAL", 2.0, (("USANNE", "The accountant comes at 15:00, please keep the big table free."),)),
    Thread("CVERKOOP", 4.0, (("UTOM", "Vanmiddag ben ik bij Hotel Duinzicht, mobiel bereikbaar."),)),
    Thread(
        "CPLANNING", 6.0, (("USANNE", "Wie neemt deze week de wagen mee voor de apk? Uiterlijk vrijdag."),)
    ),
)

THREADS = (FAIR, PLAN, PRICES, ORDER, QUOTE, COMPLAINT, HOURS, POTS, *ALONE)

// What the page itself says, in the language of whoever looks; English is the key, and what is missing stays English.
const DUTCH = {
  "(edited)": "(bewerkt)",
  "(optional)": "(optioneel)",
  "1 earlier reply is not shown.": "1 eerder antwoord wordt niet getoond.",
  "1 older one is not shown; “Threads” lists every thread.": "1 ouder bericht wordt niet getoond; “Threads” toont ze allemaal.",
  "1 reply": "1 antwoord",
  "1 result": "1 resultaat",
  "1 thread": "1 thread",
  "A bot": "Een bot",
  "A local Slack. Try @Tijdwinst summarise in a thread, “Summarize thread” at a message, or /summarize with a message link in a channel.":
    "Een lokale Slack. Probeer @Tijdwinst vat samen in een thread, “Summarize thread” bij een bericht, of /summarize met een link naar een bericht in een kanaal.",
  "A message that this page cannot show:": "Een bericht dat deze pagina niet kan tonen:",
  "Add files": "Bestanden toevoegen",
  "Apps": "Apps",
  "Back": "Terug",
  "Back to the channel": "Terug naar het kanaal",
  "Back to the messages": "Terug naar de berichten",
  "Cancel": "Annuleren",
  "Channels": "Kanalen",
  "Choose": "Kies",
  "Choose …": "Kies …",
  "Chosen": "Gekozen",
  "Close": "Sluiten",
  "Deleted message": "Verwijderd bericht",
  "Dismiss": "Verbergen",
  "Download {name}": "{name} downloaden",
  "File: {name}, which is not in this workspace": "Bestand: {name}, dat niet in deze werkruimte staat",
  "Filter": "Filter",
  "Home": "Start",
  "Invite Tijdwinst to this channel": "Nodig Tijdwinst uit in dit kanaal",
  "Language": "Taal",
  "Link into the message box": "Link in het berichtvak",
  "Menu": "Menu",
  "Message, @Tijdwinst …, or /command": "Bericht, @Tijdwinst … of /commando",
  "Message, or /command; Enter sends, Shift and Enter begins a new line": "Bericht, of /commando; Enter verstuurt, Shift en Enter begint een nieuwe regel",
  "Messages": "Berichten",
  "Messages; the arrow keys go from one to the next": "Berichten; met de pijltjestoetsen ga je van het ene naar het andere",
  "More actions": "Meer acties",
  "No results": "Geen resultaten",
  "No runs yet.": "Nog geen verzoeken.",
  "Nobody has written here yet.": "Hier heeft nog niemand geschreven.",
  "Only visible to you": "Alleen zichtbaar voor jou",
  "Only visible to you: ": "Alleen zichtbaar voor jou: ",
  "Open it": "Openen",
  "Open {name} in a new tab": "{name} apart openen",
  "Open the message": "Het bericht openen",
  "Preview": "Voorbeeld",
  "Remove {name}": "{name} weghalen",
  "Reply in thread": "Antwoord in thread",
  "Reply, or @Tijdwinst summarise": "Antwoord, of @Tijdwinst vat samen",
  "Send": "Versturen",
  "Shortcuts": "Snelkoppelingen",
  "Stop": "Stop",
  "Stopped.": "Gestopt.",
  "Submit": "Versturen",
  "Suggestions": "Suggesties",
  "Table": "Tabel",
  "That could not be uploaded.": "Dat kon niet worden geüpload.",
  "That did not work: {why}": "Dat lukte niet: {why}",
  "That was not taken: {why}": "Dat is niet aangenomen: {why}",
  "The app gave no choices: {why}": "De app gaf geen keuzes: {why}",
  "The ledger": "Het grootboek",
  "The newest runs. Unknown stays unknown: a run without a decision has saved nothing yet.":
    "De nieuwste verzoeken. Onbekend blijft onbekend: een verzoek zonder besluit heeft nog niets bespaard.",
  "The newest {n} messages.": "De nieuwste {n} berichten.",
  "There are no threads here yet.": "Hier zijn nog geen threads.",
  "This channel is archived: nobody can write in it.": "Dit kanaal is gearchiveerd: niemand kan erin schrijven.",
  "This stopped half-way.": "Dit stopte halverwege.",
  "Threads ({n})": "Threads ({n})",
  "Threads in # {name}, the one that was written in last first.": "Threads in # {name}, de laatst gebruikte bovenaan.",
  "Tijdwinst has published no Home tab yet.": "Tijdwinst heeft nog niets op de starttab.",
  "Tijdwinst is answering in your messages tab. ": "Tijdwinst antwoordt in je berichtentab. ",
  "Tijdwinst: Home": "Tijdwinst: Start",
  "Tijdwinst: Messages": "Tijdwinst: Berichten",
  "To the message box": "Naar het berichtvak",
  "Type at least {n} characters.": "Typ minstens {n} tekens.",
  "Uploading …": "Uploaden …",
  "Workspace": "Werkruimte",
  "Write to Tijdwinst here: a question, or a link to a message.": "Schrijf hier aan Tijdwinst: een vraag, of een link naar een bericht.",
  "Write to Tijdwinst, or /command": "Schrijf aan Tijdwinst, of /commando",
  "Writing …": "Schrijft …",
  "You are": "Je bent",
  "You are not in this channel yet: writing here joins it": "Je zit nog niet in dit kanaal: wie hier schrijft wordt lid",
  "You cannot see that conversation: here is another.": "Dat gesprek kun je niet zien: hier is een ander.",
  "new": "nieuw",
  "asked": "gevraagd",
  "cost (µ$)": "kosten (µ$)",
  "from": "via",
  "input tokens": "tokens in",
  "model": "model",
  "outcome": "uitkomst",
  "output tokens": "tokens uit",
  "review": "oordeel",
  "review (min)": "nakijken (min)",
  "saved (min)": "gewonnen (min)",
  "task": "taak",
  "private, ": "besloten, ",
  "unknown": "onbekend",
  "{name}: thread": "{name}: thread",
  "{name}: threads": "{name}: threads",
  "{n} earlier replies are not shown.": "{n} eerdere antwoorden worden niet getoond.",
  "{n} older ones are not shown; “Threads” lists every thread.": "{n} oudere berichten worden niet getoond; “Threads” toont ze allemaal.",
  "{n} replies": "{n} antwoorden",
  "{n} results": "{n} resultaten",
  "{n} threads": "{n} threads",
  ", the last on {day}": ", het laatste op {day}",
};

let dutch = false;

// Speak a person's language; says whether that is another one than before.
export function speak(locale) {
  const before = dutch;
  dutch = locale.startsWith("nl");
  document.documentElement.lang = dutch ? "nl" : "en";
  return before !== dutch;
}

export const locale = () => (dutch ? "nl-NL" : "en-GB");

export function t(english, more = {}) {
  return ((dutch && DUTCH[english]) || english).replace(/\{(\w+)\}/g, (whole, name) => (name in more ? String(more[name]) : whole));
}

export const count = (n, one, many) => t(n === 1 ? one : many, { n });

// The words that stand in the page from the beginning.
export function translate() {
  for (const one of document.querySelectorAll("[data-t]")) one.textContent = t(one.dataset.t);
  for (const one of document.querySelectorAll("[data-t-label]")) one.setAttribute("aria-label", t(one.dataset.tLabel));
}

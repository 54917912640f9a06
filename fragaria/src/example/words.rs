//! The words that names and texts are made of.

/// Who makes things, as the first word of a product's name.
pub(super) const MAKES: [&str; 28] = [
    "Alder", "Birk", "Calla", "Dune", "Ember", "Fjord", "Grove", "Halden", "Iris", "Juniper",
    "Kestrel", "Linden", "Moss", "Nordlys", "Oriel", "Pello", "Quill", "Rowan", "Sorrel", "Tarn",
    "Ulmo", "Vesper", "Willow", "Yarrow", "Zephyr", "Bramble", "Cove", "Heron",
];

pub(super) const COLOURS: [&str; 12] = [
    "moss", "slate", "ochre", "chalk", "ink", "rust", "sand", "plum", "sky", "black", "fern",
    "cream",
];

pub(super) const PRAISE: [&str; 10] = [
    "Made to last and easy to mend.",
    "From a small workshop that has made little else for forty years.",
    "Plain, sturdy and a pleasure to use.",
    "Every part can be replaced.",
    "The one we use ourselves.",
    "Lighter than it looks.",
    "Finished by hand, so no two are quite alike.",
    "Packed without plastic.",
    "A good present for people who have everything.",
    "It only gets better with the years.",
];

pub(super) const TAGS: [&str; 12] = [
    "handmade", "gift", "new", "organic", "recycled", "repairable", "limited", "local", "classic",
    "for children", "plastic-free", "lightweight",
];

pub(super) const GIVEN_NAMES: [&str; 60] = [
    "Ada", "Amara", "Anders", "Anouk", "Bilal", "Bruno", "Carmen", "Chidi", "Clara", "Daan",
    "Dilara", "Elif", "Emil", "Enzo", "Esther", "Farah", "Femke", "Freya", "Gabriel", "Giulia",
    "Hana", "Henrik", "Ines", "Ingrid", "Ivo", "Jana", "João", "Jonas", "Kaito", "Katarzyna",
    "Leila", "Léo", "Linnea", "Luca", "Mael", "Malik", "Marta", "Mateo", "Mira", "Nadia",
    "Niamh", "Nikos", "Noor", "Oskar", "Paula", "Pavel", "Priya", "Rosa", "Samir", "Saoirse",
    "Sofia", "Stefan", "Sunniva", "Tariq", "Teodora", "Tomás", "Ursula", "Viktor", "Yusuf", "Zoë",
];

pub(super) const FAMILY_NAMES: [&str; 72] = [
    "Adeyemi", "Ahmed", "Andersson", "Bakker", "Bauer", "Becker", "Bernard", "Bianchi", "Blanc",
    "Brandt", "Byrne", "Costa", "Dahl", "D'Angelo", "De Vries", "Demir", "Dimitrov", "Dubois",
    "Eriksen", "Fernández", "Fischer", "Fontaine", "Garcia", "Gruber", "Haddad", "Hansen",
    "Horvat", "Ivanova", "Jansen", "Jørgensen", "Kaya", "Keller", "Khan", "Kowalska", "Lambert",
    "Larsen", "Leclerc", "Lindqvist", "Lopes", "Maier", "Marino", "Martin", "Mendes", "Meyer",
    "Moreau", "Müller", "Murphy", "Nagy", "Navarro", "Nielsen", "Novák", "O'Brien", "Okafor",
    "Olsen", "Papadakis", "Patel", "Peeters", "Pereira", "Petrov", "Popescu", "Rahman", "Ricci",
    "Rossi", "Schmid", "Silva", "Sørensen", "Svoboda", "Tanaka", "Vermeulen", "Visser", "Weber",
    "Wójcik",
];

/// Cities and their countries, the ones with more customers first.
pub(super) const CITIES: [(&str, &str); 36] = [
    ("Berlin", "DE"), ("Paris", "FR"), ("Amsterdam", "NL"), ("Vienna", "AT"), ("Hamburg", "DE"),
    ("Lyon", "FR"), ("Brussels", "BE"), ("Milan", "IT"), ("Zürich", "CH"), ("Copenhagen", "DK"),
    ("Madrid", "ES"), ("Stockholm", "SE"), ("Munich", "DE"), ("Rotterdam", "NL"), ("Dublin", "IE"),
    ("Oslo", "NO"), ("Warsaw", "PL"), ("Prague", "CZ"), ("Barcelona", "ES"), ("Cologne", "DE"),
    ("Graz", "AT"), ("Lisbon", "PT"), ("Helsinki", "FI"), ("Rome", "IT"), ("Ghent", "BE"),
    ("Utrecht", "NL"), ("Marseille", "FR"), ("Gothenburg", "SE"), ("Athens", "GR"),
    ("Budapest", "HU"), ("Leipzig", "DE"), ("Basel", "CH"), ("Porto", "PT"), ("Cork", "IE"),
    ("Aarhus", "DK"), ("Bergen", "NO"),
];

pub(super) const MAIL_HOSTS: [&str; 3] = ["example.com", "example.org", "example.net"];

pub(super) const NOTES: [&str; 6] = [
    "Please leave it with the neighbours.",
    "It is a present: no invoice in the box, please.",
    "Ring twice.",
    "Deliver in the afternoon.",
    "Back door, past the bicycles.",
    "Please pack it without plastic.",
];

/// What people write above and in a review; `{}` is the thing.
pub(super) struct Mood {
    pub(super) titles: [&'static str; 5],
    pub(super) sentences: [&'static str; 7],
}

/// By rating, one star first; some sentences fit more than one.
pub(super) const MOODS: [Mood; 5] = [
    Mood {
        titles: ["Broke at once", "Sent it back", "Never again", "Not what was shown", "A letdown"],
        sentences: [
            "The {} came with a crack and the second one did too.",
            "It held for a week.",
            "Nothing like the picture.",
            "I would give no star if I could.",
            "The price is a joke.",
            "At least the refund was quick.",
            "I expected better of this {}.",
        ],
    },
    Mood {
        titles: ["Could be better", "Too dear for this", "Rather flimsy", "Meh", "Not convinced"],
        sentences: [
            "The {} works, just about.",
            "The finish is rough where it matters.",
            "It is smaller than I thought.",
            "For half the price I would not complain.",
            "It wobbles.",
            "The colour is off.",
            "I use the old {} again.",
        ],
    },
    Mood {
        titles: ["Fine", "Does the job", "So-so", "As expected", "All right for the price"],
        sentences: [
            "A {} like any other.",
            "It does what it should.",
            "Nothing to praise and nothing to blame.",
            "It took its time to arrive.",
            "Good enough for every day.",
            "The instructions could be clearer.",
            "I may buy another {} one day.",
        ],
    },
    Mood {
        titles: ["Very good", "Well made", "Happy with it", "Good value", "Nearly perfect"],
        sentences: [
            "A solid {} that feels good in the hand.",
            "It arrived a day early.",
            "One star less for the box, which was far too big.",
            "My sister wants one as well.",
            "Easy to clean.",
            "It looks even better than in the picture.",
            "I have had this {} for a month and use it daily.",
        ],
    },
    Mood {
        titles: ["Love it", "Could not be better", "Worth every cent", "Just right", "Brilliant"],
        sentences: [
            "The best {} I ever had.",
            "You can tell that somebody took care.",
            "It will outlive me.",
            "I bought a second one as a present.",
            "It's exactly what I was looking for.",
            "Worth the wait.",
            "Whoever made this {}: thank you.",
        ],
    },
];

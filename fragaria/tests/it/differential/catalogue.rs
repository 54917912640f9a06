//! The tables of the test, described apart from the product: what the API of them must be like.

use std::fmt;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Boolean,
    Int,
    BigInt,
    Float,
    Decimal,
    String,
    Uuid,
    Date,
    LocalTime,
    LocalDateTime,
    DateTime,
    Json,
    Bytes,
    Mood,
}

/// The values of the enum `Mood` in their order: name in the API, label in the database.
pub(super) const MOODS: [(&str, &str); 4] = [
    ("SAD", "sad"),
    ("IN_LOVE", "in love"),
    ("HAPPY", "happy"),
    ("ANGRY", "angry"),
];

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uuid => f.write_str("UUID"),
            Self::Json => f.write_str("JSON"),
            other => write!(f, "{other:?}"),
        }
    }
}

impl Kind {
    /// The comparisons of its filter.
    pub(super) fn operators(self) -> &'static [&'static str] {
        const ALL: [&str; 18] = [
            "isNull",
            "eq",
            "ne",
            "in",
            "notIn",
            "lt",
            "lte",
            "gt",
            "gte",
            "like",
            "ilike",
            "startsWith",
            "endsWith",
            "contains",
            "ieq",
            "istartsWith",
            "iendsWith",
            "icontains",
        ];
        match self {
            Self::Json => &ALL[..1],
            Self::Boolean | Self::Mood => &ALL[..5],
            Self::String => &ALL,
            _ => &ALL[..9],
        }
    }

    /// The family of columns it is compared with in one row.
    pub(super) fn family(self) -> Option<String> {
        match self {
            Self::Json => None,
            Self::Mood => Some("Enum".to_owned()),
            Self::Int | Self::BigInt | Self::Decimal => Some("Number".to_owned()),
            other => Some(other.to_string()),
        }
    }

    /// The comparisons with another column.
    pub(super) fn column_operators(self) -> &'static [&'static str] {
        const ALL: [&str; 6] = ["eq", "ne", "lt", "lte", "gt", "gte"];
        match self {
            Self::Boolean | Self::Mood => &ALL[..2],
            _ => &ALL,
        }
    }

    /// What `sum` of it is.
    pub(super) fn sum(self) -> Option<Self> {
        match self {
            Self::Int => Some(Self::BigInt),
            Self::BigInt | Self::Decimal => Some(Self::Decimal),
            Self::Float => Some(Self::Float),
            _ => None,
        }
    }

    /// What `avg` of it is.
    pub(super) fn average(self) -> Option<Self> {
        match self {
            Self::Int | Self::BigInt | Self::Decimal => Some(Self::Decimal),
            Self::Float => Some(Self::Float),
            _ => None,
        }
    }

    /// What `min` and `max` of it are.
    pub(super) fn extreme(self) -> Option<Self> {
        let has = !matches!(
            self,
            Self::Boolean | Self::Json | Self::Uuid | Self::Bytes | Self::Mood
        );
        has.then_some(self)
    }
}

/// A column and its field.
pub(super) struct Column {
    pub(super) field: &'static str,
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) nullable: bool,
}

/// How many rows a relation leads to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Cardinality {
    One,
    Maybe,
    Many,
}

/// Fields that are equal on two sides.
type Pairs = &'static [(&'static str, &'static str)];

/// A field that leads to other rows.
pub(super) struct Relation {
    pub(super) field: &'static str,
    pub(super) target: &'static str,
    pub(super) cardinality: Cardinality,
    /// (ours, theirs), or (ours, the junction's).
    pub(super) pairs: Pairs,
    /// The junction's type and (the junction's, theirs).
    pub(super) through: Option<(&'static str, Pairs)>,
}

/// A table, or a view if it has no key.
pub(super) struct Table {
    pub(super) type_name: &'static str,
    pub(super) singular: &'static str,
    pub(super) plural: &'static str,
    pub(super) name: &'static str,
    pub(super) columns: &'static [Column],
    pub(super) key: &'static [&'static str],
    pub(super) unique: Option<&'static str>,
    pub(super) relations: &'static [Relation],
}

impl Table {
    /// The position of a column.
    pub(super) fn column(&self, field: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.field == field)
    }

    /// The position of a relation.
    pub(super) fn relation(&self, field: &str) -> Option<usize> {
        self.relations
            .iter()
            .position(|relation| relation.field == field)
    }

    /// The columns rows can be ordered and grouped by.
    pub(super) fn sortable(&self) -> impl Iterator<Item = &'static Column> {
        self.columns
            .iter()
            .filter(|column| column.kind != Kind::Json)
    }
}

/// A name with its first letter in upper case.
pub(super) fn capitalized(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// The position of a type among [`TABLES`].
pub(super) fn table(type_name: &str) -> usize {
    let found = TABLES.iter().position(|table| table.type_name == type_name);
    found.expect("relations lead to tables of the catalogue")
}

const fn column(field: &'static str, name: &'static str, kind: Kind) -> Column {
    Column {
        field,
        name,
        kind,
        nullable: false,
    }
}

const fn maybe(field: &'static str, name: &'static str, kind: Kind) -> Column {
    Column {
        field,
        name,
        kind,
        nullable: true,
    }
}

const fn to(
    field: &'static str,
    target: &'static str,
    cardinality: Cardinality,
    pairs: Pairs,
) -> Relation {
    Relation {
        field,
        target,
        cardinality,
        pairs,
        through: None,
    }
}

/// All tables.
pub(super) static TABLES: [Table; 8] = [
    COUNTRY, MEMBER, PASSPORT, PROJECT, ASSIGNMENT, ENTRY, REMARK, ROSTER,
];

const COUNTRY: Table = Table {
    type_name: "Country",
    singular: "country",
    plural: "countries",
    name: "countries",
    columns: &[
        column("code", "code", Kind::String),
        column("name", "name", Kind::String),
        maybe("population", "population", Kind::BigInt),
        maybe("area", "area", Kind::Decimal),
        maybe("temper", "temper", Kind::Mood),
        maybe("founded", "founded", Kind::Date),
    ],
    key: &["code"],
    unique: None,
    relations: &[
        to(
            "membersByHome",
            "Member",
            Cardinality::Many,
            &[("code", "homeCode")],
        ),
        to(
            "membersByBirth",
            "Member",
            Cardinality::Many,
            &[("code", "birthCode")],
        ),
    ],
};

const MEMBER: Table = Table {
    type_name: "Member",
    singular: "member",
    plural: "members",
    name: "members",
    columns: &[
        column("id", "id", Kind::Int),
        column("name", "name", Kind::String),
        maybe("nickname", "nickname", Kind::String),
        maybe("email", "email", Kind::String),
        maybe("active", "active", Kind::Boolean),
        maybe("score", "score", Kind::Int),
        column("balance", "balance", Kind::BigInt),
        maybe("ratio", "ratio", Kind::Float),
        maybe("wealth", "wealth", Kind::Decimal),
        column("token", "token", Kind::Uuid),
        maybe("born", "born", Kind::Date),
        maybe("wakes", "wakes", Kind::LocalTime),
        maybe("joined", "joined", Kind::LocalDateTime),
        maybe("seenAt", "seen_at", Kind::DateTime),
        maybe("mood", "mood", Kind::Mood),
        maybe("extra", "extra", Kind::Json),
        maybe("photo", "photo", Kind::Bytes),
        maybe("managerId", "manager_id", Kind::Int),
        column("homeCode", "home_code", Kind::String),
        maybe("birthCode", "birth_code", Kind::String),
    ],
    key: &["id"],
    unique: Some("email"),
    relations: &[
        to(
            "manager",
            "Member",
            Cardinality::Maybe,
            &[("managerId", "id")],
        ),
        to("home", "Country", Cardinality::One, &[("homeCode", "code")]),
        to(
            "birth",
            "Country",
            Cardinality::Maybe,
            &[("birthCode", "code")],
        ),
        to(
            "membersByManager",
            "Member",
            Cardinality::Many,
            &[("id", "managerId")],
        ),
        to(
            "passport",
            "Passport",
            Cardinality::Maybe,
            &[("id", "memberId")],
        ),
        to(
            "projects",
            "Project",
            Cardinality::Many,
            &[("id", "leadId")],
        ),
        to(
            "assignments",
            "Assignment",
            Cardinality::Many,
            &[("id", "memberId")],
        ),
        to("entries", "Entry", Cardinality::Many, &[("id", "memberId")]),
        Relation {
            field: "projectsByAssignment",
            target: "Project",
            cardinality: Cardinality::Many,
            pairs: &[("id", "memberId")],
            through: Some(("Assignment", &[("projectId", "id")])),
        },
    ],
};

const PASSPORT: Table = Table {
    type_name: "Passport",
    singular: "passport",
    plural: "passports",
    name: "passports",
    columns: &[
        column("id", "id", Kind::Uuid),
        column("memberId", "member_id", Kind::Int),
        column("number", "number", Kind::Decimal),
        column("issued", "issued", Kind::Date),
        maybe("expires", "expires", Kind::DateTime),
        column("stamp", "stamp", Kind::Bytes),
        column("valid", "valid", Kind::Boolean),
    ],
    key: &["id"],
    unique: Some("memberId"),
    relations: &[to(
        "member",
        "Member",
        Cardinality::One,
        &[("memberId", "id")],
    )],
};

const PROJECT: Table = Table {
    type_name: "Project",
    singular: "project",
    plural: "projects",
    name: "projects",
    columns: &[
        column("id", "id", Kind::BigInt),
        column("title", "title", Kind::String),
        maybe("budget", "budget", Kind::Decimal),
        maybe("deadline", "deadline", Kind::LocalDateTime),
        column("rank", "rank", Kind::Float),
        column("starts", "starts", Kind::LocalTime),
        column("details", "details", Kind::Json),
        maybe("leadId", "lead_id", Kind::Int),
    ],
    key: &["id"],
    unique: None,
    relations: &[
        to("lead", "Member", Cardinality::Maybe, &[("leadId", "id")]),
        to(
            "assignments",
            "Assignment",
            Cardinality::Many,
            &[("id", "projectId")],
        ),
        to(
            "entries",
            "Entry",
            Cardinality::Many,
            &[("id", "projectId")],
        ),
        Relation {
            field: "members",
            target: "Member",
            cardinality: Cardinality::Many,
            pairs: &[("id", "projectId")],
            through: Some(("Assignment", &[("memberId", "id")])),
        },
    ],
};

const ASSIGNMENT: Table = Table {
    type_name: "Assignment",
    singular: "assignment",
    plural: "assignments",
    name: "assignments",
    columns: &[
        column("memberId", "member_id", Kind::Int),
        column("projectId", "project_id", Kind::BigInt),
    ],
    key: &["memberId", "projectId"],
    unique: None,
    relations: &[
        to("member", "Member", Cardinality::One, &[("memberId", "id")]),
        to(
            "project",
            "Project",
            Cardinality::One,
            &[("projectId", "id")],
        ),
    ],
};

const ENTRY: Table = Table {
    type_name: "Entry",
    singular: "entry",
    plural: "entries",
    name: "entries",
    columns: &[
        column("projectId", "project_id", Kind::BigInt),
        column("day", "day", Kind::Date),
        column("seq", "seq", Kind::Int),
        column("hours", "hours", Kind::Decimal),
        maybe("note", "note", Kind::String),
        column("mood", "mood", Kind::Mood),
        column("loggedAt", "logged_at", Kind::DateTime),
        maybe("memberId", "member_id", Kind::Int),
    ],
    key: &["projectId", "day", "seq"],
    unique: None,
    relations: &[
        to(
            "project",
            "Project",
            Cardinality::One,
            &[("projectId", "id")],
        ),
        to(
            "member",
            "Member",
            Cardinality::Maybe,
            &[("memberId", "id")],
        ),
        to(
            "remarks",
            "Remark",
            Cardinality::Many,
            &[("projectId", "projectId"), ("day", "day"), ("seq", "seq")],
        ),
    ],
};

const REMARK: Table = Table {
    type_name: "Remark",
    singular: "remark",
    plural: "remarks",
    name: "remarks",
    columns: &[
        column("id", "id", Kind::Int),
        maybe("projectId", "project_id", Kind::BigInt),
        maybe("day", "day", Kind::Date),
        maybe("seq", "seq", Kind::Int),
        column("text", "text", Kind::String),
        maybe("weight", "weight", Kind::Float),
    ],
    key: &["id"],
    unique: None,
    relations: &[to(
        "entry",
        "Entry",
        Cardinality::Maybe,
        &[("projectId", "projectId"), ("day", "day"), ("seq", "seq")],
    )],
};

/// The view: members with the names of their countries.
const ROSTER: Table = Table {
    type_name: "Roster",
    singular: "roster",
    plural: "rosters",
    name: "rosters",
    columns: &[
        maybe("id", "id", Kind::Int),
        maybe("name", "name", Kind::String),
        maybe("mood", "mood", Kind::Mood),
        maybe("wealth", "wealth", Kind::Decimal),
        maybe("seenAt", "seen_at", Kind::DateTime),
        maybe("homeName", "home_name", Kind::String),
        maybe("birthName", "birth_name", Kind::String),
    ],
    key: &[],
    unique: None,
    relations: &[],
};

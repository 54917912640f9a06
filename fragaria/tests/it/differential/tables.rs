//! The tables of the test, described apart from the product: what the API of them must be like.

use std::borrow::Cow::Borrowed;
use verify::catalogue::{Cardinality, Kind, Relation, Table, column, maybe, to};

/// The position of a type among [`TABLES`].
pub(super) fn table(type_name: &str) -> usize {
    let found = TABLES.iter().position(|table| table.type_name == type_name);
    found.expect("relations lead to tables of the catalogue")
}

/// All tables.
pub(super) static TABLES: [Table; 8] = [
    COUNTRY, MEMBER, PASSPORT, PROJECT, ASSIGNMENT, ENTRY, REMARK, ROSTER,
];

const COUNTRY: Table = Table {
    type_name: Borrowed("Country"),
    singular: Borrowed("country"),
    plural: Borrowed("countries"),
    name: Borrowed("countries"),
    columns: Borrowed(&[
        column("code", "code", Kind::String),
        column("name", "name", Kind::String),
        maybe("population", "population", Kind::BigInt),
        maybe("area", "area", Kind::Decimal),
        maybe("temper", "temper", Kind::Mood),
        maybe("founded", "founded", Kind::Date),
    ]),
    key: &["code"],
    unique: None,
    relations: Borrowed(&[
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
    ]),
};

const MEMBER: Table = Table {
    type_name: Borrowed("Member"),
    singular: Borrowed("member"),
    plural: Borrowed("members"),
    name: Borrowed("members"),
    columns: Borrowed(&[
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
    ]),
    key: &["id"],
    unique: Some("email"),
    relations: Borrowed(&[
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
            target: Borrowed("Project"),
            cardinality: Cardinality::Many,
            pairs: &[("id", "memberId")],
            through: Some(("Assignment", &[("projectId", "id")])),
        },
    ]),
};

const PASSPORT: Table = Table {
    type_name: Borrowed("Passport"),
    singular: Borrowed("passport"),
    plural: Borrowed("passports"),
    name: Borrowed("passports"),
    columns: Borrowed(&[
        column("id", "id", Kind::Uuid),
        column("memberId", "member_id", Kind::Int),
        column("number", "number", Kind::Decimal),
        column("issued", "issued", Kind::Date),
        maybe("expires", "expires", Kind::DateTime),
        column("stamp", "stamp", Kind::Bytes),
        column("valid", "valid", Kind::Boolean),
    ]),
    key: &["id"],
    unique: Some("memberId"),
    relations: Borrowed(&[to(
        "member",
        "Member",
        Cardinality::One,
        &[("memberId", "id")],
    )]),
};

const PROJECT: Table = Table {
    type_name: Borrowed("Project"),
    singular: Borrowed("project"),
    plural: Borrowed("projects"),
    name: Borrowed("projects"),
    columns: Borrowed(&[
        column("id", "id", Kind::BigInt),
        column("title", "title", Kind::String),
        maybe("budget", "budget", Kind::Decimal),
        maybe("deadline", "deadline", Kind::LocalDateTime),
        column("rank", "rank", Kind::Float),
        column("starts", "starts", Kind::LocalTime),
        column("details", "details", Kind::Json),
        maybe("leadId", "lead_id", Kind::Int),
    ]),
    key: &["id"],
    unique: None,
    relations: Borrowed(&[
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
            target: Borrowed("Member"),
            cardinality: Cardinality::Many,
            pairs: &[("id", "projectId")],
            through: Some(("Assignment", &[("memberId", "id")])),
        },
    ]),
};

const ASSIGNMENT: Table = Table {
    type_name: Borrowed("Assignment"),
    singular: Borrowed("assignment"),
    plural: Borrowed("assignments"),
    name: Borrowed("assignments"),
    columns: Borrowed(&[
        column("memberId", "member_id", Kind::Int),
        column("projectId", "project_id", Kind::BigInt),
    ]),
    key: &["memberId", "projectId"],
    unique: None,
    relations: Borrowed(&[
        to("member", "Member", Cardinality::One, &[("memberId", "id")]),
        to(
            "project",
            "Project",
            Cardinality::One,
            &[("projectId", "id")],
        ),
    ]),
};

const ENTRY: Table = Table {
    type_name: Borrowed("Entry"),
    singular: Borrowed("entry"),
    plural: Borrowed("entries"),
    name: Borrowed("entries"),
    columns: Borrowed(&[
        column("projectId", "project_id", Kind::BigInt),
        column("day", "day", Kind::Date),
        column("seq", "seq", Kind::Int),
        column("hours", "hours", Kind::Decimal),
        maybe("note", "note", Kind::String),
        column("mood", "mood", Kind::Mood),
        column("loggedAt", "logged_at", Kind::DateTime),
        maybe("memberId", "member_id", Kind::Int),
    ]),
    key: &["projectId", "day", "seq"],
    unique: None,
    relations: Borrowed(&[
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
    ]),
};

const REMARK: Table = Table {
    type_name: Borrowed("Remark"),
    singular: Borrowed("remark"),
    plural: Borrowed("remarks"),
    name: Borrowed("remarks"),
    columns: Borrowed(&[
        column("id", "id", Kind::Int),
        maybe("projectId", "project_id", Kind::BigInt),
        maybe("day", "day", Kind::Date),
        maybe("seq", "seq", Kind::Int),
        column("text", "text", Kind::String),
        maybe("weight", "weight", Kind::Float),
    ]),
    key: &["id"],
    unique: None,
    relations: Borrowed(&[to(
        "entry",
        "Entry",
        Cardinality::Maybe,
        &[("projectId", "projectId"), ("day", "day"), ("seq", "seq")],
    )]),
};

/// The view: members with the names of their countries.
const ROSTER: Table = Table {
    type_name: Borrowed("Roster"),
    singular: Borrowed("roster"),
    plural: Borrowed("rosters"),
    name: Borrowed("rosters"),
    columns: Borrowed(&[
        maybe("id", "id", Kind::Int),
        maybe("name", "name", Kind::String),
        maybe("mood", "mood", Kind::Mood),
        maybe("wealth", "wealth", Kind::Decimal),
        maybe("seenAt", "seen_at", Kind::DateTime),
        maybe("homeName", "home_name", Kind::String),
        maybe("birthName", "birth_name", Kind::String),
    ]),
    key: &[],
    unique: None,
    relations: Borrowed(&[]),
};

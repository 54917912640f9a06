//! Values read from the text of a request, beside the same values read through a tree.

use super::*;
use crate::compile::{Source as File, compile};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::fmt::Write as _;
use std::sync::Arc;

const SCHEMA: &str = r#"
enum Size { SMALL LARGE @value(name: "very large") }
scalar Address @scalar(as: "String")
scalar Year @scalar(as: "Int")
type Thing @table {
  id: Int! @id
  size: Size
  sizes: JSON
  flag: Boolean
  big: BigInt
  price: Decimal
  weight: Float
  key: UUID
  bytes: Bytes
  day: Date
  time: LocalTime
  local: LocalDateTime
  moment: DateTime
  address: Address
  year: Year
}
type Pair @table { left: Int! @id size: Size! @id day: Date! @id }
"#;

const NAMES: [&str; 19] = [
    "Int",
    "String",
    "ID",
    "Boolean",
    "BigInt",
    "Decimal",
    "Float",
    "UUID",
    "Bytes",
    "Date",
    "LocalTime",
    "LocalDateTime",
    "DateTime",
    "Size",
    "Address",
    "Year",
    "OrderDirection",
    "JSONStep",
    "JSON",
];

/// Types of a name, from one value to lists of lists.
fn types(name: &'static str) -> impl Iterator<Item = Type> {
    let forms = ["T", "T!", "[T]", "[T!]!", "[[T!]]"];
    forms
        .into_iter()
        .map(move |form| parsed(&form.replace('T', name)))
}

fn parsed(text: &str) -> Type {
    if let Some(inner) = text.strip_suffix('!') {
        return parsed(inner).non_null();
    }
    match text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'))
    {
        Some(item) => parsed(item).list(),
        None => Type::Named(Name::new_unchecked(text)),
    }
}

fn shape() -> Shape {
    let file = File {
        name: "schema.graphql".to_owned(),
        text: SCHEMA.to_owned(),
    };
    let schema = compile(&[file], Dialect::Postgres).unwrap().schema;
    Shape::all(Arc::new(schema)).unwrap()
}

/// What a request with that text as a variable comes to, read where it stands and through a tree;
/// `None` of what no request may have.
fn both(
    shape: &Shape,
    ty: &Type,
    text: &str,
) -> Option<(Result<Input, String>, Result<Input, String>)> {
    let coercion = Coercion {
        api: &shape.api,
        schema: &shape.schema,
    };
    let variables = format!("{{\"other\": [1, \"}}\"], \"v\" : {text} }}");
    let raw: &RawValue = serde_json::from_str(&variables).unwrap();
    let members = Members::of(raw).ok()?;
    let text = members.get("v").unwrap();
    let tree: Json = serde_json::from_str(text).unwrap();
    Some((coercion.text(ty, text), coercion.json(ty, &tree)))
}

/// What every scalar takes or refuses, in each way of writing it.
const TEXTS: [&str; 74] = [
    "null",
    "true",
    "false",
    "[]",
    "{}",
    "{\"a\": [1, null]}",
    "[null]",
    "[ 1 , [ \"a\" ], {} ]",
    "0",
    "-0",
    "7",
    "-2147483648",
    "2147483647",
    "2147483648",
    "-2147483649",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775809",
    "123456789012345678901234567890123456789012345",
    "0.0",
    "-0.0",
    "1.50",
    "1e3",
    "1E3",
    "1e+3",
    "12E-1",
    "-1.25e-3",
    "1e400",
    "1e1001",
    "-1E99999999999",
    "1.7976931348623157e308",
    "111111111111111111111111111111111111e9",
    "\"\"",
    "\"a\"",
    "\"null\"",
    "\"7\"",
    "\"007\"",
    "\"+7\"",
    "\" 7\"",
    "\"-0.10\"",
    "\"1e3\"",
    "\"1E3\"",
    "\"1e99999999999\"",
    "\".5\"",
    "\"NaN\"",
    "\"9223372036854775807\"",
    "\"-99999999999999999999\"",
    "\"\\u0041\\n\\t\\\"\\\\\\/\"",
    "\"\\u0000\"",
    "\"\\ud83c\\udf53\"",
    "\"\\ud83c\"",
    "\"\u{1f353}\u{e9}\u{7f}\"",
    "\"a\\\\\"",
    "\"\\\\\\\"\"",
    "\"0123456789012345678901234567890123456789\"",
    "\"01234567890123456789012345678901234567890\"",
    "\"6FA459EA-ee8a-3ca4-894e-db77e160355e\"",
    "\"6fa459ea-ee8a-3ca4-894e-db77e160355\\u0065\"",
    "\"6fa459ea\"",
    "\"2026-11-23\"",
    "\"2023-02-29\"",
    "\"0000-01-01\"",
    "\"18:12:18.500\"",
    "\"23:59:60\"",
    "\"2026-11-23T18:12:18\"",
    "\"2026-11-23T18:12:18.1234567\"",
    "\"2026-11-23T18:12:18+02:00\"",
    "\"2026-11-23T18:12:18.5Z\"",
    "\"AAEC\"",
    "\"AAE\"",
    "\"SMALL\"",
    "\"very large\"",
    "\"DESC\"",
    "\"L\\u0041RGE\"",
];

/// Tokens, of which some are ids.
const TOKENS: [&str; 8] = [
    "[\"Thing\",1]",
    " [ \"\\u0054hing\", 1 ] ",
    "[\"Thing\",\"1\"]",
    "[\"Thing\",1,2]",
    "[\"Pair\",1,\"LARGE\",\"2026-11-23\"]",
    "[\"Pair\",1,\"very large\",\"2026-11-23\"]",
    "[\"Thing\",null]",
    "[\"Nothing\",1]",
];

fn token(json: &str) -> String {
    format!("\"{}\"", URL_SAFE_NO_PAD.encode(json))
}

#[test]
fn each_text_comes_to_what_it_is_by_its_type() {
    let shape = shape();
    let texts = TEXTS.iter().map(|text| (*text, (*text).to_owned()));
    let texts: Vec<_> = texts
        .chain(TOKENS.iter().map(|json| (*json, token(json))))
        .collect();
    let mut told = String::new();
    for name in NAMES {
        for (shown, text) in &texts {
            let ty = parsed(name);
            match both(&shape, &ty, text) {
                Some((read, tree)) => {
                    assert_eq!(read, tree, "{ty} of {text}");
                    writeln!(told, "{name} {shown} -> {read:?}").unwrap();
                }
                None => assert!(text.contains("ud83c\""), "{text}"),
            }
        }
    }
    insta::assert_snapshot!(told);
}

/// Chance that is the same each time: `SplitMix64`.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % end as u64).unwrap()
    }

    fn one<'t>(&mut self, of: &[&'t str]) -> &'t str {
        of[self.below(of.len())]
    }

    /// So many of some parts at most, one behind the other.
    fn some(&mut self, most: usize, of: &[&str]) -> String {
        let count = self.below(most + 1);
        (0..count).map(|_| self.one(of)).collect()
    }

    fn number(&mut self) -> String {
        let whole = match self.below(4) {
            0 => "0".to_owned(),
            _ => {
                self.one(&["1", "9", "214748364", "922337203685477580"])
                    .to_owned()
                    + &self.some(30, &["0", "7"])
            }
        };
        let fraction = match self.below(3) {
            0 => format!(".{}{}", self.below(10), self.some(20, &["0", "5"])),
            _ => String::new(),
        };
        let exponent = match self.below(3) {
            0 => {
                self.one(&["e", "E"]).to_owned()
                    + self.one(&["", "+", "-"])
                    + self.one(&["0", "3", "007", "999", "40000000000"])
            }
            _ => String::new(),
        };
        format!("{}{whole}{fraction}{exponent}", self.one(&["", "-"]))
    }

    fn string(&mut self) -> String {
        let inner = match self.below(6) {
            0 => self.number(),
            1 => self.some(60, &["a", "b", " ", "\u{e9}", "\u{1f353}"]),
            2 => self.some(
                5,
                &[
                    "\\n",
                    "\\\\",
                    "\\\"",
                    "\\/",
                    "\\u0000",
                    "\\u0041",
                    "\\ud83c\\udf53",
                    "\\ud83c",
                    "x",
                    ",",
                    "]",
                    ":",
                ],
            ),
            3 => self.some(
                3,
                &[
                    "2026-11-23",
                    "0001-01-01",
                    "T",
                    " ",
                    "18:12:18",
                    ".5",
                    ".123456",
                    "Z",
                    "+02:00",
                    "-24:00",
                ],
            ),
            4 => self.some(
                4,
                &[
                    "AAEC", "AAE=", "SMALL", "LARGE", "ASC", "DESC", "true", "null",
                ],
            ),
            _ => self.some(
                5,
                &["6fa459ea", "6FA459EA", "-", "-ee8a-3ca4-894e-db77e160355e"],
            ),
        };
        format!("\"{inner}\"")
    }

    fn value(&mut self, depth: usize) -> String {
        match self.below(if depth == 0 { 12 } else { 18 }) {
            0..4 => self.number(),
            4..9 => self.string(),
            9 => token(self.one(&TOKENS)),
            10 => self.one(&TEXTS).to_owned(),
            11 => self.one(&["null", "true", "false"]).to_owned(),
            12..16 => {
                let items: Vec<_> = (0..self.below(5)).map(|_| self.value(depth - 1)).collect();
                let space = self.one(&["", " ", "\n\t"]);
                format!(
                    "[{space}{}{space}]",
                    items.join(&format!("{space},{space}"))
                )
            }
            _ => format!("{{\"a\": {}}}", self.value(depth - 1)),
        }
    }
}

#[test]
fn what_is_read_where_it_stands_is_what_a_tree_says() {
    let shape = shape();
    let mut chance = Chance(12);
    let (mut good, mut bad, mut flawed) = (0, 0, 0);
    let types: Vec<_> = NAMES.into_iter().flat_map(types).collect();
    for _ in 0..4_000 {
        let text = chance.value(2);
        for ty in &types {
            match both(&shape, ty, &text) {
                None => flawed += 1,
                Some((read, tree)) => {
                    assert_eq!(read, tree, "{ty} of {text}");
                    *(if read.is_ok() { &mut good } else { &mut bad }) += 1;
                }
            }
        }
    }
    assert!(
        good > 20_000 && bad > 20_000 && flawed > 1_000,
        "{good} {bad} {flawed}"
    );
}

//! What stands between `<<` and `>>` in a file of attacks: text that is long, or made of an answer.
//!
//! | written | what it is |
//! |---|---|
//! | `<<times 3 a# >>` | `a0 a1 a2 ` |
//! | `<<byte ff>>` | that byte |
//! | `<<token ["Product", 1]>>` | a cursor or an id of that content |
//! | `<<kept name>>` | a part of an earlier answer |
//! | `<<altered name 1 "x">>` | the cursor of that name with another item at that place |

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use std::collections::BTreeMap;

/// Parts of earlier answers, by name.
pub(super) type Kept = BTreeMap<String, String>;

/// The text as it is sent.
pub(super) fn expanded(text: &str, kept: &Kept) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("<<") {
        let (inside, after) = behind.split_once(">>").expect("what is opened is closed");
        out.extend_from_slice(before.as_bytes());
        out.extend(made(inside, kept));
        rest = after;
    }
    out.extend_from_slice(rest.as_bytes());
    out
}

/// The same where it must be text.
pub(super) fn text(text: &str, kept: &Kept) -> String {
    String::from_utf8(expanded(text, kept)).unwrap()
}

fn made(inside: &str, kept: &Kept) -> Vec<u8> {
    let (verb, rest) = inside.split_once(' ').unwrap();
    match verb {
        "times" => {
            let (count, part) = rest.split_once(' ').unwrap();
            let parts = 0..count.parse::<usize>().unwrap();
            let parts = parts.map(|number| part.replace('#', &number.to_string()));
            parts.collect::<String>().into_bytes()
        }
        "byte" => vec![u8::from_str_radix(rest, 16).unwrap()],
        "token" => token(rest).into_bytes(),
        "kept" => kept[rest].clone().into_bytes(),
        "altered" => {
            let [name, place, item] = rest.splitn(3, ' ').collect::<Vec<_>>()[..] else {
                panic!("{inside}")
            };
            let bytes = URL_SAFE_NO_PAD.decode(&kept[name]).unwrap();
            let mut items: Vec<Value> = serde_json::from_slice(&bytes).unwrap();
            items[place.parse::<usize>().unwrap()] = serde_json::from_str(item).unwrap();
            token(&Value::from(items).to_string()).into_bytes()
        }
        other => panic!("{other} is made of nothing"),
    }
}

fn token(json: &str) -> String {
    URL_SAFE_NO_PAD.encode(json)
}

#[test]
fn what_stands_between_the_signs_is_made() {
    let kept = Kept::from([("cursor".to_owned(), token(r#"["m",1,2]"#))]);
    let altered = token(r#"["m",1,"x y"]"#);
    for (given, made) in [
        ("{<<times 3 a# >>}", "{a0 a1 a2 }"),
        (
            "<<token [\"m\",1,2]>><<kept cursor>>",
            &*token(r#"["m",1,2]"#).repeat(2),
        ),
        ("<<altered cursor 2 \"x y\">>", &altered),
        ("a < b > c", "a < b > c"),
    ] {
        assert_eq!(text(given, &kept), made, "{given}");
    }
    assert_eq!(expanded("a<<byte ff>>", &kept), b"a\xff");
}

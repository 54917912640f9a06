//! Opaque tokens: global ids and cursors, base64url of a JSON array.

use crate::input::Given;
use crate::json::flaw;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// The text of a token: a JSON array without a flaw.
pub(crate) struct Token(String);

impl Token {
    /// What was encoded; `None` if it is not one of ours.
    pub(crate) fn of(token: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let raw: &RawValue = serde_json::from_str(&text).ok()?;
        flaw(raw).is_none().then_some(Self(text))
    }

    /// The head, which is text, and the further items; `None` if it is not one of ours.
    pub(crate) fn items(&self) -> Option<(Cow<'_, str>, Vec<&RawValue>)> {
        let mut items: Vec<&RawValue> = serde_json::from_str(&self.0).ok()?;
        if items.is_empty() {
            return None;
        }
        match Given::read(items.remove(0).get()).ok()? {
            Given::Text(head) => Some((head, items)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(token: &str) -> Option<(String, Vec<String>)> {
        let token = Token::of(token)?;
        let (head, items) = token.items()?;
        let items = items.iter().map(|item| item.get().to_owned());
        Some((head.into_owned(), items.collect()))
    }

    #[test]
    fn only_a_json_array_with_a_text_head_is_a_token() {
        let token = |json: &str| URL_SAFE_NO_PAD.encode(json);
        let found = Some(("Product".into(), vec!["1".into(), "\"x\"".into()]));
        assert_eq!(items(&token("[\"Product\",1,\"x\"]")), found);
        assert_eq!(items(&token(" [ \"\\u0050roduct\", 1 ,\"x\" ] ")), found);
        let reserved = r#"["x",{"$serde_json::private::RawValue":"1"}]"#;
        for other in ["[]", "[1]", "{}", "\"x\"", "", reserved] {
            assert_eq!(items(&token(other)), None, "{other}");
        }
        assert_eq!(items("not base64!"), None);
        let long = "x".repeat(100_000);
        let found = items(&token(&format!("[\"x\",\"{long}\"]")));
        assert_eq!(found, Some(("x".into(), vec![format!("\"{long}\"")])));
    }
}

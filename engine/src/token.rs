//! Opaque tokens: global ids and cursors, base64url of a JSON array.

use crate::json::flaw;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value as Json;
use serde_json::value::RawValue;

/// The head and the further items of a token; `None` if it is not one of ours.
pub(crate) fn decode(token: &str) -> Option<(String, Vec<Json>)> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let raw: &RawValue = serde_json::from_slice(&bytes).ok()?;
    if flaw(raw).is_some() {
        return None;
    }
    let mut items: Vec<Json> = serde_json::from_str(raw.get()).ok()?;
    if items.is_empty() {
        return None;
    }
    match items.remove(0) {
        Json::String(head) => Some((head, items)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_json_array_with_a_text_head_is_a_token() {
        let token = |json: &str| URL_SAFE_NO_PAD.encode(json);
        let decoded = decode(&token("[\"Product\",1,\"x\"]"));
        assert_eq!(
            decoded,
            Some(("Product".into(), vec![Json::from(1), Json::from("x")]))
        );
        let reserved = r#"["x",{"$serde_json::private::RawValue":"1"}]"#;
        for other in ["[]", "[1]", "{}", "\"x\"", "", reserved] {
            assert_eq!(decode(&token(other)), None, "{other}");
        }
        assert_eq!(decode("not base64!"), None);
        let long = "x".repeat(100_000);
        let decoded = decode(&token(&format!("[\"x\",\"{long}\"]")));
        assert_eq!(decoded, Some(("x".into(), vec![Json::from(long)])));
    }
}

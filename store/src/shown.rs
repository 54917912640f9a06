//! The address of a database as people may see it: all of it but the password.

use model::Secret;
use percent_encoding::percent_decode_str;
use serde::Serializer;

/// What stands in the place of a password.
const REDACTED: &str = "[redacted]";

/// An address without its password; all of a text that is no address is left out.
pub fn shown(url: &Secret) -> String {
    let url = url.expose();
    if url.is_empty() || url.starts_with("sqlite:") {
        return url.to_owned();
    }
    let Some((scheme, rest)) = url.split_once("://") else {
        return REDACTED.to_owned();
    };
    // A password may hold any sign unescaped, so the last `@` counts, wherever it stands.
    let (user, place) = match rest.rsplit_once('@') {
        Some((user, place)) => (Some(user), place),
        None => (None, rest),
    };
    let user = user.map(|user| match user.split_once(':') {
        Some((name, _)) => format!("{name}:{REDACTED}@"),
        None => format!("{user}@"),
    });
    format!(
        "{scheme}://{}{}",
        user.unwrap_or_default(),
        parameters(place)
    )
}

/// The host and what follows, without the values of parameters that are passwords.
fn parameters(place: &str) -> String {
    let Some((host, query)) = place.split_once('?') else {
        return place.to_owned();
    };
    let pairs = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) if is_password(name) => format!("{name}={REDACTED}"),
        _ => pair.to_owned(),
    });
    format!("{host}?{}", pairs.collect::<Vec<_>>().join("&"))
}

fn is_password(name: &str) -> bool {
    let name = percent_decode_str(name).decode_utf8_lossy();
    name.to_ascii_lowercase().contains("password")
}

/// For `serialize_with`: what is shown of an address.
pub(crate) fn serialize<S: Serializer>(url: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&shown(url))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_an_address_is_shown_but_the_password() {
        for (url, expected) in [
            ("", ""),
            ("sqlite:shop.db", "sqlite:shop.db"),
            ("sqlite:a@b:c.db", "sqlite:a@b:c.db"),
            ("postgres://db:5432/shop", "postgres://db:5432/shop"),
            (
                "postgres://me@db/shop?sslmode=disable",
                "postgres://me@db/shop?sslmode=disable",
            ),
            (
                "postgres://me:hunter2@db:5432/shop",
                "postgres://me:[redacted]@db:5432/shop",
            ),
            (
                "postgres://me:hun@t/er2?x@db/shop",
                "postgres://me:[redacted]@db/shop",
            ),
            (
                "postgres://db/shop?Password=hunter2&sslmode=require",
                "postgres://db/shop?Password=[redacted]&sslmode=require",
            ),
            (
                "postgres://db/shop?pass%77ord=hunter2",
                "postgres://db/shop?pass%77ord=[redacted]",
            ),
            (
                "mysql://me:hunter2@db/shop",
                "mysql://me:[redacted]@db/shop",
            ),
            ("me:hunter2@db/shop", "[redacted]"),
        ] {
            assert_eq!(shown(&Secret::new(url)), expected);
        }
    }
}

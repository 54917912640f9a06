//! The address of a database as it may be seen and kept: all of it but the password.

use crate::dialect;
use model::{Dialect, REDACTED, Secret};
use percent_encoding::percent_decode_str;
use serde::Serializer;

/// What drivers know as options. Where an address goes on with nothing else behind a `?`, no
/// password does, and no `@` in it ends one.
const OPTIONS: [&str; 21] = [
    "application_name",
    "channel_binding",
    "connect_timeout",
    "dbname",
    "host",
    "hostaddr",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_retries",
    "load_balance_hosts",
    "options",
    "password",
    "port",
    "socket",
    "sslmode",
    "sslnegotiation",
    "sslrootcert",
    "target_session_attrs",
    "tcp_user_timeout",
    "user",
];

/// An address as it may be kept in a file: without its password.
pub fn without_password(url: &Secret) -> String {
    rewritten(url, None)
}

/// An address with a mark in the place of its password, or with nothing there; all of a text that
/// is no address is left out.
fn rewritten(url: &Secret, mark: Option<&str>) -> String {
    let is_path = dialect(url) == Some(Dialect::Sqlite);
    let url = url.expose();
    if url.is_empty() || is_path {
        return url.to_owned();
    }
    let Some((scheme, rest)) = url.split_once("://") else {
        return mark.unwrap_or_default().to_owned();
    };
    let options = rest.split_once('?').filter(|(front, behind)| {
        let mut pairs = behind.split('&');
        front.contains(['@', '/']) && pairs.all(|pair| OPTIONS.contains(&&*name(pair)))
    });
    let (front, options) = options.map_or((rest, None), |(front, behind)| (front, Some(behind)));
    // A password may hold any sign unescaped, so the last `@` counts, wherever it stands.
    let (user, place) = match front.rsplit_once('@') {
        Some((user, place)) => (Some(user), place),
        None => (None, front),
    };
    let user = user.map(|user| match (user.split_once(':'), mark) {
        (Some((name, _)), Some(mark)) => format!("{name}:{mark}@"),
        (Some((name, _)), None) => format!("{name}@"),
        (None, _) => format!("{user}@"),
    });
    let (place, options) = match place.split_once('?') {
        Some((place, options)) => (place, Some(options)),
        None => (place, options),
    };
    let options = parameters(options.unwrap_or_default(), mark);
    format!("{scheme}://{}{place}{options}", user.unwrap_or_default())
}

/// Options without those that are passwords, or with a mark for their values.
fn parameters(options: &str, mark: Option<&str>) -> String {
    let pairs = options.split('&').filter_map(|pair| {
        if !name(pair).contains("password") {
            return Some(pair.to_owned());
        }
        let name = pair.split('=').next().unwrap_or_default();
        mark.map(|mark| format!("{name}={mark}"))
    });
    let kept = pairs.collect::<Vec<_>>().join("&");
    if kept.is_empty() {
        return kept;
    }
    format!("?{kept}")
}

/// The name of an option, however it is written.
fn name(pair: &str) -> String {
    let name = pair.split('=').next().unwrap_or_default();
    let name = percent_decode_str(name).decode_utf8_lossy();
    name.to_ascii_lowercase()
}

/// For `serialize_with`: what is shown of an address, all of it but its password.
pub fn serialize<S: Serializer>(url: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&rewritten(url, Some(REDACTED)))
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
            (
                "mariadb://me@db:3306/shop?sslrootcert=/home/me@corp/ca&sslmode=verify-full",
                "mariadb://me@db:3306/shop?sslrootcert=/home/me@corp/ca&sslmode=verify-full",
            ),
            (
                "postgres://me:hun?ter2=3@db:5432/shop?sslmode=require",
                "postgres://me:[redacted]@db:5432/shop?sslmode=require",
            ),
            (
                "postgres://me:hun?port=2@db/shop",
                "postgres://me:[redacted]@db/shop",
            ),
            (
                "postgres://db/shop?password",
                "postgres://db/shop?password=[redacted]",
            ),
        ] {
            assert_eq!(rewritten(&Secret::new(url), Some(REDACTED)), expected);
        }
    }

    #[test]
    fn a_password_is_left_out_wherever_it_stands() {
        for (given, kept) in [
            ("sqlite:a@b:c.db", "sqlite:a@b:c.db"),
            (
                "postgres://me:hunter2@db:5432/shop",
                "postgres://me@db:5432/shop",
            ),
            ("postgres://me:hunt@er2@db/shop", "postgres://me@db/shop"),
            ("postgres://me:hun?ter2@db/shop", "postgres://me@db/shop"),
            ("postgres://me@db/shop", "postgres://me@db/shop"),
            (
                "postgres://db/shop?password=hunter2&sslmode=require",
                "postgres://db/shop?sslmode=require",
            ),
            ("postgres://db/shop?Password=hunter2", "postgres://db/shop"),
            (
                "postgres://db/shop?pass%77ord=hunter2",
                "postgres://db/shop",
            ),
            (
                "mariadb://me:hunter2@db:3306/shop?sslrootcert=/home/me@corp/ca",
                "mariadb://me@db:3306/shop?sslrootcert=/home/me@corp/ca",
            ),
            ("me:hunter2@db/shop", ""),
        ] {
            assert_eq!(without_password(&Secret::new(given)), kept);
        }
    }
}

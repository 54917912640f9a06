//! What an address says before its driver takes it: which database it is for, and whose login it
//! may use.

use crate::{mariadb, postgres};
use model::{Dialect, Secret};
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};

/// The language of the database an address is for; `None` where it is for none that is known.
pub fn dialect(url: &Secret) -> Option<Dialect> {
    match url.expose().split_once(':')?.0 {
        "sqlite" => Some(Dialect::Sqlite),
        "postgres" | "postgresql" => Some(Dialect::Postgres),
        "mariadb" | "mysql" => Some(Dialect::Mariadb),
        _ => None,
    }
}

/// An address with the password of another one, and its user where it names none itself.
///
/// Nothing is taken where it has a password, or where they do not name the same server and user.
pub fn with_password(url: &Secret, known: &Secret) -> Secret {
    let (ours, theirs) = (url.expose(), known.expose());
    let lent = match (dialect(url), dialect(known)) {
        (Some(Dialect::Postgres), Some(Dialect::Postgres)) => postgres::lent(ours, theirs),
        (Some(Dialect::Mariadb), Some(Dialect::Mariadb)) => mariadb::lent(ours, theirs),
        _ => None,
    };
    lent.unwrap_or_else(|| url.clone())
}

/// Where an address leads, and who comes.
#[derive(Debug)]
pub(crate) struct Login<'a, S> {
    pub(crate) server: S,
    pub(crate) user: Option<&'a str>,
    pub(crate) password: Option<&'a [u8]>,
}

impl<S: PartialEq> Login<'_, S> {
    /// The user and the password that another one has for this one, as they stand in an address.
    pub(crate) fn lent(&self, known: &Self) -> Option<(String, String)> {
        let (user, password) = (known.user?, known.password?);
        let agree = self.server == known.server && self.user.is_none_or(|it| it == user);
        let encoded = |part: &[u8]| percent_encode(part, NON_ALPHANUMERIC).to_string();
        (self.password.is_none() && agree).then(|| (encoded(user.as_bytes()), encoded(password)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_lent_for_the_same_server_and_user_alone() {
        let (postgres, mariadb) = (
            "postgres://me:p%40ss@db/shop",
            "mariadb://me:p%40ss@db/shop",
        );
        for (known, url, expected) in [
            (
                postgres,
                "postgres://me@db/other",
                "postgres://me@db/other?password=p%40ss",
            ),
            (
                postgres,
                "postgresql://db:5432/shop?sslmode=disable",
                "postgresql://db:5432/shop?sslmode=disable&password=p%40ss&user=me",
            ),
            (mariadb, "mysql://me@db/other", "mysql://me:p%40ss@db/other"),
            (
                mariadb,
                "mariadb://db:3306/a@b?sslmode=disable",
                "mariadb://me:p%40ss@db:3306/a@b?sslmode=disable",
            ),
        ] {
            let lent = with_password(&Secret::new(url), &Secret::new(known));
            assert_eq!(lent.expose(), expected);
        }
        for (known, url) in [
            (postgres, "postgres://you@db/shop"),
            (postgres, "postgres://me@elsewhere/shop"),
            (postgres, "postgres://me@db:5433/shop"),
            (postgres, "postgres://me:other@db/shop"),
            (postgres, "mariadb://me@db:5432/shop"),
            (postgres, "sqlite:shop.db"),
            (mariadb, "mariadb://you@db/shop"),
            (mariadb, "mariadb://me@elsewhere/shop"),
            (mariadb, "mariadb://me@db:3307/shop"),
            (mariadb, "mariadb://me@db/shop?socket=/run/mysql"),
            (mariadb, "mariadb://me:other@db/shop"),
            (mariadb, "mariadb://me:@db/shop"),
            (mariadb, "postgres://me@db:3306/shop"),
            ("mariadb://me@db/shop", "mariadb://me@db/shop"),
        ] {
            let lent = with_password(&Secret::new(url), &Secret::new(known));
            assert_eq!(lent.expose(), url, "{known}");
        }
    }
}

//! Which constraint refused a row, as the server's messages in English name it.

use crate::breach::Named;

/// `Duplicate entry 'value' for key 'name'`: a value may hold anything, so it is read from the end.
/// The table is not told.
pub(super) fn of_key(message: &str) -> Option<Named> {
    let (_, name) = message.strip_suffix('\'')?.rsplit_once(" for key '")?;
    Some(Named {
        name: name.to_owned(),
        ..Named::default()
    })
}

/// ``… a foreign key constraint fails (`shop`.`invoice`, CONSTRAINT `name` FOREIGN KEY …``.
pub(super) fn of_reference(message: &str) -> Option<Named> {
    let (_, rest) = message.split_once("constraint fails (")?;
    let (_, rest) = quoted(rest)?;
    let (table, rest) = quoted(rest.strip_prefix('.')?)?;
    let (name, _) = quoted(rest.strip_prefix(", CONSTRAINT ")?)?;
    Some(Named {
        schema: None,
        table: Some(table),
        name,
    })
}

/// ``CONSTRAINT `name` failed for `shop`.`customer` ``; that of a column is `` `customer.name` ``.
pub(super) fn of_check(message: &str) -> Option<Named> {
    let (name, rest) = message
        .strip_prefix("CONSTRAINT `")?
        .rsplit_once("` failed for `")?;
    let (_, table) = rest.strip_suffix('`')?.rsplit_once("`.`")?;
    let of_column = name.strip_prefix(table).and_then(|n| n.strip_prefix('.'));
    Some(Named {
        schema: None,
        table: Some(table.to_owned()),
        name: of_column.unwrap_or(name).to_owned(),
    })
}

/// A quoted name, and what stands behind it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut name = String::new();
    let mut rest = text.strip_prefix('`')?;
    loop {
        let (part, behind) = rest.split_once('`')?;
        name.push_str(part);
        match behind.strip_prefix('`') {
            Some(further) => {
                name.push('`');
                rest = further;
            }
            None => return Some((name, behind)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(named: Option<Named>) -> String {
        let Some(named) = named else {
            return "nothing".to_owned();
        };
        format!("{}.{}", named.table.as_deref().unwrap_or("?"), named.name)
    }

    #[test]
    fn a_value_says_nothing_of_its_key() {
        let message = "Duplicate entry '1' for key 'other'' for key 'email_key'";
        assert_eq!(shown(of_key(message)), "?.email_key");
        assert_eq!(
            shown(of_key("Can't write, because of unique constraint")),
            "nothing"
        );
    }

    #[test]
    fn references_and_checks_name_their_table() {
        let message = "Cannot add or update a child row: a foreign key constraint fails \
            (`shop`.`in``voice`, CONSTRAINT `payer` FOREIGN KEY (`a`) REFERENCES `b` (`id`))";
        assert_eq!(shown(of_reference(message)), "in`voice.payer");
        let short = "Cannot add or update a child row: a foreign key constraint fails";
        assert_eq!(shown(of_reference(short)), "nothing");
        let check = |name: &str| format!("CONSTRAINT `{name}` failed for `shop`.`customer`");
        assert_eq!(
            shown(of_check(&check("score_range"))),
            "customer.score_range"
        );
        assert_eq!(shown(of_check(&check("customer.score"))), "customer.score");
    }
}

//! Paths into JSON, in the words of each database. They are values, and bound as such.

use super::JsonKind;

/// Steps from the outside in, each as JSON: a member's name or an item's place.
pub(crate) struct JsonPath(pub(crate) Vec<Box<str>>);

impl JsonPath {
    /// A JSON array of the steps, as our function for SQLite takes it.
    pub(crate) fn json(&self) -> String {
        format!("[{}]", self.0.join(","))
    }

    /// A path of SQL/JSON that leads only to a value of that kind.
    pub(crate) fn postgres(&self, kind: JsonKind) -> String {
        let filter = match kind {
            JsonKind::String => "== \"string\"",
            JsonKind::Number => "== \"number\"",
            JsonKind::Boolean => "== \"boolean\"",
            JsonKind::Any => "!= \"null\"",
        };
        format!("strict {} ? (@.type() {filter})", walked(&self.0))
    }

    /// A path of MariaDB's own.
    pub(crate) fn mariadb(&self) -> Result<String, String> {
        mariadb(&self.0)
    }

    /// Paths to what must be a list, as MariaDB takes anything else for a list of itself.
    pub(crate) fn mariadb_lists(&self) -> Result<Vec<String>, String> {
        let steps = self.0.iter().enumerate();
        let places = steps.filter(|(_, step)| !is_name(step));
        let before = |(index, _)| self.0.get(..index).unwrap_or_default();
        places.map(|place| mariadb(before(place))).collect()
    }
}

fn mariadb(steps: &[Box<str>]) -> Result<String, String> {
    if steps.iter().any(|step| step.starts_with("\"-")) {
        return Err("MariaDB finds no member whose name begins with a hyphen".to_owned());
    }
    Ok(walked(steps))
}

/// From `$` along the steps; names are quoted as in JSON.
fn walked(steps: &[Box<str>]) -> String {
    let mut path = "$".to_owned();
    for step in steps {
        if is_name(step) {
            path.push('.');
            path.push_str(step);
        } else {
            path.push('[');
            path.push_str(step);
            path.push(']');
        }
    }
    path
}

fn is_name(step: &str) -> bool {
    step.starts_with('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(steps: &[&str]) -> JsonPath {
        JsonPath(steps.iter().map(|step| (*step).into()).collect())
    }

    #[test]
    fn steps_become_the_paths_of_each_database() {
        let path = path(&["\"a\\\"b\"", "0", "\"c\"", "2"]);
        assert_eq!(path.json(), "[\"a\\\"b\",0,\"c\",2]");
        assert_eq!(
            path.postgres(JsonKind::String),
            "strict $.\"a\\\"b\"[0].\"c\"[2] ? (@.type() == \"string\")"
        );
        assert_eq!(path.mariadb().unwrap(), "$.\"a\\\"b\"[0].\"c\"[2]");
        let lists = ["$.\"a\\\"b\"", "$.\"a\\\"b\"[0].\"c\""];
        assert_eq!(path.mariadb_lists().unwrap(), lists);
    }

    #[test]
    fn the_whole_is_a_place_too() {
        assert_eq!(path(&[]).mariadb().unwrap(), "$");
        assert_eq!(path(&[]).json(), "[]");
        assert!(path(&[]).mariadb_lists().unwrap().is_empty());
    }

    #[test]
    fn what_mariadb_would_not_find_is_refused() {
        assert!(path(&["\"a\"", "\"-1\""]).mariadb().is_err());
        assert!(path(&["\"a-1\""]).mariadb().is_ok());
    }
}

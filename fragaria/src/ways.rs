//! The ways that each role has into the tables, and that the rules hold of them.

use crate::count::count;
use crate::mend;
use crate::terminal::Terminal;
use anyhow::Result;
use engine::Shown;
use model::Schema;

/// Shows that the rules hold of every way that each role has.
pub(crate) fn show(schema: &Schema, terminal: Terminal) -> Result<Vec<Shown>> {
    if schema.roles.is_empty() {
        return Ok(Vec::new());
    }
    let progress = terminal.progress("looking at every way that each role has");
    let shown = engine::prove(schema);
    drop(progress);
    shown.map_err(|unshown| {
        let (role, fault) = (&unshown.role, &unshown.fault);
        let what = format!("for callers of the role {role}, {}", fault.message);
        let help = format!(
            "that is a mistake of ours: please report it, with the rules, and with this document: {}",
            unshown.document
        );
        mend::failure(what, help)
    })
}

/// What was shown, in words.
pub(crate) fn told(shown: &[Shown]) -> Option<String> {
    let sum = |of: fn(&Shown) -> usize| shown.iter().map(of).sum::<usize>();
    let roles = count(shown.len(), "role");
    let ways = count(sum(|shown| shown.ways), "way");
    let statements = count(sum(|shown| shown.statements), "statement");
    let mut lines = vec![format!(
        "the rules hold of each statement: {roles}, {ways} into the tables, {statements}"
    )];
    for shown in shown {
        let role = &shown.role;
        let unasked = shown.unasked.iter();
        lines.extend(unasked.map(|way| format!("not looked at for {role}: {way}")));
    }
    (!shown.is_empty()).then(|| lines.join("\n"))
}

//! Bounds of a document as it is written, looked at before it is validated: every operation in it
//! is, with every fragment it leads to.

use super::located;
use crate::config::Config;
use apollo_compiler::Node;
use apollo_compiler::ast::{Definition, DirectiveList, Document, Selection, VariableDefinition};
use apollo_compiler::parser::SourceSpan;
use model::{Fault, Kind};

/// Refuses a document that has too many of something.
pub(super) fn bound(config: &Config, document: &Document) -> Result<(), Fault> {
    let mut count = Count {
        config,
        document,
        operations: 0,
        fragments: 0,
        variables: 0,
        directives: 0,
    };
    document
        .definitions
        .iter()
        .try_for_each(|definition| count.definition(definition))
}

/// What was counted so far.
struct Count<'a> {
    config: &'a Config,
    document: &'a Document,
    operations: usize,
    fragments: usize,
    variables: usize,
    directives: usize,
}

impl Count<'_> {
    fn definition(&mut self, definition: &Definition) -> Result<(), Fault> {
        let place = definition.location();
        match definition {
            Definition::OperationDefinition(operation) => {
                self.operations += 1;
                let count = (self.operations, self.config.operations_max);
                self.at_most(count, "engine.operations", "operations", place)?;
                self.variables(&operation.variables)?;
                self.directives(&operation.directives)?;
                self.selections(&operation.selection_set)
            }
            Definition::FragmentDefinition(fragment) => {
                self.fragments += 1;
                let count = (self.fragments, self.config.fragments_max);
                self.at_most(count, "engine.fragments", "fragments", place)?;
                self.directives(&fragment.directives)?;
                self.selections(&fragment.selection_set)
            }
            _ => Ok(()),
        }
    }

    fn variables(&mut self, variables: &[Node<VariableDefinition>]) -> Result<(), Fault> {
        for variable in variables {
            self.variables += 1;
            let count = (self.variables, self.config.variables_max);
            self.at_most(count, "engine.variables", "variables", variable.location())?;
            self.directives(&variable.directives)?;
        }
        Ok(())
    }

    fn selections(&mut self, selections: &[Selection]) -> Result<(), Fault> {
        selections.iter().try_for_each(|selection| match selection {
            Selection::Field(field) => {
                self.directives(&field.directives)?;
                self.selections(&field.selection_set)
            }
            Selection::FragmentSpread(spread) => self.directives(&spread.directives),
            Selection::InlineFragment(fragment) => {
                self.directives(&fragment.directives)?;
                self.selections(&fragment.selection_set)
            }
        })
    }

    /// The directives of one place.
    fn directives(&mut self, directives: &DirectiveList) -> Result<(), Fault> {
        let place = directives.last().and_then(Node::location);
        let here = (directives.len(), self.config.directives_here_max);
        let what = "directives in one place";
        self.at_most(here, "engine.directives_here", what, place)?;
        self.directives += directives.len();
        let all = (self.directives, self.config.directives_max);
        self.at_most(all, "engine.directives", "directives", place)
    }

    fn at_most(
        &self,
        (count, most): (usize, usize),
        code: &'static str,
        what: &str,
        place: Option<SourceSpan>,
    ) -> Result<(), Fault> {
        if count <= most {
            return Ok(());
        }
        let message = format!("the document has more than {most} {what}");
        let fault = Fault::new(code, Kind::Limit, message);
        Err(located(fault, place, &self.document.sources))
    }
}

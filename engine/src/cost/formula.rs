//! The cost of an operation as its document tells it; the rest is decided by variables.

use crate::input::Variables;
use apollo_compiler::Name;

/// The cost of an operation, for whatever variables.
#[derive(Debug)]
pub(crate) struct Formula {
    /// What variables decide about; each looks only at those before it.
    terms: Vec<Term>,
    /// What all root fields cost.
    roots: Vec<Part>,
}

/// The cost of a member of an object.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part {
    /// As the document tells it.
    Known(u64),
    /// That of a term.
    Term(usize),
}

/// Variables that `@skip` and `@include` look at, and what they must be for the member to be there.
pub(crate) type Toggles = Vec<(Name, bool)>;

/// How many objects stand in a place.
#[derive(Clone, Debug)]
pub(crate) enum Size {
    /// So many.
    Known(u64),
    /// As many as the largest of these tells.
    Told {
        /// By the document.
        least: u64,
        /// By variables: their numbers, or how long they are.
        variables: Vec<Name>,
        /// When none of them is given.
        otherwise: u64,
    },
}

/// A member of an object, whose cost variables decide about.
#[derive(Debug, Default)]
pub(crate) struct Term {
    /// What it costs whatever its size.
    pub(crate) once: u64,
    /// Variables whose objects cost as much as their number.
    pub(crate) inputs: Vec<Name>,
    /// How many objects it has.
    pub(crate) size: Size,
    /// What each of them costs.
    pub(crate) each: u64,
    /// Their members.
    pub(crate) below: Vec<Part>,
    pub(crate) toggles: Toggles,
}

impl Default for Size {
    fn default() -> Self {
        Self::Known(0)
    }
}

/// A formula under construction.
#[derive(Debug, Default)]
pub(crate) struct Builder(Vec<Term>);

impl Builder {
    /// Takes a member in; one that no variable decides about is counted at once.
    pub(crate) fn add(&mut self, mut term: Term) -> Part {
        let known = term.below.iter().filter_map(|part| match part {
            Part::Known(cost) => Some(*cost),
            Part::Term(_) => None,
        });
        term.each = known.fold(term.each, u64::saturating_add);
        term.below.retain(|part| matches!(part, Part::Term(_)));
        let is_plain = term.below.is_empty() && term.inputs.is_empty() && term.toggles.is_empty();
        if let (Size::Known(size), true) = (&term.size, is_plain) {
            return Part::Known(term.once.saturating_add(size.saturating_mul(term.each)));
        }
        self.0.push(term);
        Part::Term(self.0.len() - 1)
    }

    /// The formula of these root fields.
    pub(crate) fn finish(self, roots: Vec<Part>) -> Formula {
        Formula {
            terms: self.0,
            roots,
        }
    }
}

impl Formula {
    /// The cost with these variables.
    pub(crate) fn cost(&self, variables: &Variables) -> u64 {
        let mut known = Vec::with_capacity(self.terms.len());
        for term in &self.terms {
            let cost = term.cost(variables, &known);
            known.push(cost);
        }
        sum(&self.roots, &known)
    }

    /// The memory it takes, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        let lists = self.terms.iter().map(|term| {
            size_of::<Term>()
                + size_of_val(&*term.below)
                + size_of_val(&*term.inputs)
                + size_of_val(&*term.toggles)
        });
        size_of_val(&*self.roots) + lists.sum::<usize>()
    }
}

impl Term {
    fn cost(&self, variables: &Variables, known: &[u64]) -> u64 {
        let is_off = |(name, wanted): &(Name, bool)| variables.boolean(name) == Some(!wanted);
        if self.toggles.iter().any(is_off) {
            return 0;
        }
        let inputs = self.inputs.iter().map(|name| variables.objects(name));
        let once = inputs.fold(self.once, u64::saturating_add);
        let each = self.each.saturating_add(sum(&self.below, known));
        once.saturating_add(self.size.with(variables).saturating_mul(each))
    }
}

impl Size {
    fn with(&self, variables: &Variables) -> u64 {
        match self {
            Self::Known(size) => *size,
            Self::Told {
                least,
                variables: names,
                otherwise,
            } => {
                let told = names.iter().filter_map(|name| variables.size(name));
                told.max().unwrap_or(*otherwise).max(*least)
            }
        }
    }
}

fn sum(parts: &[Part], known: &[u64]) -> u64 {
    let costs = parts.iter().map(|part| match part {
        Part::Known(cost) => *cost,
        Part::Term(index) => known.get(*index).copied().unwrap_or_default(),
    });
    costs.fold(0, u64::saturating_add)
}

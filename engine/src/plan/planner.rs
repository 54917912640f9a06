//! The root of planning: each root field becomes the steps it needs.

use super::footprint::Trail;
use super::selection::Chosen;
use super::{Inserts, Keeping, Plan, Wish, statement::Draft};
use crate::access::Access;
use crate::advice::wants::Wants;
use crate::api::{Api, NOTHING, Root, Verb};
use crate::config::Config;
use crate::input::{Argument, Strict, Unfit, Variables, argument};
use crate::prepare::{Asked, located};
use crate::proof::{Debt, Proof};
use crate::sql::{Alias, Change, Expr, Tree};
use apollo_compiler::executable::{ExecutableDocument, Field};
use model::{
    Cell, Content, Expectation, Fault, Kind, Label, Part, Schema, Script, Step, Use, Weight,
};
use std::collections::HashMap;
use std::sync::Arc;

/// What planning one operation needs and gathers.
pub(crate) struct Planner<'a> {
    pub(crate) api: &'a Api,
    pub(crate) schema: &'a Schema,
    /// The rules that every statement carries.
    pub(crate) access: Option<&'a Access>,
    pub(crate) config: &'a Config,
    pub(crate) document: &'a ExecutableDocument,
    pub(crate) variables: &'a Variables,
    /// The statement under construction.
    pub(crate) draft: Draft,
    /// Fields chosen so far.
    pub(crate) fields: usize,
    /// Comparisons in conditions read so far, and relations.
    pub(crate) conditions: (usize, usize),
    /// Bytes of introspection written so far.
    pub(crate) introspected: usize,
    /// Relations that the condition being planned lets the database join so far.
    pub(crate) joined: usize,
    /// Nesting of the field being planned.
    pub(crate) depth: usize,
    /// Whether it calls functions of the database.
    pub(crate) calls: bool,
    /// Where a variable that is not given is refused.
    pub(crate) strict: Strict,
    /// The rows that a write gives back: each must be there with all its parts.
    pub(crate) written: Option<Alias>,
    /// How rows are inserted that can be written together.
    pub(crate) inserts: Inserts,
    /// The place in the input that is being planned; empty where it is no part of one.
    input: String,
    /// Members of places in the input by which a refusal of the database may be told.
    told_by: HashMap<String, Box<[Box<str>]>>,
    /// How refusals of the database are told.
    refusals: &'a Arc<[model::Refusal]>,
    /// Which tables its steps touch.
    trail: Trail,
    /// What its statements want of indexes, where somebody asks for that.
    wants: Option<Vec<Wants>>,
    steps: Vec<Step>,
    wishes: Vec<Vec<Wish>>,
    /// What is looked at before the script runs, and bound nowhere.
    pub(crate) unplaced: Vec<Wish>,
    limits: Vec<(usize, usize)>,
    weight: Weight,
    /// Whether the condition of a rule is being planned: it looks at rows whoever asks.
    pub(super) ruling: bool,
    /// What the next statement must look at.
    owed: Option<Debt>,
    /// Why the rules refuse it.
    refusal: Option<Fault>,
}

/// Plans an operation for variables of that structure.
pub(crate) fn plan(
    config: &Config,
    asked: Asked<'_>,
    (variables, inserts): (&Variables, Inserts),
) -> Result<Plan, Fault> {
    let planner = Planner::new(config, asked, (variables, inserts));
    Ok(planned(planner, asked)?.0)
}

/// The same, with what each of its statements wants of indexes.
pub(crate) fn plan_with_wants(
    config: &Config,
    asked: Asked<'_>,
    (variables, inserts): (&Variables, Inserts),
) -> Result<(Plan, Vec<Wants>), Fault> {
    let mut planner = Planner::new(config, asked, (variables, inserts));
    planner.wants = Some(Vec::new());
    planned(planner, asked)
}

fn planned<'a>(mut planner: Planner<'a>, asked: Asked<'a>) -> Result<(Plan, Vec<Wants>), Fault> {
    let root_type = asked.definition.object_type();
    let chosen = planner.choose(&[&asked.definition.selection_set], root_type)?;
    let mut roots = Vec::with_capacity(chosen.len());
    for chosen in &chosen {
        let content = planner.root(chosen, root_type)?;
        roots.push(model::Root {
            key: Label::new(chosen.key),
            content,
        });
    }
    let wants = planner.wants.take().unwrap_or_default();
    let plan = planner.ended(roots, asked.definition.operation_type.is_mutation())?;
    Ok((plan, wants))
}

/// Whether a statement leaves a row, whatever it finds there, unless a rule is in its way.
fn is_sure(tree: &Tree) -> bool {
    match tree {
        Tree::Change(Change::Insert {
            conflict: Some(conflict),
            ..
        }) => !conflict.set.is_empty() && conflict.filter.is_empty(),
        _ => false,
    }
}

/// The fault of a statement of which it cannot be shown that it is held to the rules.
fn unproved(gap: &str) -> Fault {
    let message = format!("it cannot be shown that the access rules hold: {gap}");
    Fault::new("access.unproved", Kind::Internal, message)
}

impl<'a> Planner<'a> {
    /// A planner that has planned nothing yet.
    pub(super) fn new(
        config: &'a Config,
        asked: Asked<'a>,
        (variables, inserts): (&'a Variables, Inserts),
    ) -> Self {
        let shape = asked.shape;
        Self {
            api: &shape.api,
            schema: &shape.schema,
            access: shape.access.as_ref(),
            config,
            document: asked.document,
            variables,
            draft: Draft::default(),
            fields: 0,
            conditions: (0, 0),
            introspected: 0,
            joined: 0,
            depth: 0,
            calls: false,
            strict: Strict::Nowhere,
            written: None,
            inserts,
            input: String::new(),
            told_by: HashMap::new(),
            refusals: &shape.refusals,
            trail: Trail::new(),
            wants: None,
            steps: Vec::new(),
            wishes: Vec::new(),
            unplaced: Vec::new(),
            limits: Vec::new(),
            weight: Weight::Light,
            ruling: false,
            owed: None,
            refusal: None,
        }
    }

    /// The plan of what was planned, unless the rules refuse it.
    pub(super) fn ended(mut self, roots: Vec<model::Root>, writes: bool) -> Result<Plan, Fault> {
        if self.owed.is_some() {
            self.refuse(unproved("what is written last is not looked at"));
        }
        if let Some(refusal) = self.refusal {
            return Err(refusal);
        }
        if let Some(problem) = self.access.and_then(Access::problem) {
            let message = format!("the access rules cannot be applied: {problem}");
            return Err(Fault::new("engine.internal", Kind::Internal, message));
        }
        let is_kept = !writes && !self.calls && self.introspected == 0;
        let max_age_s = self.trail.max_age_s(self.schema).filter(|_| is_kept);
        Ok(Plan {
            script: Arc::new(Script {
                writes,
                calls: self.calls,
                undone: false,
                steps: self.steps,
                roots,
                refusals: Arc::clone(self.refusals),
                footprint: Arc::new(self.trail.ended()),
            }),
            wishes: self.wishes,
            unplaced: self.unplaced,
            weight: self.weight,
            limits: self.limits,
            keeping: max_age_s.map(Keeping::of_next),
        })
    }

    fn root(&mut self, chosen: &Chosen<'a>, root_type: &str) -> Result<Content, Fault> {
        let field = chosen.field();
        match field.name.as_str() {
            "__typename" => return Ok(Content::Constant(format!("\"{root_type}\"").into())),
            "__schema" | "__type" => return self.introspection(chosen),
            _ => {}
        }
        let Some(root) = self.api.root(&field.name) else {
            if field.name == NOTHING {
                return Ok(Content::Constant("null".into()));
            }
            let message = format!("the field {} is not known here", field.name);
            return Err(self.fault(field, "engine.invalid", Kind::Invalid, message));
        };
        let step = match root.verb {
            Verb::Node => return self.node(chosen),
            Verb::Function(function) => return self.function(chosen, function),
            Verb::ByKey(key) => self.by_key(chosen, root.table, key)?,
            Verb::List => self.list(chosen, root.table)?,
            Verb::Page => self.root_page(chosen, root.table)?,
            Verb::Aggregate => self.aggregate(chosen, root.table)?,
            _ => return self.write(chosen, root),
        };
        Ok(Content::Step(step))
    }

    /// Ends the statement under construction and makes it a step.
    pub(crate) fn step(&mut self, chosen: &Chosen<'a>, tree: Tree, rows: Use) -> usize {
        let written = self.surely_written(&tree);
        let step = self.ruled_step(chosen, tree, rows);
        if let Some((table, rows)) = written {
            self.must_be_written(chosen, (table, rows), step);
        }
        step
    }

    fn ruled_step(&mut self, chosen: &Chosen<'a>, mut tree: Tree, rows: Use) -> usize {
        if self.access.is_none() {
            return self.push(chosen, &tree, rows);
        }
        let is_sure = is_sure(&tree);
        self.shield(&mut tree, &rows);
        let rows = self.keeping(&mut tree, rows);
        let step = self.push(chosen, &tree, rows);
        if let Tree::Change(change) = &tree {
            self.look_at_change(chosen, (change, is_sure), step);
        }
        step
    }

    /// The rows that an insert gives back if nothing of the database keeps it from writing them.
    fn surely_written(&self, tree: &Tree) -> Option<(usize, usize)> {
        let Tree::Change(Change::Insert {
            table,
            rows,
            condition,
            conflict,
            returning,
            ..
        }) = tree
        else {
            return None;
        };
        let is_plain = condition.is_none() && conflict.is_none();
        let is_sure = is_plain || self.changes_answer() && is_sure(tree);
        (is_sure && !returning.is_empty()).then_some((*table, rows.len()))
    }

    /// Makes an insert fail that wrote fewer rows, as by a trigger that says nothing.
    fn must_be_written(&mut self, chosen: &Chosen<'a>, (table, rows): (usize, usize), step: usize) {
        let name = &self.schema.tables[table].type_name;
        let message = format!("{name}: the database wrote no row, and did not say why");
        let all = Expectation {
            least: rows,
            most: None,
            fault: self.fault(
                chosen.field(),
                "engine.not_written",
                Kind::Conflict,
                message,
            ),
        };
        self.expect(step, all, None);
    }

    /// The same of a statement that needs no rules, or has them.
    pub(super) fn push(&mut self, chosen: &Chosen<'a>, tree: &Tree, rows: Use) -> usize {
        self.prove(tree, &rows);
        self.trail.follow(self.schema, tree);
        if let Some(wants) = &mut self.wants {
            wants.push(Wants::of(self.schema, tree));
        }
        let place = self.draft.place;
        let draft = std::mem::take(&mut self.draft);
        self.draft.place = place;
        let finished = draft.finish(self.schema, tree);
        let index = self.steps.len();
        for (step, parameter) in &mut self.limits {
            let place = finished.order.iter().position(|index| index == parameter);
            if let (true, Some(place)) = (*step == index, place) {
                *parameter = place;
            }
        }
        self.steps.push(Step {
            statement: finished.statement,
            rows,
            key: chosen.key.as_str().into(),
            input: self.place_in_input().map(|place| Part {
                members: self.told_by.get(&*place).cloned().unwrap_or_default(),
                place,
                several: false,
                table: tree.changed(),
            }),
            expects: Vec::new(),
            assures: None,
        });
        self.wishes.push(finished.wishes);
        self.unplaced.extend(finished.unplaced);
        index
    }

    /// Shows that a statement is held to the rules, and pays what is owed to the one before it.
    fn prove(&mut self, tree: &Tree, rows: &Use) {
        let Some(access) = self.access else {
            return;
        };
        let slots = self.draft.slots();
        let proof = Proof {
            schema: self.schema,
            access,
            variables: self.variables,
            slots: &slots,
        };
        let shown = match self.owed.take() {
            // It looks at rows whoever asks, and shows none of them.
            Some(debt) => proof.pays(&debt, tree).map(|()| None),
            None => proof.statement(tree, rows),
        };
        match shown {
            Ok(debt) => self.owed = debt,
            Err(gap) => self.refuse(unproved(&gap)),
        }
    }

    /// Says why the operation is refused, once it is planned; what is said first counts.
    pub(super) fn refuse(&mut self, fault: Fault) {
        self.refusal.get_or_insert(fault);
    }

    /// Says whether a step writes several rows that one by one tell which of them fails.
    pub(crate) fn writes_several(&mut self, step: usize, several: bool) {
        let step = self.steps.get_mut(step);
        if let Some(part) = step.and_then(|step| step.input.as_mut()) {
            part.several = several;
        }
    }

    /// How many steps there are; the next one's index.
    pub(crate) fn steps(&self) -> usize {
        self.steps.len()
    }

    /// Makes a step expect something of the rows it gives; `most` is how many there may be.
    pub(crate) fn expect(&mut self, step: usize, expectation: Expectation, most: Option<Wish>) {
        if let (Some(to), Some(wishes)) = (self.steps.get_mut(step), self.wishes.get_mut(step)) {
            let further = to.arguments() - to.statement.parameters.len();
            to.expects.push(Expectation {
                most: most.is_some().then_some(further),
                ..expectation
            });
            wishes.extend(most);
        }
    }

    /// Says what is told where a step fails as one of its rows is not as it must be.
    pub(crate) fn assured(&mut self, step: usize, fault: Fault) {
        if let Some(step) = self.steps.get_mut(step) {
            step.assures = Some(Box::new(fault));
        }
    }

    /// Says that the script brings at least that much.
    pub(crate) fn weighs(&mut self, weight: Weight) {
        self.weight = self.weight.max(weight);
    }

    /// Says that the step about to end brings as many rows as that tells.
    pub(crate) fn bounded_by(&mut self, limit: &Expr) {
        match limit {
            Expr::Number(rows) if *rows <= self.config.shared_rows_max => {
                self.weighs(Weight::Bounded);
            }
            Expr::Parameter(index) => {
                self.limits.push((self.steps.len(), *index));
                self.weighs(Weight::Bounded);
            }
            _ => self.weighs(Weight::Unbounded),
        }
    }

    /// Goes one level down while `inner` runs.
    pub(crate) fn deeper<T>(
        &mut self,
        field: &Field,
        inner: impl FnOnce(&mut Self) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        if self.depth >= self.config.depth_max {
            let what = if self.input.is_empty() {
                "fields"
            } else {
                "relations in the input"
            };
            let message = format!("{what} are nested deeper than {}", self.config.depth_max);
            return Err(self.fault(field, "engine.depth", Kind::Limit, message));
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    /// Reads what picks the rows of a write while `inner` runs.
    pub(crate) fn strictly<T>(&mut self, inner: impl FnOnce(&mut Self) -> T) -> T {
        self.reading(Strict::Everywhere, inner)
    }

    /// Reads what a write writes while `inner` runs: it may lack members, but not those that pick
    /// rows or columns.
    pub(crate) fn writing<T>(&mut self, inner: impl FnOnce(&mut Self) -> T) -> T {
        self.reading(Strict::WherePicking, inner)
    }

    fn reading<T>(&mut self, strict: Strict, inner: impl FnOnce(&mut Self) -> T) -> T {
        let before = std::mem::replace(&mut self.strict, strict);
        let result = inner(self);
        self.strict = before;
        result
    }

    /// Goes to a part of the input while `inner` runs: its steps and faults name that place.
    pub(crate) fn within<T>(&mut self, part: &str, inner: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.input.len();
        self.input.push_str(part);
        let result = inner(self);
        self.input.truncate(length);
        result
    }

    /// Keeps which members of the place being planned a refusal of the database may be told by.
    pub(crate) fn tells<'i>(&mut self, table: usize, members: impl Iterator<Item = &'i str>) {
        let table = &self.schema.tables[table];
        let told: Vec<_> = table.constraints.iter().filter_map(|c| c.field).collect();
        if told.is_empty() {
            return;
        }
        let is_told = |member: &&str| told.iter().any(|part| table.part(*part) == *member);
        let members = members.filter(is_told).map(Into::into).collect();
        self.told_by.insert(self.input.clone(), members);
    }

    /// The place in the input that is being planned.
    fn place_in_input(&self) -> Option<Box<str>> {
        (!self.input.is_empty()).then(|| self.input.as_str().into())
    }

    /// The place in the input of a member of what is being planned.
    pub(crate) fn place_below(&self, member: &str) -> Box<str> {
        format!("{}.{member}", self.input).into()
    }

    /// The fault of a part of the input that cannot be used.
    pub(crate) fn misgiven(&self, field: &Field, message: &str) -> Fault {
        let argument = self.input.split(['.', '[']).next().unwrap_or_default();
        self.wrong(field, argument, message)
    }

    /// An argument of a field; `None` when it was not given. What is made of it until the next one
    /// is read belongs to that field.
    pub(crate) fn argument(
        &mut self,
        field: &Field,
        name: &str,
    ) -> Result<Option<Argument>, Fault> {
        self.draft.place = field.name.location();
        let given = field
            .arguments
            .iter()
            .find(|argument| argument.name == name);
        let definition = field.definition.argument_by_name(name);
        let (Some(given), Some(definition)) = (given, definition) else {
            return Ok(None);
        };
        argument(
            self.api,
            self.schema,
            (self.variables, self.strict),
            &definition.ty,
            &given.value,
        )
        .map_err(|unfit| self.unfit(field, name, &unfit))
    }

    /// An argument that is not null. Where it picks or guards the rows of a write, null would let
    /// more of them through than its client may have meant.
    pub(crate) fn given(&mut self, field: &Field, name: &str) -> Result<Option<Argument>, Fault> {
        let argument = self.argument(field, name)?;
        if self.strict == Strict::Everywhere && argument == Some(Argument::Null) {
            let message = "null must not widen a write; leave it out where it is not wanted";
            return Err(self.wrong(field, name, message));
        }
        Ok(argument.filter(|argument| *argument != Argument::Null))
    }

    /// The fault of an argument whose literal cannot be used, at the place of that.
    fn unfit(&self, field: &Field, name: &str, unfit: &Unfit) -> Fault {
        let message = format!("argument {name} of {}: {unfit}", field.name);
        let fault = Fault::new("engine.argument", Kind::Invalid, message);
        let writes = self.strict == Strict::WherePicking;
        let part = writes.then(|| format!("{name}{}", unfit.place()));
        let place = unfit.span.or(field.name.location());
        located(fault.within(part), place, &self.document.sources)
    }

    /// The fault of an argument that cannot be used.
    pub(crate) fn wrong(&self, field: &Field, name: &str, message: &str) -> Fault {
        let message = format!("argument {name} of {}: {message}", field.name);
        self.fault(field, "engine.argument", Kind::Invalid, message)
    }

    /// A fault at a field.
    pub(crate) fn fault(
        &self,
        field: &Field,
        code: &'static str,
        kind: Kind,
        message: impl Into<String>,
    ) -> Fault {
        located(
            Fault::new(code, kind, message).within(self.place_in_input()),
            field.name.location(),
            &self.document.sources,
        )
    }

    fn write(&mut self, chosen: &Chosen<'a>, root: Root) -> Result<Content, Fault> {
        self.weighs(Weight::Bounded);
        match root.verb {
            Verb::Create | Verb::CreateMany => self.create(chosen, root),
            Verb::Upsert | Verb::UpsertMany => self.upsert(chosen, root),
            Verb::Update | Verb::UpdateMany => self.update(chosen, root),
            _ => self.delete(chosen, root),
        }
    }

    /// A constant cell of JSON text.
    pub(crate) fn constant(json: impl Into<Box<str>>) -> Cell {
        Cell::Constant(json.into())
    }
}

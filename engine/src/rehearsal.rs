//! Several scripts in one transaction that is undone in the end.

use crate::bind::Bound;
use model::{Argument, Content, Root, Script, Step, Weight};
use std::sync::Arc;

/// What is bound, one after the other as one script of which nothing stays; its answer has the members of
/// all.
pub fn rehearsal(parts: &[&Bound]) -> Bound {
    let mut script = Script {
        writes: true,
        calls: false,
        undone: true,
        refusals: Arc::default(),
        footprint: Arc::default(),
        steps: Vec::new(),
        roots: Vec::new(),
    };
    let mut arguments = Vec::new();
    for part in parts {
        let before = script.steps.len();
        script
            .steps
            .extend(part.script.steps.iter().map(Step::clone));
        script
            .roots
            .extend(part.script.roots.iter().map(|root| Root {
                key: root.key.clone(),
                content: behind(&root.content, before),
            }));
        let shifted = part.arguments.iter().map(|of_step| {
            let of_step = of_step.iter();
            of_step.map(|argument| later(argument, before)).collect()
        });
        arguments.extend::<Vec<Vec<Argument>>>(shifted.collect());
    }
    Bound {
        script: Arc::new(script),
        arguments,
        weight: Weight::Bounded,
        cost: parts.iter().map(|part| part.cost).sum(),
        keeping: None,
    }
}

fn behind(content: &Content, before: usize) -> Content {
    match content {
        Content::Step(step) => Content::Step(step + before),
        Content::Constant(json) => Content::Constant(json.clone()),
    }
}

/// The same argument of a script whose steps stand behind so many others.
fn later(argument: &Argument, before: usize) -> Argument {
    let all = |steps: &[usize]| steps.iter().map(|step| step + before).collect();
    match argument {
        Argument::Value(value) => Argument::Value(value.clone()),
        Argument::Kept { steps, column } => Argument::Kept {
            steps: all(steps),
            column: *column,
        },
        Argument::KeptOne { step, column } => Argument::KeptOne {
            step: step + before,
            column: *column,
        },
        Argument::KeptRows { steps } => Argument::KeptRows { steps: all(steps) },
    }
}

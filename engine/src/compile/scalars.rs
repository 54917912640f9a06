//! Stage: scalars of the schema's own, each with the JSON form of another.

use super::directive::word;
use super::findings::Findings;
use crate::sdl;
use apollo_compiler::Schema as Document;
use apollo_compiler::parser::SourceSpan;
use apollo_compiler::schema::{ExtendedType, ScalarType};
use model::schema::CustomScalar;
use model::{Diagnostic, Scalar};

/// A scalar and where its name stands.
pub(super) struct ScalarDraft {
    pub(super) custom: CustomScalar,
    pub(super) span: Option<SourceSpan>,
}

/// The scalars by name.
pub(super) fn resolve(document: &Document, findings: &mut Findings) -> Vec<ScalarDraft> {
    let mut scalars = Vec::new();
    for definition in document.types.values() {
        if let ExtendedType::Scalar(node) = definition
            && findings.is_theirs(node.name.location())
        {
            scalars.extend(scalar(node, findings));
        }
    }
    scalars.sort_by(|a, b| a.custom.type_name.cmp(&b.custom.type_name));
    scalars
}

fn scalar(node: &ScalarType, findings: &mut Findings) -> Option<ScalarDraft> {
    let mut refuse = |span: Option<SourceSpan>, message: String| {
        findings.add(span, || {
            let known = Scalar::ALL.map(Scalar::name).join(", ");
            Diagnostic::error("sdl.scalar", message).help(format!(
                "say which it is written like, @scalar(as: …): {known}"
            ))
        });
        None
    };
    let span = node.name.location();
    let Some(directive) = node.directives.get("scalar") else {
        return refuse(span, format!("which form has `{}` in JSON?", node.name));
    };
    let form = word(directive, "as")?;
    let Some(scalar) = Scalar::from_name(form.text) else {
        let shown = sdl::clip(form.text);
        return refuse(form.span, format!("`{shown}` is none of the API's scalars"));
    };
    let url = node.directives.get("specifiedBy");
    let url = url.and_then(|directive| word(directive, "url"));
    Some(ScalarDraft {
        custom: CustomScalar {
            type_name: node.name.to_string(),
            description: node.description.as_ref().map(ToString::to_string),
            specified_by: url.map(|url| url.text.to_owned()),
            scalar,
        },
        span,
    })
}

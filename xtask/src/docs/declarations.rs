//! What the sources declare about the configuration: structs, their fields and the words of enums.

use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use syn::{Attribute, Expr, Fields, GenericArgument, Item, Lit, Meta, PathArguments, Type};

/// A type of the configuration.
pub(super) enum Declaration {
    /// A section: its description and its fields.
    Section { about: String, fields: Vec<Field> },
    /// A choice: its words and what they mean.
    Choice(Vec<(String, String)>),
}

/// A field of a section.
pub(super) struct Field {
    pub(super) name: String,
    pub(super) about: String,
    /// The type as the top of the configuration names it, `store::Config`; of a list, that of its
    /// items.
    pub(super) kind: String,
    /// Whether it is a list.
    pub(super) is_list: bool,
}

/// Reads the declarations of a file; their names come to stand under `under`, as in `store::`.
pub(super) fn read(
    under: &str,
    source: &str,
    into: &mut BTreeMap<String, Declaration>,
) -> Result<()> {
    for item in syn::parse_file(source)?.items {
        let (name, declaration) = match item {
            Item::Struct(item) if is_read(&item.attrs) => {
                let name = item.ident.to_string();
                let about = words(&item.attrs, &name)?;
                let fields = fields(under, &item.fields)?;
                (name, Declaration::Section { about, fields })
            }
            Item::Enum(item) if is_read(&item.attrs) => {
                let choice = item.variants.iter().map(|variant| {
                    let word = variant.ident.to_string();
                    let about = words(&variant.attrs, &word)?;
                    let word = renamed(&variant.attrs).unwrap_or_else(|| word.to_lowercase());
                    Ok((word, about))
                });
                let choice = choice.collect::<Result<_>>()?;
                (item.ident.to_string(), Declaration::Choice(choice))
            }
            _ => continue,
        };
        into.insert(format!("{under}{name}"), declaration);
    }
    Ok(())
}

/// Whether serde reads it.
fn is_read(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let Meta::List(list) = &attribute.meta else {
            return false;
        };
        let derived = list.tokens.to_string();
        list.path.is_ident("derive") && derived.split([',', ' ']).any(|name| name == "Deserialize")
    })
}

fn fields(under: &str, fields: &Fields) -> Result<Vec<Field>> {
    let one = |field: &syn::Field| {
        let name = field.ident.as_ref().context("a field has no name")?;
        let name = name.to_string();
        let item = item(&field.ty);
        Ok(Field {
            about: words(&field.attrs, &name)?,
            kind: kind(under, item.unwrap_or(&field.ty))?,
            is_list: item.is_some(),
            name,
        })
    };
    fields.iter().map(one).collect()
}

/// The type of the items, if it is a `Vec`.
fn item(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else {
        return None;
    };
    let last = path
        .path
        .segments
        .last()
        .filter(|last| last.ident == "Vec")?;
    match &last.arguments {
        PathArguments::AngleBracketed(arguments) => match arguments.args.first()? {
            GenericArgument::Type(item) => Some(item),
            _ => None,
        },
        _ => None,
    }
}

/// The name of a type; one without a path is of the same file.
fn kind(under: &str, ty: &Type) -> Result<String> {
    let Type::Path(path) = ty else {
        bail!("a field of the configuration is of a type without a name");
    };
    let segments = path.path.segments.iter();
    let words: Vec<_> = segments.map(|segment| segment.ident.to_string()).collect();
    Ok(match words.as_slice() {
        [name] => format!("{under}{name}"),
        words => words.join("::"),
    })
}

/// The word serde reads in place of a name.
fn renamed(attributes: &[Attribute]) -> Option<String> {
    let mut lists = attributes
        .iter()
        .filter_map(|attribute| match &attribute.meta {
            Meta::List(list) if list.path.is_ident("serde") => Some(list.tokens.to_string()),
            _ => None,
        });
    lists.find_map(|text| {
        let word = text.strip_prefix("rename = \"")?.strip_suffix('"')?;
        Some(word.to_owned())
    })
}

/// The documentation of an item as one paragraph.
fn words(attributes: &[Attribute], name: &str) -> Result<String> {
    let lines = attributes.iter().filter_map(line);
    let lines: Vec<_> = lines
        .map(|line| line.trim().to_owned())
        .filter(|line| !line.is_empty())
        .collect();
    if lines.is_empty() {
        bail!("{name} says nothing about itself");
    }
    Ok(lines.join(" "))
}

fn line(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(pair) = &attribute.meta else {
        return None;
    };
    match &pair.value {
        Expr::Lit(literal) if pair.path.is_ident("doc") => match &literal.lit {
            Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared(source: &str) -> Result<BTreeMap<String, Declaration>> {
        let mut declarations = BTreeMap::new();
        read("store::", source, &mut declarations)?;
        Ok(declarations)
    }

    #[test]
    fn a_struct_that_serde_reads_is_a_section() {
        let source = "/// All.\n#[derive(Debug, Deserialize)]\nstruct Config {\n/// One\n/// line.\n\
            ///\n/// Two.\na: usize,\n/// B.\nb: Vec<model::Secret> }\nstruct Other;";
        let declared = declared(source).unwrap();
        assert_eq!(declared.len(), 1);
        let Some(Declaration::Section { about, fields }) = declared.get("store::Config") else {
            panic!("a section")
        };
        assert_eq!(about, "All.");
        let told = |field: &Field| [field.name.clone(), field.about.clone(), field.kind.clone()];
        let told: Vec<_> = fields.iter().map(told).collect();
        assert!(!fields[0].is_list && fields[1].is_list);
        assert_eq!(
            told,
            [
                ["a", "One line. Two.", "store::usize"],
                ["b", "B.", "model::Secret"]
            ]
        );
    }

    #[test]
    fn a_choice_is_spelled_as_it_is_read() {
        let source = "#[derive(Deserialize)]\nenum Word {\n/// One.\nOneThing,\n/// Two.\n\
            #[serde(rename = \"two-things\")]\nTwo }";
        let declared = declared(source).unwrap();
        let Some(Declaration::Choice(words)) = declared.get("store::Word") else {
            panic!("a choice")
        };
        let words: Vec<_> = words.iter().map(|(word, _)| word.as_str()).collect();
        assert_eq!(words, ["onething", "two-things"]);
    }

    #[test]
    fn a_field_that_says_nothing_about_itself_is_refused() {
        let source = "/// All.\n#[derive(Deserialize)]\nstruct Config { a: usize }";
        assert!(declared(source).is_err());
    }
}

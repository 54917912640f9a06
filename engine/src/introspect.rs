//! `__schema` and `__type`, written from the type system as JSON of a bounded length.

use crate::api::Whole;
use apollo_compiler::ast::{DirectiveDefinition, DirectiveList, EnumValueDefinition, Type};
use apollo_compiler::schema::{ExtendedType, FieldDefinition, InputValueDefinition};
use apollo_compiler::{Name, Node};
use model::Label;

/// A member asked of an object, once fragments and variables are resolved. The objects that stand
/// in one place are all of one type, so they are all asked for the same members.
pub(crate) struct Asked {
    pub(crate) key: Label,
    pub(crate) name: Name,
    /// Whether a list shows what is deprecated, too.
    pub(crate) deprecated: bool,
    pub(crate) below: Vec<Asked>,
}

/// Where an answer begins.
pub(crate) enum Root<'a> {
    Schema,
    Type(&'a str),
}

/// The answer of a root; `None` when it is longer than that many bytes. What is written takes at
/// least as many bytes as steps, so the bound is one on the time as well.
pub(crate) fn introspect(
    api: &Whole,
    root: &Root<'_>,
    asked: &[Asked],
    bytes_max: usize,
) -> Option<String> {
    let thing = match root {
        Root::Schema => Some(Thing::Schema),
        Root::Type(name) => api.types.types.get(*name).map(Thing::Type),
    };
    let mut writer = Writer {
        api,
        out: String::new(),
        bytes_max,
    };
    writer.answer(&thing.map_or(Answer::Null, Answer::Thing), asked)?;
    Some(writer.out)
}

/// An object of the introspection schema.
#[derive(Clone, Copy)]
enum Thing<'a> {
    Schema,
    Type(&'a ExtendedType),
    /// A non-null type.
    NonNull(&'a Type),
    /// A list type, whatever it says of null.
    List(&'a Type),
    Field(&'a FieldDefinition),
    Input(&'a InputValueDefinition),
    Value(&'a EnumValueDefinition),
    Directive(&'a DirectiveDefinition),
}

/// What a member is.
enum Answer<'a> {
    Null,
    Flag(bool),
    Word(&'a str),
    Text(String),
    Thing(Thing<'a>),
    Things(Vec<Thing<'a>>),
    Words(Vec<&'static str>),
}

impl<'a> Answer<'a> {
    fn words(text: Option<&'a str>) -> Self {
        text.map_or(Self::Null, Self::Word)
    }

    fn description(text: Option<&'a Node<str>>) -> Self {
        Self::words(text.map(|text| &**text))
    }
}

struct Writer<'a> {
    api: &'a Whole,
    out: String,
    bytes_max: usize,
}

impl<'a> Writer<'a> {
    fn push(&mut self, text: &str) -> Option<()> {
        if self.out.len() + text.len() > self.bytes_max {
            return None;
        }
        self.out.push_str(text);
        Some(())
    }

    fn text(&mut self, text: &str) -> Option<()> {
        let json = serde_json::to_string(text).ok()?;
        self.push(&json)
    }

    fn answer(&mut self, answer: &Answer<'a>, below: &[Asked]) -> Option<()> {
        match answer {
            Answer::Null => self.push("null"),
            Answer::Flag(flag) => self.push(if *flag { "true" } else { "false" }),
            Answer::Word(word) => self.text(word),
            Answer::Text(text) => self.text(text),
            Answer::Thing(thing) => self.object(*thing, below),
            Answer::Things(things) => {
                self.list(things, |writer, thing| writer.object(*thing, below))
            }
            Answer::Words(words) => self.list(words, |writer, word| writer.text(word)),
        }
    }

    fn list<T>(
        &mut self,
        items: &[T],
        mut each: impl FnMut(&mut Self, &T) -> Option<()>,
    ) -> Option<()> {
        self.push("[")?;
        for (index, item) in items.iter().enumerate() {
            self.push(if index > 0 { "," } else { "" })?;
            each(self, item)?;
        }
        self.push("]")
    }

    fn object(&mut self, thing: Thing<'a>, asked: &[Asked]) -> Option<()> {
        self.push("{")?;
        for (index, member) in asked.iter().enumerate() {
            self.push(if index > 0 { "," } else { "" })?;
            self.push(member.key.json())?;
            let answer = match member.name.as_str() {
                "__typename" => Answer::Word(type_name(thing)),
                _ => self.member(thing, member),
            };
            self.answer(&answer, &member.below)?;
        }
        self.push("}")
    }

    fn member(&self, thing: Thing<'a>, asked: &Asked) -> Answer<'a> {
        match thing {
            Thing::Schema => self.of_schema(asked),
            Thing::Type(definition) => self.of_type(definition, asked),
            Thing::NonNull(ty) => match asked.name.as_str() {
                "kind" => Answer::Word("NON_NULL"),
                "ofType" => self.nullable(ty),
                _ => Answer::Null,
            },
            Thing::List(ty) => match asked.name.as_str() {
                "kind" => Answer::Word("LIST"),
                "ofType" => self.type_of(ty.item_type()),
                _ => Answer::Null,
            },
            Thing::Field(field) => match asked.name.as_str() {
                "name" => Answer::Word(&field.name),
                "description" => Answer::description(field.description.as_ref()),
                "args" => inputs(field.arguments.iter(), asked),
                "type" => self.type_of(&field.ty),
                _ => self.deprecation(&field.directives, asked),
            },
            Thing::Input(input) => self.of_input(input, asked),
            Thing::Value(value) => match asked.name.as_str() {
                "name" => Answer::Word(&value.value),
                "description" => Answer::description(value.description.as_ref()),
                _ => self.deprecation(&value.directives, asked),
            },
            Thing::Directive(directive) => of_directive(directive, asked),
        }
    }

    fn of_schema(&self, asked: &Asked) -> Answer<'a> {
        let types = &self.api.types;
        let root = |name: Option<&'a apollo_compiler::schema::ComponentName>| {
            name.map_or(Answer::Null, |name| self.named(&name.name))
        };
        match asked.name.as_str() {
            "description" => Answer::description(types.schema_definition.description.as_ref()),
            "types" => Answer::Things(types.types.values().map(Thing::Type).collect()),
            "queryType" => root(types.schema_definition.query.as_ref()),
            "mutationType" => root(types.schema_definition.mutation.as_ref()),
            "directives" => {
                let directives = types.directive_definitions.values();
                Answer::Things(directives.map(|known| Thing::Directive(known)).collect())
            }
            _ => Answer::Null,
        }
    }

    fn of_type(&self, definition: &'a ExtendedType, asked: &Asked) -> Answer<'a> {
        let shown = |directives| asked.deprecated || !is_deprecated(directives);
        match (asked.name.as_str(), definition) {
            ("kind", _) => Answer::Word(kind(definition)),
            ("name", _) => Answer::Word(definition.name()),
            ("description", _) => Answer::description(definition.description()),
            ("fields", ExtendedType::Object(_) | ExtendedType::Interface(_)) => {
                let fields = match definition {
                    ExtendedType::Object(object) => object.fields.values(),
                    ExtendedType::Interface(interface) => interface.fields.values(),
                    _ => return Answer::Null,
                };
                let fields = fields.filter(|field| shown(&field.directives));
                Answer::Things(fields.map(|field| Thing::Field(field)).collect())
            }
            ("interfaces", ExtendedType::Object(object)) => {
                self.all(object.implements_interfaces.iter().map(|known| &known.name))
            }
            ("interfaces", ExtendedType::Interface(interface)) => self.all(
                interface
                    .implements_interfaces
                    .iter()
                    .map(|known| &known.name),
            ),
            ("possibleTypes", ExtendedType::Interface(interface)) => {
                let implementers = self.api.implementers.get(&interface.name).into_iter();
                self.all(implementers.flat_map(|known| &known.objects))
            }
            ("possibleTypes", ExtendedType::Union(union)) => {
                self.all(union.members.iter().map(|member| &member.name))
            }
            ("enumValues", ExtendedType::Enum(enumeration)) => {
                let values = enumeration.values.values();
                let values = values.filter(|value| shown(&value.directives));
                Answer::Things(values.map(|value| Thing::Value(value)).collect())
            }
            ("inputFields", ExtendedType::InputObject(object)) => {
                let fields = object.fields.values();
                let fields = fields.filter(|field| shown(&field.directives));
                Answer::Things(fields.map(|field| Thing::Input(field)).collect())
            }
            ("specifiedByURL", ExtendedType::Scalar(scalar)) => {
                let directive = scalar.directives.get("specifiedBy");
                let url = directive.and_then(|known| known.specified_argument_by_name("url"));
                Answer::words(url.and_then(|url| url.as_str()))
            }
            _ => Answer::Null,
        }
    }

    fn of_input(&self, input: &'a InputValueDefinition, asked: &Asked) -> Answer<'a> {
        match asked.name.as_str() {
            "name" => Answer::Word(&input.name),
            "description" => Answer::description(input.description.as_ref()),
            "type" => self.type_of(&input.ty),
            "defaultValue" => match &input.default_value {
                Some(value) => Answer::Text(value.serialize().no_indent().to_string()),
                None => Answer::Null,
            },
            _ => self.deprecation(&input.directives, asked),
        }
    }

    fn deprecation(&self, directives: &'a DirectiveList, asked: &Asked) -> Answer<'a> {
        if asked.name == "isDeprecated" {
            return Answer::Flag(is_deprecated(directives));
        }
        let directive = directives.get("deprecated");
        let reason = directive.and_then(|known| {
            let reason = known.argument_by_name("reason", &self.api.types).ok();
            reason.and_then(|reason| reason.as_str().map(str::to_owned))
        });
        reason.map_or(Answer::Null, Answer::Text)
    }

    fn type_of(&self, ty: &'a Type) -> Answer<'a> {
        if ty.is_non_null() {
            Answer::Thing(Thing::NonNull(ty))
        } else {
            self.nullable(ty)
        }
    }

    /// A type without what it says of null.
    fn nullable(&self, ty: &'a Type) -> Answer<'a> {
        match ty {
            Type::List(_) | Type::NonNullList(_) => Answer::Thing(Thing::List(ty)),
            Type::Named(name) | Type::NonNullNamed(name) => self.named(name),
        }
    }

    fn named(&self, name: &str) -> Answer<'a> {
        let known = self.api.types.types.get(name);
        known.map_or(Answer::Null, |known| Answer::Thing(Thing::Type(known)))
    }

    fn all<'n>(&self, names: impl Iterator<Item = &'n Name>) -> Answer<'a> {
        let types = &self.api.types.types;
        Answer::Things(
            names
                .filter_map(|name| types.get(name))
                .map(Thing::Type)
                .collect(),
        )
    }
}

fn of_directive<'a>(directive: &'a DirectiveDefinition, asked: &Asked) -> Answer<'a> {
    match asked.name.as_str() {
        "name" => Answer::Word(&directive.name),
        "description" => Answer::description(directive.description.as_ref()),
        "args" => inputs(directive.arguments.iter(), asked),
        "locations" => {
            let locations = directive.locations.iter();
            Answer::Words(locations.map(|location| location.name()).collect())
        }
        "isRepeatable" => Answer::Flag(directive.repeatable),
        _ => Answer::Null,
    }
}

fn inputs<'a>(
    inputs: impl Iterator<Item = &'a Node<InputValueDefinition>>,
    asked: &Asked,
) -> Answer<'a> {
    let shown = inputs.filter(|input| asked.deprecated || !is_deprecated(&input.directives));
    Answer::Things(shown.map(|input| Thing::Input(input)).collect())
}

fn is_deprecated(directives: &DirectiveList) -> bool {
    directives.has("deprecated")
}

fn kind(definition: &ExtendedType) -> &'static str {
    match definition {
        ExtendedType::Scalar(_) => "SCALAR",
        ExtendedType::Object(_) => "OBJECT",
        ExtendedType::Interface(_) => "INTERFACE",
        ExtendedType::Union(_) => "UNION",
        ExtendedType::Enum(_) => "ENUM",
        ExtendedType::InputObject(_) => "INPUT_OBJECT",
    }
}

fn type_name(thing: Thing<'_>) -> &'static str {
    match thing {
        Thing::Schema => "__Schema",
        Thing::Type(_) | Thing::NonNull(_) | Thing::List(_) => "__Type",
        Thing::Field(_) => "__Field",
        Thing::Input(_) => "__InputValue",
        Thing::Value(_) => "__EnumValue",
        Thing::Directive(_) => "__Directive",
    }
}

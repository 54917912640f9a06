//! Mistyped names in a document: the one mistake is told, with the name that was meant.

use crate::project::Project;
use serde_json::Value;

fn told(answer: &Value) -> Vec<&str> {
    let errors = answer["errors"].as_array().unwrap().iter();
    errors.map(|it| it["message"].as_str().unwrap()).collect()
}

#[test]
fn a_mistyped_name_is_the_only_mistake_and_the_name_that_was_meant_is_proposed() {
    let project = Project::small();
    let server = project.serve(&[]).ready();
    for (document, expected) in [
        (
            "{ products { nam } }",
            "type `Product` does not have a field `nam`: did you mean `name`?",
        ),
        (
            "{ prodcts { name } }",
            "type `Query` does not have a field `prodcts`: did you mean `products`?",
        ),
        (
            "{ product(id: 1) { zebra } }",
            "type `Product` does not have a field `zebra`",
        ),
        (
            "{ products(limt: 1) { name } }",
            "the argument `limt` is not supported by `Query.products`: did you mean `limit`?",
        ),
        (
            "{ products(where: { nane: { eq: \"x\" } }) { name } }",
            "field `nane` does not exist on `ProductWhere`: did you mean `name`?",
        ),
        (
            "query Q($w: ProductWere) { products(where: $w) { name } }",
            "cannot find type `ProductWere` in this document: did you mean `ProductWhere`?",
        ),
        (
            "{ products { ... on Prodct { name } } }",
            "type condition `Prodct` of inline fragment is not a type defined in the schema: did \
             you mean `Product`?",
        ),
        (
            "{ products { name @skp(if: true) } }",
            "cannot find directive `@skp` in this document: did you mean `skip`?",
        ),
        (
            "{ products }",
            "interface, union and object types must have a subselection set",
        ),
    ] {
        let answer = server.graphql(document).json();
        assert_eq!(told(&answer), [expected], "{document}");
    }
}

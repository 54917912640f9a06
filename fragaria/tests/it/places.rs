//! Geographic types of PostGIS: columns are text, and expressions and functions say the rest.

use crate::database::Database;
use crate::project::Project;
use serde_json::{Value, json};

const TABLES: &str = "
    CREATE EXTENSION postgis;
    CREATE TABLE place (id integer PRIMARY KEY, name text NOT NULL, point geometry(Point,4326) NOT NULL,
        area geography(Polygon,4326));
    CREATE INDEX ON place USING gist (point);
    CREATE FUNCTION near(longitude float8, latitude float8, metres float8) RETURNS SETOF place
        LANGUAGE sql STABLE AS $$
            SELECT * FROM place WHERE ST_DWithin(point::geography,
                ST_SetSRID(ST_MakePoint(longitude, latitude), 4326)::geography, metres) $$;";

#[test]
fn places_are_written_found_and_shown() {
    let database = Database::empty();
    database.sql(TABLES);
    let project = Project::on(&database.url());
    let schema = project.read("schema.graphql");
    assert!(
        schema.contains("point: String! @column(type: \"geometry\")"),
        "{schema}"
    );
    let near = "near(longitude: Float, latitude: Float, metres: Float): [Place!]! @function";
    assert!(schema.contains(near), "{schema}");
    let schema = schema.replacen(
        "type Place ",
        "extend type Place { geo: JSON! @computed(sql: \"ST_AsGeoJSON({point})::jsonb\")\n\
         km: Float! @computed(sql: \"ST_Distance({point}::geography, 'SRID=4326;POINT(0 51.48)'::geography) / 1000\") }\n\
         type Place ",
        1,
    );
    project.write("schema.graphql", &schema);
    project.run(&["compile", "--against"]);
    let server = project.serve(&[]).ready();
    let data = |document: &str| -> Value {
        let answer = server.graphql(document).json();
        assert!(answer["errors"].is_null(), "{document}: {answer}");
        answer["data"].clone()
    };
    let written = data(
        "mutation { createPlaces(input: [
           { id: 1, name: \"Greenwich\", point: \"SRID=4326;POINT(0 51.48)\" },
           { id: 2, name: \"Paris\", point: \"SRID=4326;POINT(2.35 48.86)\",
             area: \"POLYGON((2 48, 3 48, 3 49, 2 48))\" }]) { id geo } }",
    );
    let point = |x: Value, y: f64| json!({ "type": "Point", "coordinates": [x, y] });
    assert_eq!(
        written["createPlaces"],
        json!([{ "id": 1, "geo": point(json!(0), 51.48) }, { "id": 2, "geo": point(json!(2.35), 48.86) }])
    );
    let found = data(
        "{ near(longitude: 2.3, latitude: 48.9, metres: 10000) { name }
           places(where: { km: { gt: 300, lt: 400 } }, orderBy: [{ km: ASC }]) { name }
           same: places(where: { point: { eq: \"SRID=4326;POINT(0 51.48)\" } }) { name }
           other: places(where: { point: { ne: \"SRID=4326;POINT(0 51.48)\" } }) { name } }",
    );
    assert_eq!(
        found,
        json!({ "near": [{ "name": "Paris" }], "places": [{ "name": "Paris" }], "same": [{ "name": "Greenwich" }],
                "other": [{ "name": "Paris" }] })
    );
    let broken = server.graphql(
        "mutation { createPlace(input: { id: 3, name: \"\", point: \"POINT(\" }) { id } }",
    );
    assert!(!broken.json()["errors"][0].is_null());
    assert_eq!(database.sql("SELECT count(*) FROM place"), "2");
}

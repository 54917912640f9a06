//! Statements whose results are large for some, and small for others.

use crate::stage::Stage;
use serde_json::json;

const JSON: &str = "content-type: application/json";
const ONE: &str = "query One($id: Int!) { reading(id: $id) { note } }";

#[test]
fn a_large_row_of_one_sends_nobody_elses_small_ones_down_a_stream() {
    for stage in Stage::servers(&["database.whole_bytes_max=1000"]) {
        stage.change("INSERT INTO reading (note) VALUES (repeat('x', 5000)), ('small')");
        let server = stage.serve();
        let ask = |id: u32| {
            let request = json!({ "query": ONE, "variables": { "id": id } }).to_string();
            let answer = server.ask("POST /graphql", &[JSON], request.as_bytes());
            answer.json()["data"]["reading"]["note"]
                .as_str()
                .unwrap()
                .len()
        };
        let streams = || server.metric("fragaria_store_streams_total");
        assert_eq!((ask(2), streams()), (5, 0));
        assert_eq!((ask(1), streams()), (5_000, 1));
        // The next is expected to be large as well, and seen not to be.
        assert_eq!(ask(2), 5);
        let before = streams();
        assert!(before <= 2, "{before}");
        for _ in 0..5 {
            assert_eq!((ask(2), streams()), (5, before));
        }
    }
}

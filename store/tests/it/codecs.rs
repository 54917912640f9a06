//! Every codec over columns as people declare them, live and packed.

use crate::scripts::{field, reading, step};
use crate::shop::{Shop, answer};
use model::{Cell, Codec, Record, Scalar, Use};

const COLUMNS: &str =
    "flag, small, big, ratio, price, scaled, name, id, day, clock, local, moment, doc, raw, state";

const TABLE: &str = "
    CREATE TABLE t (flag BOOLEAN, small INT, big BIGINT, ratio REAL, price TEXT, scaled NUMERIC(10,2), name NVARCHAR(160),
        id TEXT, day DATE, clock TIME, local DATETIME, moment TIMESTAMP, doc JSON, raw BLOB, state TEXT);
    INSERT INTO t VALUES (1, -5, 9223372036854775807, 0.1, '12345678901234567890123456789012345678.90', 0.99, 'Ünï\u{1}',
        '0191E3A7-0000-7ABC-8DEF-0123456789AB', '2009-01-01', '18:12:18.500', '2009-01-01 00:00:00',
        '2009-01-01 02:00:00+02:00', '{\"a\":[1.10,null]}', x'fbff', 'in transit'),
        (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);";

fn plan() -> Record {
    let state = [("in transit".into(), "IN_TRANSIT".into())];
    let codecs = [
        Codec::Scalar(Scalar::Boolean),
        Codec::Scalar(Scalar::Int),
        Codec::Scalar(Scalar::BigInt),
        Codec::Scalar(Scalar::Float),
        Codec::Scalar(Scalar::Decimal),
        Codec::Scaled(2),
        Codec::Scalar(Scalar::String),
        Codec::Scalar(Scalar::Uuid),
        Codec::Scalar(Scalar::Date),
        Codec::Scalar(Scalar::LocalTime),
        Codec::Scalar(Scalar::LocalDateTime),
        Codec::Scalar(Scalar::DateTime),
        Codec::Scalar(Scalar::Json),
        Codec::Scalar(Scalar::Bytes),
        Codec::Enum(state.into()),
    ];
    let columns = COLUMNS.split(", ").zip(codecs).enumerate();
    let fields = columns.map(|(column, (name, codec))| field(name, Cell::Scalar { column, codec }));
    Record {
        fields: fields.collect(),
        ..Record::default()
    }
}

#[tokio::test]
async fn every_codec_writes_its_canonical_form_live_and_packed() {
    let shop = Shop::new(&TABLE.replace("\\u{1}", "\u{1}"));
    let live = step("t", &format!("SELECT {COLUMNS} FROM t"), Use::Rows(plan()));
    let packed_sql = format!("SELECT fragaria_rows({COLUMNS}) FROM t");
    let packed = step(
        "t",
        &packed_sql,
        Use::Value(Cell::Rows {
            column: 0,
            record: plan(),
        }),
    );
    let nulls: Vec<_> = COLUMNS
        .split(", ")
        .map(|name| format!("\"{name}\":null"))
        .collect();
    let expected = format!(
        concat!(
            r#"{{"t":[{{"flag":true,"small":-5,"big":"9223372036854775807","ratio":0.1,"#,
            r#""price":"12345678901234567890123456789012345678.90","scaled":"0.99","name":"Ünï\u0001","#,
            r#""id":"0191e3a7-0000-7abc-8def-0123456789ab","day":"2009-01-01","clock":"18:12:18.5","#,
            r#""local":"2009-01-01T00:00:00","moment":"2009-01-01T00:00:00Z","#,
            r#""doc":{{"a":[1.10,null]}},"raw":"+/8=","state":"IN_TRANSIT"}},{{{}}}]}}"#,
        ),
        nulls.join(",")
    );
    for script in [live, packed] {
        let text = answer(&shop.open(), reading(vec![script])).await.unwrap();
        assert_eq!(text, expected);
    }
}

#[tokio::test]
async fn a_value_that_does_not_fit_is_an_error_that_says_the_mend() {
    let shop = Shop::new("");
    let script = reading(vec![step(
        "n",
        "SELECT 2147483648",
        crate::scripts::value(Scalar::Int),
    )]);
    let fault = model::Fault::from(answer(&shop.open(), script).await.unwrap_err());
    assert_eq!(fault.code, "store.out_of_range");
    assert!(fault.message.contains("declare the field BigInt"));
}

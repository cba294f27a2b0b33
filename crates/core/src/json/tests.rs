use std::fmt::Debug;

use serde::Deserialize;

use super::*;

#[derive(Debug, PartialEq, Deserialize)]
struct Record {
    name: String,
    #[serde(default)]
    size: Option<u8>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Shape {
    Point,
    Text(String),
    Circle { radius: f64 },
}

#[track_caller]
fn check<T: DeserializeOwned + PartialEq + Debug>(json: &str, expected: Option<T>) {
    assert_eq!(read::<T>(json), expected);
}

#[test]
fn a_record_is_read() {
    let record = |size| {
        let name = "가".to_owned();
        Some(Record { name, size })
    };
    check(r#"{"name":"가","size":7,"other":[{}]}"#, record(Some(7)));
    check(r#"{"name":"가","size":null}"#, record(None));
    check(r#"{"name":"가"}"#, record(None));
    for other in [
        "",
        "{",
        "null",
        "[\"가\",7]",
        r#"{"size":7}"#,
        r#"{"name":7}"#,
    ] {
        check::<Record>(other, None);
    }
    check::<Record>(r#"{"name":"","size":256}"#, None);
}

#[test]
fn what_is_not_known_is_written_again() {
    #[derive(Debug, Default, PartialEq, Deserialize, Serialize)]
    struct Outer {
        id: u8,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        inner: Vec<Inner>,
    }
    #[derive(Debug, Default, PartialEq, Deserialize, Serialize)]
    struct Inner {
        id: u8,
    }
    #[track_caller]
    fn check(before: &str, change: impl FnOnce(&mut Outer), after: &str) {
        let (mut outer, rest) = read_all::<Outer>(before).unwrap();
        change(&mut outer);
        let written: Value = serde_json::from_str(&rest.write(&outer)).unwrap();
        assert_eq!(written, serde_json::from_str::<Value>(after).unwrap());
    }
    check(r#"{"id":1}"#, |_| (), r#"{"id":1}"#);
    check(
        r#"{"id":1,"x":[2]}"#,
        |outer| outer.id = 3,
        r#"{"id":3,"x":[2]}"#,
    );
    check(
        r#"{"id":1,"inner":[{"id":1,"x":1},{"id":2,"x":{"id":3}}]}"#,
        |outer| _ = outer.inner.remove(0),
        r#"{"id":1,"inner":[{"id":2,"x":{"id":3}}]}"#,
    );
    // Known values that were removed do not come back.
    check(
        r#"{"id":1,"inner":[{"id":1}]}"#,
        |outer| outer.inner.clear(),
        r#"{"id":1}"#,
    );
}

#[test]
fn one_of_several_is_read() {
    check(r#""point""#, Some(Shape::Point));
    check(r#"{"text":"a"}"#, Some(Shape::Text("a".into())));
    check(
        r#"{"circle":{"radius":1}}"#,
        Some(Shape::Circle { radius: 1.0 }),
    );
    for other in [r#""text""#, r#"{"point":1}"#, r#""square""#, "{}", "1"] {
        check::<Shape>(other, None);
    }
}

#[test]
fn a_hostile_depth_is_unreadable() {
    // The parser's own limit is 128; deeper values never reach this module.
    for open in ["[", "{\"a\":"] {
        check::<Value>(&open.repeat(1_000_000), None);
        assert_eq!(read_all::<Value>(&open.repeat(1_000_000)), None);
    }
}

#[test]
fn numbers_and_lists_are_read() {
    check("[[1,-2.5],[0,3]]", Some(vec![(1_u32, -2.5), (0, 3.0)]));
    check("-1", Some(-1_i32));
    check("-1", None::<u32>);
    check("true", Some(true));
    check(
        r#"{"a":[null,1e3]}"#,
        serde_json::from_str::<Value>(r#"{"a":[null,1e3]}"#).ok(),
    );
}

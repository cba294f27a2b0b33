use super::*;

#[test]
fn model_lists_come_in_shapes() {
    #[track_caller]
    fn check(body: &str, expected: Result<&[&str], Failure>) {
        let expected = expected.map(|ids| ids.iter().map(|&id| id.to_owned()).collect());
        assert_eq!(listed(body).map(|listed| listed.ids), expected);
    }
    check(
        r#"{"object":"list","data":[{"id":"b"},{"id":"a"},{"id":"b"}]}"#,
        Ok(&["b", "a"]),
    );
    check(r#"{"data":[]}"#, Ok(&[]));
    check(r#"{"data":null}"#, Ok(&[]));
    check(r#"[{"id":"a"}]"#, Ok(&["a"]));
    check(r#"{"models":[{"id":"a"},{"id":"b"}]}"#, Ok(&["a", "b"]));
    check(r#"{"data":["a","b"]}"#, Ok(&["a", "b"]));
    check(r#"["a"]"#, Ok(&["a"]));
    check(
        r#"{"models":[{"name":"qwen3:8b","model":"qwen3:8b"},{"name":"b"}]}"#,
        Ok(&["qwen3:8b", "b"]),
    );
    check(
        r#"{"models":[{"name":"a","model":"a"}],"data":[{"id":"a"}]}"#,
        Ok(&["a"]),
    );
    check(r#"{"data":{"models":[{"id":"a"}]}}"#, Ok(&["a"]));
    check(
        r#"{"data":[{"name":"group","models":[{"id":"a"},["b"]]},{"id":"c"}]}"#,
        Ok(&["a", "b", "c"]),
    );
    check(r#"{"data":{"a":{"owner":"x"},"b":{}}}"#, Ok(&["a", "b"]));
    check(
        r#"{"data":[{"id":""},{"object":"model"},null,7,{"id":"a"}]}"#,
        Ok(&["a"]),
    );
    check(
        r#"{"success":true,"result":[{"id":"429b9e8b-d99e-44de-91ad-706cf8183658","name":"@cf/a"}],"errors":[],"messages":[]}"#,
        Ok(&["@cf/a"]),
    );
    check(r#"{"data":[{"id":"a","score":NaN}]}"#, Ok(&["a"]));
    check(
        r#"{"data":[{"id":"a","input":["text"],"output":["text"]},{"id":"auto","models":["x"]}]}"#,
        Ok(&["a", "auto"]),
    );
    check(
        r#"{"object":"list","data":[],"message":"success"}"#,
        Ok(&[]),
    );
    check(
        r#"{"hello":1}"#,
        Err(Failure::Garbled {
            excerpt: r#"{"hello":1}"#.into(),
        }),
    );
    check(
        "<html>",
        Err(Failure::Garbled {
            excerpt: "<html>".into(),
        }),
    );
    check(
        r#"{"error":"no"}"#,
        Err(Failure::Reported {
            message: "no".into(),
            status: None,
        }),
    );
    let captured = include_str!("../../../../../tests/captures/llama-server-models.txt");
    let body = captured
        .split("\r\n\r\n")
        .nth(1)
        .unwrap()
        .lines()
        .next()
        .unwrap();
    check(body, Ok(&["smollm2"]));
}

#[test]
fn a_list_tells_who_serves_and_what_sees() {
    #[track_caller]
    fn check(body: &str, owned_by: &str, sees: &[(&str, bool)]) {
        let found = listed(body).unwrap();
        let expected: Vec<_> = sees
            .iter()
            .map(|(id, sees)| ((*id).to_owned(), *sees))
            .collect();
        assert_eq!((&*found.owned_by, found.sees), (owned_by, expected));
    }
    check(
        r#"{"data":[{"id":"a"},{"id":"b","owned_by":"x"}]}"#,
        "",
        &[],
    );
    check(r#"{"data":[{"id":"a","owned_by":"vllm"}]}"#, "vllm", &[]);
    check(
        r#"{"data":[{"id":"a","architecture":{"input_modalities":["text","image"]}},
            {"id":"b","architecture":{"input_modalities":["text"]}},
            {"id":"c","capabilities":{"vision":true}},{"id":"d","capabilities":{"vision":false}},
            {"id":"e","architecture":{"input_modalities":[]}},{"id":"f","architecture":7,"capabilities":["x"]}]}"#,
        "",
        &[("a", true), ("b", false), ("c", true), ("d", false)],
    );
    let captured = include_str!("../../../../../tests/captures/llama-server-models.txt");
    let body = captured.split("\r\n\r\n").nth(1).unwrap();
    check(
        body.lines().next().unwrap(),
        "llamacpp",
        &[("smollm2", false)],
    );
}

#[test]
fn a_list_may_have_pages() {
    #[track_caller]
    fn check(body: &str, expected: &[&str]) {
        assert_eq!(listed(body).unwrap().next, expected, "{body}");
    }
    check(r#"{"data":[{"id":"a"}]}"#, &[]);
    check(
        r#"{"data":[{"id":"a"}],"has_more":false,"last_id":"a"}"#,
        &[],
    );
    let more = ["after_id=a%2Fb", "after=a%2Fb"];
    check(
        r#"{"data":[{"id":"a/b"}],"has_more":true,"last_id":"a/b"}"#,
        &more,
    );
    check(r#"{"data":[{"id":"a/b"}],"has_more":true}"#, &more);
    check(
        r#"{"data":[{"id":"a"}],"next":"https://other.example/v1/models?cursor=x&n=2"}"#,
        &["cursor=x&n=2"],
    );
    check(
        r#"{"data":[{"id":"a"}],"next":"/models?page=2"}"#,
        &["page=2"],
    );
    check(r#"{"data":[{"id":"a"}],"next":null}"#, &[]);
    check(r#"{"data":[{"id":"a"}],"next":2}"#, &["page=2"]);
    check(
        r#"{"data":[{"id":"a"}],"next":"x y"}"#,
        &["cursor=x%20y", "after=x%20y"],
    );
    check(
        r#"{"data":[{"id":"a"}],"next":"https://other.example/all"}"#,
        &[],
    );
    check(
        r#"{"models":[{"name":"a"}],"nextPageToken":"t"}"#,
        &["pageToken=t"],
    );
    check(
        r#"{"data":[{"id":"a"}],"links":{"next":{"href":"?page=3"}}}"#,
        &["page=3"],
    );
    check(
        r#"{"data":[{"id":"a"}],"meta":{"next_cursor":"c"}}"#,
        &["cursor=c"],
    );

    let page = |body: &str| listed(body).unwrap();
    let mut all = page(r#"{"data":[{"id":"a"}],"has_more":true}"#);
    assert_eq!((all.take_next().len(), all.has_more), (2, true));
    // The same again: the query is not known.
    assert!(!all.add(page(r#"{"data":[{"id":"a"}],"has_more":true}"#)));
    assert!(all.has_more);
    assert!(all.add(page(r#"{"data":[{"id":"a"},{"id":"b"}],"has_more":true}"#)));
    assert!(all.has_more && !all.take_next().is_empty());
    // An empty page is the end.
    assert!(all.add(page(r#"{"data":[],"has_more":false}"#)));
    assert!(!all.has_more && all.take_next().is_empty());
    assert_eq!(all.ids, ["a", "b"]);
    // A next page without a query can't be asked for, which is said.
    assert!(page(r#"{"data":[{"id":"a"}],"next":"https://other.example/all"}"#).has_more);
    for next in ["null", "false", r#""""#] {
        let body = format!(r#"{{"data":[{{"id":"a"}}],"next":{next}}}"#);
        assert!(!page(&body).has_more, "{body}");
    }
}

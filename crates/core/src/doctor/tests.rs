#![expect(clippy::unnecessary_wraps, reason = "a step that has not run is None")]

use proptest::prelude::*;

use super::*;

const PAGE: &str = "https://collate.example";

fn got(got: Got) -> Option<Probe> {
    Some(Probe {
        got,
        ..Probe::failed()
    })
}

fn response(status: u16, kind: &str, body: &str) -> Option<Probe> {
    Some(Probe {
        got: Got::Response,
        status,
        kind: kind.to_owned(),
        body: body.to_owned(),
        ..Probe::failed()
    })
}

fn json(status: u16, body: &str) -> Option<Probe> {
    response(status, "application/json", body)
}

fn list() -> Option<Probe> {
    json(200, r#"{"data":[{"id":"a"},{"id":"b"}]}"#)
}

fn streamed() -> Option<Probe> {
    response(200, "text/event-stream", "data: {\"choices\":[{}]}\n\n")
}

fn at(page: &str, url: &str) -> Observed {
    Observed::new(page.to_owned(), BaseUrl::parse(url))
}

/// Returns a reachable server on the internet whose responses are readable.
fn remote() -> Observed {
    Observed {
        reach: json(404, ""),
        ..at(PAGE, "https://models.example/v1")
    }
}

#[track_caller]
fn check(observed: Observed, expected: Cause) {
    assert_eq!(observed.diagnose(), expected, "{observed:#?}");
}

fn words(text: &str) -> String {
    text.to_owned()
}

#[test]
fn an_address_is_looked_at_before_anything_is_sent() {
    check(at(PAGE, ""), Cause::Address(Invalid::EmptyUrl));
    check(at(PAGE, "localhost:1/v1"), Cause::Address(Invalid::Scheme));
    check(at(PAGE, "http://models.example/v1"), Cause::MixedContent);
}

#[test]
fn silence_has_its_first_reason() {
    let silent = |page: &str, url: &str| Observed {
        reach: got(Got::Failed),
        models: got(Got::Failed),
        ..at(page, url)
    };
    let offline = |observed: Observed| Observed {
        is_online: false,
        ..observed
    };
    let allowed = |observed: Observed, permission| Observed {
        permission: Some(permission),
        ..observed
    };
    check(
        offline(silent(PAGE, "https://models.example/v1")),
        Cause::Offline,
    );
    // This computer needs no network.
    let local = "http://localhost:11434/v1";
    let nas = "http://192.168.0.9:8000/v1";
    check(
        offline(silent("http://localhost:9", local)),
        Cause::NothingThere,
    );
    check(
        allowed(silent(PAGE, local), Permission::Denied),
        Cause::PermissionDenied,
    );
    check(
        allowed(silent("http://collate.example", local), Permission::Denied),
        Cause::InsecurePage,
    );
    check(
        allowed(silent(PAGE, nas), Permission::Prompt),
        Cause::PermissionAsked,
    );
    check(
        allowed(silent(PAGE, nas), Permission::Granted),
        Cause::NothingThere,
    );
    // From this computer to itself, no permission is needed.
    check(
        allowed(silent("http://127.0.0.1:9", local), Permission::Prompt),
        Cause::NothingThere,
    );
    // A browser without this permission blocks requests from https pages to plain addresses.
    check(silent(PAGE, nas), Cause::MixedContent);
    check(silent(PAGE, local), Cause::NothingThere);
    check(
        Observed {
            is_safari: true,
            ..silent(PAGE, local)
        },
        Cause::MixedContent,
    );
    check(
        Observed {
            reach: got(Got::Late),
            models: None,
            ..silent(PAGE, "https://models.example/v1")
        },
        Cause::NoResponse,
    );
    check(
        silent(PAGE, "https://integrate.api.nvidia.com/v1"),
        Cause::Closed,
    );
    check(
        silent(PAGE, "https://models.example/v1"),
        Cause::NothingThere,
    );
}

#[test]
fn what_can_not_be_read_is_told_apart_by_what_can() {
    let hidden = |reach, has_token, bare| Observed {
        reach,
        models: got(Got::Failed),
        has_token,
        bare,
        ..at("http://localhost:9", "http://localhost:11434/v1")
    };
    // A server is there, but no response is readable.
    check(hidden(got(Got::Opaque), false, None), Cause::Cors);
    check(
        hidden(got(Got::Opaque), true, got(Got::Failed)),
        Cause::Cors,
    );
    // The page may read something else: the hidden response is a refusal.
    check(hidden(json(404, ""), false, None), Cause::TokenMissing);
    check(
        hidden(json(404, ""), true, got(Got::Failed)),
        Cause::TokenLikely,
    );
    // Without the token it responds, or demands one.
    check(hidden(got(Got::Opaque), true, list()), Cause::TokenLikely);
    check(
        hidden(got(Got::Opaque), true, json(401, "")),
        Cause::TokenLikely,
    );
    // It has responded before.
    check(
        Observed {
            has_answered: true,
            ..hidden(got(Got::Opaque), true, got(Got::Failed))
        },
        Cause::TokenLikely,
    );
    // A service known to allow pages hides a wrong key.
    let service = |url, has_token| Observed {
        base_url: BaseUrl::parse(url),
        ..hidden(got(Got::Opaque), has_token, None)
    };
    check(
        service("https://api.openai.com/v1", true),
        Cause::TokenLikely,
    );
    check(
        service("https://api.openai.com/v1", false),
        Cause::TokenMissing,
    );
    check(
        service("https://integrate.api.nvidia.com/v1", true),
        Cause::Closed,
    );
    // The path is wrong, and its 404 is hidden, too.
    let root = BaseUrl::parse("http://localhost:11434");
    check(
        Observed {
            base_url: root,
            version: list(),
            ..hidden(json(200, "Ollama is running"), false, None)
        },
        Cause::Path(BaseUrl::parse("http://localhost:11434/v1").unwrap()),
    );
}

#[test]
fn what_is_said_in_place_of_a_list_is_read() {
    let models = |models, has_token| Observed {
        has_token,
        models,
        ..remote()
    };
    check(models(json(401, "{}"), false), Cause::TokenMissing);
    check(
        models(json(401, r#"{"error":"bad key"}"#), true),
        Cause::TokenWrong(words("bad key")),
    );
    check(
        models(json(400, r#"{"error":"API key not valid"}"#), true),
        Cause::TokenWrong(words("API key not valid")),
    );
    check(
        models(json(429, r#"{"error":"slow down"}"#), false),
        Cause::Busy(words("slow down")),
    );
    check(
        models(json(503, r#"{"error":"Loading model"}"#), false),
        Cause::LoadingModel(words("Loading model")),
    );
    check(
        models(json(503, r#"{"error":"overrun"}"#), false),
        Cause::Busy(words("overrun")),
    );
    check(
        models(json(402, r#"{"error":"pay"}"#), false),
        Cause::Quota(words("pay")),
    );
    check(
        models(json(500, r#"{"error":"broken"}"#), false),
        Cause::ServerError(500, words("broken")),
    );
    check(
        models(json(418, r#"{"error":"teapot"}"#), false),
        Cause::Refused(418, words("teapot")),
    );
    check(models(json(404, ""), false), Cause::NotFound);
    let page = || response(200, "text/html", "<!doctype html><title>Hello</title>");
    check(models(page(), false), Cause::NotOpenAi);
    check(models(json(200, r#"{"hello":1}"#), false), Cause::NotOpenAi);
    check(models(got(Got::Late), false), Cause::NoResponse);
    check(models(got(Got::Redirect), true), Cause::Redirected(None));
    check(
        Observed {
            leads_to: Some("https://new.example/v1/models".into()),
            ..models(got(Got::Redirect), true)
        },
        Cause::Redirected(Some("https://new.example/v1".into())),
    );
    let found = Cause::Path(BaseUrl::parse("https://models.example/v1").unwrap());
    for version in [list(), json(401, "{}")] {
        check(
            Observed {
                base_url: BaseUrl::parse("https://models.example"),
                version,
                ..models(page(), false)
            },
            found.clone(),
        );
    }
    check(
        Observed {
            model: None,
            ..models(json(200, r#"{"data":[]}"#), false)
        },
        Cause::NoModels,
    );
    // No list, but an answer.
    check(
        Observed {
            model: Some("m".into()),
            chat: streamed(),
            ..models(json(404, ""), false)
        },
        Cause::Fine,
    );
}

#[test]
fn an_answer_shows_the_rest() {
    let asked = |model: &str, chat, whole| Observed {
        models: list(),
        model: Some(model.to_owned()),
        chat,
        whole,
        ..remote()
    };
    let whole = || json(200, r#"{"choices":[{"message":{}}]}"#);
    let listed = || Cause::Model(vec!["a".into(), "b".into()]);
    check(asked("a", streamed(), None), Cause::Fine);
    check(
        Observed {
            models: list(),
            ..remote()
        },
        Cause::Fine,
    );
    check(asked("a", whole(), None), Cause::NoStreaming);
    check(asked("a", json(400, "{}"), whole()), Cause::NoStreaming);
    check(asked("a", got(Got::Failed), whole()), Cause::NoStreaming);
    check(asked("a", got(Got::Failed), None), Cause::CorsForChat);
    // A wrong model, in each server's way: llama-swap's, transformers', LiteLLM's, OpenAI's.
    check(asked("x", got(Got::Failed), None), listed());
    check(
        asked("x", response(500, "text/plain", "oops"), None),
        listed(),
    );
    check(asked("x", json(400, "{}"), None), listed());
    check(asked("x", json(404, "{}"), None), listed());
    check(
        asked("a", json(404, r#"{"error":"The model is gone"}"#), None),
        listed(),
    );
    check(asked("a", json(404, "{}"), None), Cause::NotFound);
    check(
        asked("a", json(401, r#"{"error":"no"}"#), None),
        Cause::TokenMissing,
    );
    check(
        asked("a", json(429, r#"{"error":"insufficient_quota"}"#), None),
        Cause::Quota(words("insufficient_quota")),
    );
    check(
        asked("a", json(503, r#"{"error":"loading"}"#), None),
        Cause::LoadingModel(words("loading")),
    );
    check(
        asked("a", json(500, r#"{"error":"cuda"}"#), None),
        Cause::ServerError(500, words("cuda")),
    );
    check(
        asked("a", json(422, r#"{"detail":"no"}"#), None),
        Cause::Refused(422, words("no")),
    );
    let error = r#"data: {"error":"out of memory"}"#;
    check(
        asked("a", response(200, "text/event-stream", error), None),
        Cause::Refused(200, words("out of memory")),
    );
    check(
        asked("a", response(200, "text/html", "<html>"), None),
        Cause::NotOpenAi,
    );
    check(
        asked("a", got(Got::Redirect), None),
        Cause::Redirected(None),
    );
    let late = Probe {
        ms: 60_000,
        got: Got::Late,
        ..Probe::failed()
    };
    check(asked("a", Some(late), None), Cause::Slow(60));
    let slow = streamed().map(|probe| Probe {
        ms: 20_400,
        ..probe
    });
    check(asked("a", slow, None), Cause::Slow(20));
}

#[test]
fn steps_that_say_nothing_new_are_left_out() {
    #[track_caller]
    fn check(observed: &Observed, expected: [Option<Skip>; 9]) {
        assert_eq!(Step::ALL.map(|step| observed.skip(step)), expected);
    }
    use Skip::{NoModel, NoUse, NotNeeded};
    let nothing = Some(NoUse);
    let not_needed = Some(NotNeeded);
    let mut blocked = [nothing; 9];
    blocked[0] = None;
    check(&at(PAGE, "http://models.example/v1"), blocked);
    check(&at(PAGE, "nonsense"), blocked);
    let offline = Observed {
        is_online: false,
        ..remote()
    };
    let mut expected = [nothing; 9];
    expected[..3].copy_from_slice(&[None, None, not_needed]);
    check(&offline, expected);
    // All is well.
    let mut well = Observed {
        models: list(),
        ..remote()
    };
    let expected = [
        None, None, not_needed, None, None, not_needed, not_needed, None, not_needed,
    ];
    check(&well, expected);
    well.chat = json(500, "{}");
    assert_eq!(well.skip(Step::Whole), None);
    well.models = json(200, r#"{"data":[]}"#);
    assert_eq!(well.skip(Step::Chat), Some(NoModel));
    // A refused token leaves no chat to test, but a test without it.
    let refused = Observed {
        models: json(401, "{}"),
        has_token: true,
        ..remote()
    };
    assert_eq!(refused.skip(Step::Bare), None);
    assert_eq!(refused.skip(Step::Chat), nothing);
    // No server: no test without the token or at another path.
    let silent = Observed {
        reach: got(Got::Failed),
        models: got(Got::Failed),
        has_token: true,
        ..at(PAGE, "https://models.example")
    };
    for step in [Step::Bare, Step::Version] {
        assert_eq!(silent.skip(step), not_needed);
    }
    // A server that does not respond is not tried twice.
    let late = Observed {
        reach: got(Got::Late),
        ..remote()
    };
    assert_eq!(late.skip(Step::Models), nothing);
    // A denied permission leaves nothing to try.
    let denied = Observed {
        permission: Some(Permission::Denied),
        ..at(PAGE, "http://localhost:1234/v1")
    };
    assert_eq!(denied.skip(Step::Permission), None);
    assert_eq!(denied.skip(Step::Reach), nothing);
    assert_eq!(denied.diagnose(), Cause::PermissionDenied);
}

fn probes() -> impl Strategy<Value = Option<Probe>> {
    let one = (
        prop_oneof![
            Just(Got::Response),
            Just(Got::Opaque),
            Just(Got::Redirect),
            Just(Got::Failed),
            Just(Got::Late)
        ],
        prop_oneof![Just(200_u16), 100..600_u16],
        prop_oneof![
            Just(r#"{"data":[{"id":"a"}]}"#.to_owned()),
            Just("data: {\"choices\":[]}\n\n".to_owned()),
            Just("<html>".to_owned()),
            ".{0,30}",
        ],
        any::<u32>(),
    );
    let one = one.prop_map(|(got, status, body, ms)| Probe {
        got,
        status,
        body,
        ms,
        ..Probe::failed()
    });
    prop::option::of(one)
}

proptest! {
    /// Any observation gives a cause and a fix without a panic; «all is well» requires a list of
    /// models or an answer.
    #[test]
    fn whatever_was_seen_there_is_a_cause(
        url in prop_oneof![
            Just("http://localhost:11434/v1"),
            Just("https://models.example"),
            Just("http://nas:8000"),
            Just("nonsense"),
        ],
        page in prop_oneof![Just(PAGE), Just("http://localhost:9"), Just("http://a.example")],
        (has_token, has_answered, is_online, is_safari) in any::<(bool, bool, bool, bool)>(),
        permission in prop_oneof![
            Just(None), Just(Some(Permission::Denied)), Just(Some(Permission::Prompt)),
        ],
        (reach, models, bare, version, chat, whole) in
            (probes(), probes(), probes(), probes(), probes(), probes()),
    ) {
        let observed = Observed {
            has_token,
            has_answered,
            is_online,
            is_safari,
            permission,
            reach,
            models,
            bare,
            version,
            chat,
            whole,
            ..at(page, url)
        };
        let cause = observed.diagnose();
        fixes(&cause, &observed);
        for step in Step::ALL {
            observed.skip(step);
            observed.state(step);
        }
        if cause == Cause::Fine {
            let answers = observed.chat.as_ref().is_some_and(Probe::is_answer);
            prop_assert!(answers || observed.listed().is_some());
        }
    }
}

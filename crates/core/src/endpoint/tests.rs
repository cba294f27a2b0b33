use std::collections::HashMap;

use proptest::prelude::*;

use super::*;

#[test]
fn base_urls_are_kept_as_typed_less_trailing_slashes() {
    #[track_caller]
    fn check(typed: &str, expected: Result<&str, Invalid>) {
        assert_eq!(
            BaseUrl::parse(typed).as_ref().map(BaseUrl::as_str),
            expected.as_ref().copied()
        );
    }
    check("https://api.openai.com/v1", Ok("https://api.openai.com/v1"));
    check(
        "  http://127.0.0.1:8081/v1// ",
        Ok("http://127.0.0.1:8081/v1"),
    );
    check("https://host/proxy/abc", Ok("https://host/proxy/abc"));
    check("HTTP://[::1]:11434/v1", Ok("HTTP://[::1]:11434/v1"));
    check("http://모델.example/v1", Ok("http://모델.example/v1"));
    check("", Err(Invalid::EmptyUrl));
    check(" / ", Err(Invalid::EmptyUrl));
    check("localhost:11434/v1", Err(Invalid::Scheme));
    check("ftp://host/v1", Err(Invalid::Scheme));
    check("javascript:alert(1)", Err(Invalid::Scheme));
    check("http://", Err(Invalid::Scheme));
    check("http:///v1", Err(Invalid::Url));
    check("http://:80/v1", Err(Invalid::Url));
    check("http://ho st/v1", Err(Invalid::Url));
    check("http://host:99999/v1", Err(Invalid::Url));
    check("http://host:port/v1", Err(Invalid::Url));
    check("http://[::1", Err(Invalid::Url));
    check("http://::1]/v1", Err(Invalid::Url));
    check("http://[::1]", Ok("http://[::1]"));
    check("https://me:secret@host/v1", Err(Invalid::Credentials));
    check("https://host/v1?key=1", Err(Invalid::Query));
    check("https://host/v1#top", Err(Invalid::Query));
}

#[test]
fn a_port_is_the_one_that_is_written() {
    #[track_caller]
    fn check(url: &str, expected: Option<u16>) {
        assert_eq!(BaseUrl::parse(url).unwrap().port(), expected, "{url}");
    }
    check("http://localhost:11434/v1", Some(11434));
    check("http://[::1]:8080", Some(8080));
    check("http://[::1]", None);
    check("https://api.openai.com/v1", None);
}

#[test]
fn endpoints_of_one_host_have_names_of_their_own() {
    #[track_caller]
    fn check(url: &str, expected: &str) {
        assert_eq!(BaseUrl::parse(url).unwrap().name(), expected);
    }
    check("http://127.0.0.1:8081/v1", "127.0.0.1:8081");
    check("https://api.openai.com/v1/", "api.openai.com");
    check("https://host/a/v1", "host/a");
    check("https://host/proxy/abc", "host/proxy/abc");
    check("https://host", "host");
}

#[test]
fn tokens_hold_what_a_header_can_carry() {
    #[track_caller]
    fn check(typed: &str, expected: Result<Option<&str>, Invalid>) {
        let bearer = Token::parse(typed).map(|token| token.map(|token| token.bearer()));
        assert_eq!(bearer, expected.map(|token| token.map(str::to_owned)));
    }
    check("sk-test", Ok(Some("Bearer sk-test")));
    check(" Bearer sk-test\n", Ok(Some("Bearer sk-test")));
    check("  ", Ok(None));
    check("sk test", Err(Invalid::Token));
    check("토큰", Err(Invalid::Token));
    check("sk\u{0}", Err(Invalid::Token));
}

#[test]
fn a_token_is_masked_in_words() {
    #[track_caller]
    fn check(token: &str, text: &str, expected: &str) {
        let token = Token::parse(token).unwrap().unwrap();
        assert_eq!(token.masked_in(text), expected);
    }
    check(
        "sk-secret",
        "Invalid key sk-secret, sk-secret!",
        "Invalid key …, …!",
    );
    check("sk-secret", "no", "no");
    check("bad", "a bad token", "a bad token");
}

#[test]
fn what_was_learned_stays_with_the_base_url() {
    let mut learned = Learned::default();
    learned.learn_renaming("o9");
    let saved = Endpoint {
        keep: TokenStorage::Browser,
        one_at_a_time: false,
        id: Id::new(1),
        name: "one".into(),
        base_url: BaseUrl::parse("http://one/v1").unwrap(),
        token: None,
        learned: learned.clone(),
    };
    let fresh = Endpoint {
        learned: Learned::default(),
        ..saved.clone()
    };
    assert!(saved.is_asked_like(&fresh) && saved != fresh);
    let stored = serde_json::to_string(&fresh).unwrap();
    assert!(!stored.contains("learned"));
    assert_eq!(crate::json::read(&stored), Some(fresh));
    let stored = serde_json::to_string(&saved).unwrap();
    assert_eq!(crate::json::read(&stored), Some(saved.clone()));
    let endpoints = Endpoints {
        list: vec![saved],
        ..Endpoints::default()
    };
    for (base_url, kept) in [("http://one/v1/", true), ("http://one/v2", false)] {
        let edit = Edit {
            keep: TokenStorage::Browser,
            one_at_a_time: false,
            name: "other".into(),
            base_url: base_url.into(),
            token: "new".into(),
            forget_token: false,
        };
        let edited = endpoints.edited(Id::new(1), &edit, Held::Nothing).unwrap();
        assert_eq!(edited.learned == learned, kept);
    }
}

#[test]
fn a_token_stays_with_its_own_base_url() {
    #[track_caller]
    fn check(
        endpoints: &Endpoints,
        form: (Option<u64>, &str, &str),
        expected: Result<(u64, &str, Option<&str>), Invalid>,
    ) {
        let (chosen, base_url, token) = form;
        let found = endpoints.resolve(chosen.map(Id::new), base_url, token, None, Id::new(9));
        let expected = expected.map(|(id, base_url, token)| {
            (
                Id::new(id),
                base_url.to_owned(),
                token.map(|token| format!("Bearer {token}")),
            )
        });
        let found = found.map(|endpoint| {
            (
                endpoint.id,
                endpoint.base_url.into(),
                endpoint.token.map(|token| token.bearer()),
            )
        });
        assert_eq!(found, expected);
    }
    let saved = Endpoint {
        one_at_a_time: false,
        id: Id::new(1),
        name: "one".into(),
        base_url: BaseUrl::parse("http://one/v1").unwrap(),
        token: Token::parse("secret-1").unwrap(),
        learned: Learned::default(),
        keep: TokenStorage::Browser,
    };
    let endpoints = Endpoints {
        list: vec![saved],
        ..Endpoints::default()
    };
    let one = "http://one/v1";
    check(
        &endpoints,
        (Some(1), "", ""),
        Ok((1, one, Some("secret-1"))),
    );
    check(&endpoints, (Some(1), "", "new"), Ok((1, one, Some("new"))));
    check(
        &endpoints,
        (Some(1), "http://two/v1", ""),
        Ok((9, "http://two/v1", None)),
    );
    check(
        &endpoints,
        (Some(1), "http://two/v1", "x"),
        Ok((9, "http://two/v1", Some("x"))),
    );
    check(
        &endpoints,
        (None, "http://one/v1/", ""),
        Ok((1, one, Some("secret-1"))),
    );
    check(&endpoints, (None, "", "x"), Err(Invalid::EmptyUrl));
    check(&endpoints, (Some(7), "", "x"), Err(Invalid::EmptyUrl));
}

#[test]
fn a_missing_version_is_found() {
    #[track_caller]
    fn check(url: &str, expected: Option<&str>) {
        let found = BaseUrl::parse(url).unwrap().with_version();
        assert_eq!(found.as_ref().map(BaseUrl::as_str), expected);
    }
    check("http://host:1", Some("http://host:1/v1"));
    check("https://host/proxy/abc/", Some("https://host/proxy/abc/v1"));
    check("https://v1.example", Some("https://v1.example/v1"));
    check("https://host/video", Some("https://host/video/v1"));
    check("https://host/v1", None);
    check("https://host/v1beta/openai", None);
}

#[test]
fn a_server_is_known_by_its_origin() {
    #[track_caller]
    fn check(url: &str, origin: &str, host: &str) {
        let url = BaseUrl::parse(url).unwrap();
        assert_eq!((&*url.origin(), &*url.host()), (origin, host));
    }
    check("https://Host/v1", "https://host", "host");
    check("HTTP://host:81/a/b", "http://host:81", "host");
    check("http://[::1]:81/v1", "http://[::1]:81", "[::1]");
    check("http://host", "http://host", "host");
}

#[test]
fn an_edit_takes_no_token_to_another_server() {
    #[track_caller]
    fn check(edit: (&str, &str, &str, bool), expected: Result<(&str, Option<&str>), Invalid>) {
        let saved = |id, base_url: &str| Endpoint {
            one_at_a_time: false,
            id: Id::new(id),
            name: "old".into(),
            base_url: BaseUrl::parse(base_url).unwrap(),
            token: Token::parse("secret").unwrap(),
            learned: Learned::default(),
            keep: TokenStorage::Browser,
        };
        let endpoints = Endpoints {
            list: vec![saved(1, "http://one"), saved(2, "http://two/v1")],
            ..Endpoints::default()
        };
        let (name, base_url, token, forget_token) = edit;
        let edit = Edit {
            one_at_a_time: false,
            name: name.into(),
            base_url: base_url.into(),
            token: token.into(),
            forget_token,
            keep: TokenStorage::Browser,
        };
        let held = Held::Token(Token::parse("secret").unwrap().unwrap());
        let edited = endpoints.edited(Id::new(1), &edit, held);
        let expected = expected.map(|(name, token)| (name.to_owned(), token.map(str::to_owned)));
        let edited = edited.map(|edited| (edited.name, edited.token.map(|token| token.bare())));
        assert_eq!(edited, expected);
    }
    check(
        ("new", "http://one", "", false),
        Ok(("new", Some("secret"))),
    );
    check(
        ("", "http://one/v1", "", false),
        Ok(("one", Some("secret"))),
    );
    check(
        ("a", "http://one", "other", false),
        Ok(("a", Some("other"))),
    );
    check(("a", "http://one", "", true), Ok(("a", None)));
    check(("a", "http://one", "other", true), Ok(("a", Some("other"))));
    check(("a", "https://one", "", false), Ok(("a", None)));
    check(("a", "http://one:81", "", false), Ok(("a", None)));
    check(("a", "http://three", "new", false), Ok(("a", Some("new"))));
    check(("a", "http://two/v1/", "", false), Err(Invalid::Taken));
    check(("a", "two", "", false), Err(Invalid::Scheme));
    check(("a", "http://one", "토큰", false), Err(Invalid::Token));
}

#[test]
fn a_token_moves_only_where_it_can_be_read() {
    #[track_caller]
    fn check(
        before: TokenStorage,
        held: Held,
        edit: (&str, TokenStorage),
        expected: Result<Option<&str>, Invalid>,
    ) {
        let saved = Endpoint {
            one_at_a_time: false,
            learned: Learned::default(),
            id: Id::new(1),
            name: "one".into(),
            base_url: BaseUrl::parse("http://one").unwrap(),
            token: None,
            keep: before,
        };
        let endpoints = Endpoints {
            list: vec![saved],
            ..Endpoints::default()
        };
        let (token, keep) = edit;
        let edit = Edit {
            one_at_a_time: false,
            name: String::new(),
            base_url: "http://one/v1".into(),
            token: token.into(),
            forget_token: false,
            keep,
        };
        let edited = endpoints.edited(Id::new(1), &edit, held);
        let edited = edited.map(|edited| edited.token.map(|token| token.bare()));
        assert_eq!(edited, expected.map(|token| token.map(str::to_owned)));
    }
    use TokenStorage::{Browser, Tab, Vault};
    let held = || Held::Token(Token::parse("old").unwrap().unwrap());
    check(Tab, held(), ("", Browser), Ok(Some("old")));
    check(Browser, held(), ("", Vault), Ok(Some("old")));
    check(Tab, Held::Nothing, ("", Vault), Ok(None));
    check(Vault, Held::Locked, ("", Vault), Ok(None));
    check(Vault, Held::Locked, ("", Tab), Err(Invalid::Locked));
    check(Vault, Held::Locked, ("new", Tab), Ok(Some("new")));
    check(Vault, Held::Locked, ("new", Vault), Ok(Some("new")));
}

#[test]
fn what_is_read_is_kept_where_it_was_read() {
    let text = r#"{"list":[{"id":"1","name":"a","base_url":"http://a","token":"t","keep":"vault"},
        {"id":"2","name":"b","base_url":"http://b","keep":"tab"},
        {"id":"3","name":"c","base_url":"http://c","token":"t"}]}"#;
    let read: Endpoints = crate::json::read(text).unwrap();
    let keeps: Vec<_> = read.honest().list.iter().map(|saved| saved.keep).collect();
    assert_eq!(
        keeps,
        [
            TokenStorage::Browser,
            TokenStorage::Tab,
            TokenStorage::Browser
        ]
    );
}

#[test]
fn an_import_takes_nobodys_place() {
    #[track_caller]
    fn check(endpoints: &Endpoints, id: u64, base_url: &str, expected: Result<u64, u64>) {
        let base_url = BaseUrl::parse(base_url).unwrap();
        let imported = endpoints.imported(Id::new(id), "theirs", &base_url, Id::new(9));
        let token = imported.as_ref().err().and_then(|new| new.token.as_ref());
        assert_eq!(token, None);
        let imported = imported.map(Id::bits).map_err(|new| new.id.bits());
        assert_eq!(imported, expected);
    }
    let base_url = BaseUrl::parse("http://one").unwrap();
    let saved = Endpoint {
        token: Token::parse("secret").unwrap(),
        ..Endpoint::new(Id::new(1), "one".into(), base_url)
    };
    let endpoints = Endpoints {
        list: vec![saved],
        ..Endpoints::default()
    };
    check(&endpoints, 1, "http://one", Ok(1));
    check(&endpoints, 2, "http://one", Ok(1));
    check(&endpoints, 2, "http://two", Err(2));
    // The same identifier, but another server: the saved endpoint stays.
    check(&endpoints, 1, "http://two", Err(9));
}

/// A short model of `keys.js`.
#[derive(Default)]
struct Keys {
    tokens: HashMap<(Id, &'static str), (String, String)>,
    is_locked: bool,
}

impl Keys {
    fn held(&self, endpoint: &Endpoint) -> Held {
        if let Some(token) = &endpoint.token {
            return Held::Token(token.clone());
        }
        let found = self.tokens.get(&(endpoint.id, endpoint.keep.name()));
        match found.filter(|(origin, _)| *origin == endpoint.base_url.origin()) {
            Some(_) if self.is_locked && endpoint.keep == TokenStorage::Vault => Held::Locked,
            Some((_, token)) => Held::Token(Token::parse(token).unwrap().unwrap()),
            None => Held::Nothing,
        }
    }

    fn settle(&mut self, endpoint: &mut Endpoint) {
        let token = endpoint.detach_token();
        let (keep, origin) = (endpoint.keep.name(), endpoint.base_url.origin());
        self.tokens.retain(|(id, of), (at, _)| {
            *id != endpoint.id || (*of == keep && *at == origin && token.is_none())
        });
        if let Some(token) = token {
            let entry = (origin, token.bare());
            self.tokens.insert((endpoint.id, keep), entry);
        }
    }
}

/// One action of a user.
#[derive(Clone, Debug)]
enum Step {
    /// Edits an endpoint: its identifier, the new server, whether a token is typed, whether the
    /// previous one is dropped, and the token storage.
    Edit(u64, u8, bool, bool, TokenStorage),
    /// Submits a card's form: the chosen endpoint, and the same fields.
    Connect(u64, Option<u8>, bool, Option<TokenStorage>),
    /// Locks or opens the vault.
    Lock(bool),
    /// Reloads the list, as another tab does.
    Reread,
}

fn keep() -> impl Strategy<Value = TokenStorage> {
    prop::sample::select(&TokenStorage::ALL[..])
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..3u64, 0..4u8, any::<bool>(), prop::bool::weighted(0.1), keep())
            .prop_map(|(id, server, types, forgets, keep)| Step::Edit(id, server, types, forgets, keep)),
        4 => (0..3u64, prop::option::of(0..4u8), any::<bool>(), prop::option::of(keep()))
            .prop_map(|(id, server, types, keep)| Step::Connect(id, server, types, keep)),
        1 => any::<bool>().prop_map(Step::Lock),
        1 => Just(Step::Reread),
    ]
}

/// Returns one of two servers' URLs, with one of two paths.
fn base_url(server: u8) -> String {
    format!("http://server{}/{}", server / 2, server % 2)
}

proptest! {
    #[test]
    fn a_token_is_written_and_sent_only_where_it_may_be(steps in prop::collection::vec(step(), 0..60)) {
        let (mut endpoints, mut keys) = (Endpoints::default(), Keys::default());
        // For each typed token: its server and its last storage.
        let mut typed: Vec<String> = Vec::new();
        for step in steps {
            let mut type_for = |server: u8, types: bool| {
                let token = format!("sk-{}-{}-end", server / 2, typed.len());
                typed.push(token.clone());
                if types { token } else { String::new() }
            };
            let mut saved = None;
            match step {
                Step::Edit(id, server, types, forget_token, keep) => {
                    let id = Id::new(id);
                    let edit = Edit {
                        one_at_a_time: false,
                        name: String::new(),
                        base_url: base_url(server),
                        token: type_for(server, types),
                        forget_token,
                        keep,
                    };
                    let held = endpoints.find(id).map(|before| keys.held(before));
                    let edited = endpoints.edited(id, &edit, held.unwrap_or_default());
                    if forget_token && edited.is_ok() {
                        keys.tokens.retain(|(of, _), _| *of != id);
                    }
                    saved = edited.ok();
                }
                Step::Connect(chosen, server, types, keep) => {
                    let chosen = Id::new(chosen);
                    let at = server.map(base_url).unwrap_or_default();
                    let server = server.or_else(|| {
                        let chosen = endpoints.find(chosen)?;
                        (0..4).find(|server| base_url(*server) == chosen.base_url.as_str())
                    });
                    let token = type_for(server.unwrap_or_default(), types);
                    let fresh = Id::new(10 + u64::from(server.unwrap_or_default()));
                    let resolved = endpoints.resolve(Some(chosen), &at, &token, keep, fresh);
                    saved = resolved.ok();
                }
                Step::Lock(is_locked) => keys.is_locked = is_locked,
                Step::Reread => {
                    let text = crate::json::write(&endpoints);
                    let read: Endpoints = crate::json::read(&text).unwrap();
                    prop_assert_eq!(&read, &endpoints);
                    endpoints = read.honest();
                }
            }
            if let Some(mut saved) = saved {
                // Before it is saved, an endpoint does not serialize such a token.
                let is_detached = saved.keep != TokenStorage::Browser;
                let wants_vault = saved.keep == TokenStorage::Vault && saved.token.is_some();
                prop_assert!(!is_detached || !crate::json::write(&saved).contains("sk-"));
                if !(wants_vault && keys.is_locked) {
                    keys.settle(&mut saved);
                    endpoints.list.retain(|other| other.id != saved.id);
                    endpoints.list.push(saved);
                }
            }
            for endpoint in &endpoints.list {
                let with_token = endpoint.with_held(keys.held(endpoint));
                let origin = endpoint.base_url.origin();
                if let Ok(with_token) = with_token {
                    let headers = with_token.headers();
                    let server = origin.strip_prefix("http://server").unwrap();
                    let is_own = |value: &str| value.starts_with(&format!("Bearer sk-{server}-"));
                    prop_assert!(headers.iter().all(|(_, value)| is_own(value)));
                    if endpoint.keep != TokenStorage::Browser {
                        let written = crate::json::write(&with_token);
                        prop_assert_eq!(crate::json::read(&written), Some(endpoint.clone()));
                    }
                }
                if endpoint.keep != TokenStorage::Browser {
                    prop_assert!(endpoint.token.is_none());
                    prop_assert!(!crate::json::write(endpoint).contains("sk-"));
                }
            }
            for (of, (_, token)) in &keys.tokens {
                prop_assert!(!crate::json::write(&endpoints).contains(token.as_str()), "{of:?}");
            }
        }
    }
}

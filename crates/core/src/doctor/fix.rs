//! Fixes: commands to copy, for this page's own origin.
//!
//! Each server's commands are in its row: see [`crate::endpoint::server`].

use super::{Cause, Observed, Space};
use crate::endpoint::{
    Server,
    server::{Access, Command},
};

/// A command or piece of configuration, and its target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// Target system or program; empty for any.
    pub on: &'static str,
    /// Text to copy.
    pub text: String,
}

impl Fix {
    fn new(on: &'static str, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { on, text }
    }
}

/// Returns the fixes for a cause, the most common first.
pub fn fixes(cause: &Cause, observed: &Observed) -> Vec<Fix> {
    let server = observed.server();
    let origin = &*observed.page;
    match cause {
        Cause::Cors | Cause::CorsForChat => allow(server, origin, &upstream(observed)),
        Cause::NothingThere if observed.space() == Space::Loopback && server.is_started() => {
            start(server, origin)
        }
        Cause::NothingThere | Cause::NoResponse => look(observed),
        Cause::Closed => start(Server::LiteLlm, origin),
        Cause::Path(found) => vec![Fix::new("", found.as_str())],
        Cause::Redirected(Some(to)) => vec![Fix::new("", to.clone())],
        _ => Vec::new(),
    }
}

/// Returns fixes that make a server allow a page. `upstream` is its host and port.
fn allow(server: Server, origin: &str, upstream: &str) -> Vec<Fix> {
    let others = server.others_at_port();
    let servers = [server].into_iter().chain(others);
    let commands: Vec<_> = servers
        .flat_map(Server::commands)
        .map(|command| fill(command, origin))
        .collect();
    match server.access() {
        _ if !commands.is_empty() => commands,
        Access::Key(_) | Access::Closed | Access::Jan => Vec::new(),
        _ => proxy(origin, upstream),
    }
}

/// Returns commands that start a server so that it allows a page. The user fills in MODEL.
pub fn start(server: Server, origin: &str) -> Vec<Fix> {
    let commands = server.commands().iter();
    let commands = commands.filter(|command| command.starts);
    commands.map(|command| fill(command, origin)).collect()
}

fn fill(command: &Command, origin: &str) -> Fix {
    Fix::new(command.on, command.text.replace("{origin}", origin))
}

/// Returns proxy configurations that allow a page, including preflight requests (OPTIONS).
fn proxy(origin: &str, upstream: &str) -> Vec<Fix> {
    let nginx = format!(
        "location / {{\n    \
             add_header Access-Control-Allow-Origin \"{origin}\" always;\n    \
             add_header Access-Control-Expose-Headers \"retry-after\" always;\n    \
             if ($request_method = OPTIONS) {{\n        \
                 add_header Access-Control-Allow-Origin \"{origin}\" always;\n        \
                 add_header Access-Control-Allow-Headers \"authorization, content-type, accept\" always;\n        \
                 add_header Access-Control-Max-Age 86400 always;\n        \
                 return 204;\n    \
             }}\n    \
             proxy_pass http://{upstream};\n    \
             proxy_buffering off;\n\
         }}"
    );
    let caddy = format!(
        "YOUR.HOST {{\n    \
             header {{\n        \
                 Access-Control-Allow-Origin \"{origin}\"\n        \
                 Access-Control-Allow-Headers \"authorization, content-type, accept\"\n        \
                 Access-Control-Expose-Headers \"retry-after\"\n        \
                 defer\n    \
             }}\n    \
             @preflight method OPTIONS\n    \
             respond @preflight 204\n    \
             reverse_proxy {upstream} {{\n        \
                 flush_interval -1\n    \
             }}\n\
         }}"
    );
    vec![Fix::new("nginx", nginx), Fix::new("Caddy", caddy)]
}

/// Returns a command that tests the server from a terminal, without a browser in the way. It has no
/// token: copied text may be pasted anywhere.
fn look(observed: &Observed) -> Vec<Fix> {
    let base_url = observed.base_url.as_ref();
    base_url.map_or_else(
        |_| Vec::new(),
        |base_url| {
            vec![Fix::new(
                "",
                // Within single quotes, a shell interprets only the closing quote.
                format!("curl -i '{}'", base_url.join("models").replace('\'', "%27")),
            )]
        },
    )
}

/// Returns host and port of a server on this computer; for any other, an example.
fn upstream(observed: &Observed) -> String {
    match &observed.base_url {
        Ok(base_url) if observed.space() == Space::Loopback => {
            let origin = base_url.origin();
            let host = origin.split_once("://").map_or("", |(_, host)| host);
            host.to_owned()
        }
        _ => "127.0.0.1:8000".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::BaseUrl;

    const PAGE: &str = "https://collate.example";

    #[test]
    fn each_server_is_told_of_this_page_in_its_own_way() {
        #[track_caller]
        fn check(url: &str, expected: &[(&str, &str)]) {
            let observed = Observed::new(PAGE.to_owned(), BaseUrl::parse(url));
            let fixes = fixes(&Cause::Cors, &observed);
            let places: Vec<_> = fixes.iter().map(|fix| fix.on).collect();
            let expected_places: Vec<_> = expected.iter().map(|(on, _)| *on).collect();
            assert_eq!(places, expected_places, "{url}");
            for (fix, (_, part)) in fixes.iter().zip(expected) {
                assert!(fix.text.contains(part), "{part} in {}", fix.text);
            }
        }
        check(
            "http://localhost:11434/v1",
            &[
                (
                    "macOS · Linux",
                    "OLLAMA_ORIGINS=https://collate.example ollama serve",
                ),
                (
                    "macOS (app)",
                    "launchctl setenv OLLAMA_ORIGINS \"https://collate.example\"",
                ),
                ("Linux (systemd)", "'https://collate.example' | sudo tee"),
                ("Windows", "setx OLLAMA_ORIGINS \"https://collate.example\""),
            ],
        );
        check(
            "http://localhost:1234/v1",
            &[("", "lms server start --cors")],
        );
        check(
            "http://localhost:8080/v1",
            &[("", "--cors-origins 'https://collate.example'")],
        );
        check(
            "http://localhost:8000/v1",
            &[
                ("vLLM", "--allowed-origins '[\"https://collate.example\"]'"),
                ("transformers", "transformers serve --enable-cors"),
            ],
        );
        check(
            "http://localhost:4000/v1",
            &[(
                "LiteLLM",
                "LITELLM_CORS_ORIGINS='https://collate.example' litellm",
            )],
        );
        check("http://localhost:1337/v1", &[]);
        let proxies = [
            (
                "nginx",
                "add_header Access-Control-Allow-Origin \"https://collate.example\" always;",
            ),
            (
                "Caddy",
                "Access-Control-Allow-Origin \"https://collate.example\"",
            ),
        ];
        check("http://localhost:5555/v1", &proxies);
        check("https://model.backend.ai/v1", &proxies);
    }

    #[test]
    fn a_proxy_answers_the_question_before_a_request() {
        for fix in proxy(PAGE, "127.0.0.1:5555") {
            for part in [
                "OPTIONS",
                "authorization, content-type, accept",
                "204",
                ":5555",
            ] {
                assert!(fix.text.contains(part), "{part} in {}", fix.text);
            }
        }
    }

    #[test]
    fn what_is_to_be_started_depends_on_the_port() {
        #[track_caller]
        fn check(url: &str, expected: Option<&str>) {
            let observed = Observed::new(PAGE.to_owned(), BaseUrl::parse(url));
            let fixes = fixes(&Cause::NothingThere, &observed);
            assert_eq!(fixes.first().map(|fix| &*fix.text), expected, "{url}");
        }
        check(
            "http://localhost:11434/v1",
            Some("OLLAMA_ORIGINS=https://collate.example ollama serve"),
        );
        check("http://localhost:1234/v1", Some("lms server start --cors"));
        let look = "curl -i 'http://localhost:5555/v1/models'";
        check("http://localhost:5555/v1", Some(look));
        check(
            "http://localhost:1337/v1",
            Some("curl -i 'http://localhost:1337/v1/models'"),
        );
        check(
            "https://models.example/v1",
            Some("curl -i 'https://models.example/v1/models'"),
        );
    }

    #[test]
    fn a_service_for_no_page_is_asked_through_a_proxy() {
        let url = BaseUrl::parse("https://integrate.api.nvidia.com/v1");
        let observed = Observed::new(PAGE.to_owned(), url);
        assert_eq!(
            fixes(&Cause::Closed, &observed),
            start(Server::LiteLlm, PAGE)
        );
    }

    #[test]
    fn what_was_found_is_there_to_copy() {
        let observed = Observed::new(PAGE.to_owned(), BaseUrl::parse("http://nas:5000"));
        let found = BaseUrl::parse("http://nas:5000/v1").unwrap();
        let path = fixes(&Cause::Path(found), &observed);
        assert_eq!(path, [Fix::new("", "http://nas:5000/v1")]);
        let to = fixes(&Cause::Redirected(Some("https://nas/v1".into())), &observed);
        assert_eq!(to, [Fix::new("", "https://nas/v1")]);
    }
}

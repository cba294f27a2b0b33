use super::{
    Server::{
        Anthropic, BackendAi, Bedrock, Cerebras, DeepSeek, Gemini, Groq, Jan, LiteLlm, LlamaCpp,
        LlamaCppPython, LlamaSwap, LmStudio, Mistral, Nvidia, Ollama, OllamaCloud, OnDevice,
        OpenAi, OpenRouter, Other, Transformers, Vllm,
    },
    *,
};
use crate::endpoint::{Endpoint, Id};
use serde_json::json;

#[test]
fn servers_are_recognised() {
    #[track_caller]
    fn check(base_url: &str, owned_by: &str, expected: Server) {
        let base_url = BaseUrl::parse(base_url).unwrap();
        assert_eq!(Server::of(&base_url, owned_by), expected);
    }
    check("https://api.openai.com/v1", "system", OpenAi);
    check("HTTPS://API.Anthropic.com:443/v1", "", Anthropic);
    check("https://api.mistral.ai/v1", "mistralai", Mistral);
    check("https://openrouter.ai/api/v1", "", OpenRouter);
    check(
        "https://generativelanguage.googleapis.com/v1beta/openai",
        "google",
        Gemini,
    );
    check("https://api.openai.com.evil.example/v1", "", Other);
    check("https://evil.example/api.openai.com/v1", "", Other);
    check("http://localhost:11434/v1", "", Ollama);
    check("http://localhost:11434/v1", "library", Ollama);
    check("http://192.168.0.7:8000/v1", "library", Ollama);
    check("http://localhost:11434/v1", "vllm", Vllm);
    check("http://localhost:1234/v1", "", LmStudio);
    check("http://localhost:8080/v1", "llamacpp", LlamaCpp);
    check("http://localhost:8000/v1", "me", LlamaCppPython);
    check("http://localhost:8000/v1", "", Other);
    check("http://localhost:21234/v1", "", Other);
    check("on-device:", "on-device", OnDevice);
    check("http://on-device/v1", "", Other);
    check("https://ollama.com/v1", "", OllamaCloud);
    check("https://app.backend.ai/v1", "", BackendAi);
    check("https://backend.ai/v1", "", BackendAi);
    check("https://backend.ai.evil.example/v1", "", Other);
    check("https://notbackend.ai/v1", "", Other);
    // Any server may run at such a host.
    let ec2 = "http://ec2-1-2-3-4.compute.amazonaws.com:11434/v1";
    check(ec2, "", Ollama);
    check(ec2, "vllm", Vllm);
    check("https://m.backend.ai/v1", "llamacpp", LlamaCpp);
    check(
        "https://bedrock-runtime.us-west-2.amazonaws.com/v1",
        "",
        Bedrock,
    );
    // The owner of a model at a known service does not matter.
    check("https://api.groq.com/openai/v1", "me", Groq);
}

#[test]
fn a_refusal_gives_a_server_away() {
    #[track_caller]
    fn check(words: &str, expected: Option<Server>) {
        let found = Server::of_refusal(words);
        assert_eq!(found, expected);
        assert_eq!(found.and_then(|found| Server::called(found.name())), found);
    }
    check(
        "Unexpected fields in the request: {'top_k'}",
        Some(Transformers),
    );
    check("litellm.BadRequestError: no", Some(LiteLlm));
    check("Not Found", None);
}

#[test]
fn a_guess_takes_weaker_signs() {
    #[track_caller]
    fn check(base_url: &str, owners: &str, greetings: &[&str], expected: Server) {
        let base_url = BaseUrl::parse(base_url).unwrap();
        let names: Vec<_> = owners.split(' ').map(str::to_owned).collect();
        let found = Server::guess(&base_url, &names, greetings);
        assert_eq!(found, expected, "{base_url:?} {owners}");
    }
    check("http://localhost:11434/v1", "", &[], Ollama);
    check("http://localhost:1234/v1", "", &[], LmStudio);
    check("http://127.0.0.1:8080/v1", "", &[], LlamaCpp);
    check("http://10.0.0.3:8000/v1", "", &[], Vllm);
    check("http://localhost:1337/v1", "", &[], Jan);
    check("http://localhost:4000", "", &[], LiteLlm);
    check("http://localhost:5000", "", &["", "<html>"], Other);
    check("http://nas:5000", "", &["", "Ollama is running"], Ollama);
    check("http://nas:1234", "", &["Ollama is running"], Ollama);
    check("http://localhost:5000", "library", &[], Ollama);
    check("http://localhost:5000", "organization_owner", &[], LmStudio);
    check("http://localhost:1234", "llamacpp", &[], LlamaCpp);
    check("http://localhost:8080", "vllm", &[], Vllm);
    check("http://localhost:8080", "llama-swap", &[], LlamaSwap);
    check("http://localhost:5000", "somebody vllm", &[], Vllm);
    check("https://api.openai.com/v1", "library", &[], OpenAi);
    check("https://API.cerebras.ai/v1", "", &[], Cerebras);
    check("https://integrate.api.nvidia.com/v1", "", &[], Nvidia);
    let bedrock = "https://bedrock-runtime.us-west-2.amazonaws.com/v1";
    check(bedrock, "", &[], Bedrock);
    let ec2 = "http://ec2-1-2-3-4.compute.amazonaws.com:8000/v1";
    check(ec2, "vllm", &[], Vllm);
    check(ec2, "", &["Ollama is running"], Ollama);
    check(ec2, "", &[], Bedrock);
    check("https://m.backend.ai/v1", "vllm", &[], BackendAi);
}

#[test]
fn each_row_is_consistent() {
    for (index, row) in ROWS.iter().enumerate() {
        let name = row.name;
        let is_first = |other: &Row| other.server == row.server;
        assert_eq!(ROWS.iter().position(is_first), Some(index), "{name}");
        assert!(!name.is_empty() && row.server != Other);
        let at_port = ROWS.iter().filter(|other| other.port == row.port);
        assert!(!row.is_port_enough || at_port.count() == 1, "{name}");
        let Some(text) = row.base_url.filter(|text| !text.is_empty()) else {
            continue;
        };
        let base_url = BaseUrl::parse(text).unwrap();
        assert_eq!(base_url.as_str(), text);
        assert_eq!(Server::guess(&base_url, &[], &[]), row.server, "{name}");
        if text.starts_with("http:") {
            assert_eq!(base_url.port(), row.port, "{name}");
        } else {
            assert_eq!(Server::of(&base_url, ""), row.server, "{name}");
            assert!(matches!(row.access, Access::Key(url) if url.starts_with("https:")));
        }
    }
    let suggested: Vec<_> = Server::suggested().map(Server::name).collect();
    assert_eq!(suggested.len(), 14, "{suggested:?}");
    assert_eq!(Server::suggested_local().count(), 5);
}

#[test]
fn services_allow_pages_or_do_not() {
    #[track_caller]
    fn check(base_url: &str, expected: Access) {
        let base_url = BaseUrl::parse(base_url).unwrap();
        assert_eq!(Server::guess(&base_url, &[], &[]).access(), expected);
    }
    for host in [
        "api.cerebras.ai",
        "api.cohere.ai",
        "api.fireworks.ai",
        "api.moonshot.ai",
        "api.perplexity.ai",
        "api.x.ai",
        "api.z.ai",
    ] {
        check(&format!("https://{host}/v1"), Access::Key(""));
    }
    check("https://integrate.api.nvidia.com/v1", Access::Closed);
    let bedrock = "https://bedrock-runtime.us-west-2.amazonaws.com/v1";
    check(bedrock, Access::Closed);
    check("http://localhost:5000/v1", Access::Unknown);
}

#[test]
fn a_lesson_tells_the_server_behind_another() {
    #[track_caller]
    fn check(base_url: &str, owned_by: &str, expected: Server) {
        let base_url = BaseUrl::parse(base_url).unwrap();
        let mut endpoint = Endpoint::new(Id::new(1), String::new(), base_url);
        endpoint.learned.learn_server(Transformers);
        assert_eq!(endpoint.server(owned_by), expected);
    }
    check("http://localhost:8000/v1", "", Transformers);
    check("https://m.backend.ai/v1", "", Transformers);
    check("http://localhost:8080/v1", "llama-swap", Transformers);
    check("http://localhost:8000/v1", "vllm", Vllm);
    check("https://api.openai.com/v1", "", OpenAi);
}

#[test]
fn servers_at_one_port_have_commands_of_their_own() {
    let others: Vec<_> = Vllm.others_at_port().collect();
    assert_eq!(others, [Transformers]);
    assert!(Transformers.is_started() && !Jan.is_started() && !Other.is_started());
    assert_eq!(Other.others_at_port().count(), 0);
}

#[test]
fn what_is_known_of_fields_is_in_the_table() {
    #[track_caller]
    fn check(server: Server, model: &str, field: &str, expected: Treatment) {
        assert_eq!(server.treats(field, model), expected);
    }
    use Treatment::{AtMost, Ignored, Refused, Used};
    check(OpenAi, "gpt-4o", "top_k", Refused);
    check(OpenAi, "gpt-4o", "temperature", Used);
    check(OpenAi, "gpt-4o", "reasoning_effort", Refused);
    check(OpenAi, "o3-mini", "temperature", Refused);
    check(OpenAi, "gpt-5", "presence_penalty", Refused);
    check(OpenAi, "gpt-5.2", "temperature", Used);
    check(OpenAi, "gpt-5", "max_tokens", Used);
    check(Anthropic, "claude", "seed", Ignored);
    check(Anthropic, "claude", "temperature", AtMost(1));
    check(Anthropic, "claude", "top_p", Used);
    check(Ollama, "llama3.2", "top_k", Ignored);
    check(Ollama, "llama3.2", "min_p", Ignored);
    check(Ollama, "llama3.2", "top_p", Used);
    check(Mistral, "m", "min_p", Refused);
    check(Nvidia, "m", "top_k", Refused);
    check(Gemini, "m", "top_k", Refused);
    check(Groq, "m", "top_k", Refused);
    check(Groq, "m", "presence_penalty", Ignored);
    check(Cerebras, "m", "frequency_penalty", Refused);
    check(DeepSeek, "deepseek-reasoner", "temperature", Ignored);
    check(DeepSeek, "deepseek-chat", "temperature", Used);
    check(Vllm, "m", "top_k", Used);
    check(LlamaCpp, "m", "min_p", Used);
    check(Other, "o3", "top_k", Used);
}

#[test]
fn the_name_of_max_tokens_goes_by_the_model() {
    #[track_caller]
    fn check(server: Server, model: &str, expected: bool) {
        assert_eq!(server.renames_max_tokens(model), expected);
    }
    for model in [
        "o1",
        "o3-mini",
        "o4-mini-2025-04-16",
        "gpt-5",
        "gpt-5.2",
        "gpt-5-mini",
    ] {
        check(OpenAi, model, true);
        check(OpenRouter, model, false);
    }
    for model in ["gpt-4o", "o10", "gpt-50", "chatgpt-4o-latest", ""] {
        check(OpenAi, model, false);
    }
    assert!(!Mistral.takes_stream_options() && OpenAi.takes_stream_options());
}

#[test]
fn fields_get_the_names_that_they_have_there() {
    #[track_caller]
    fn check(server: Server, before: Value, after: Value) {
        let Value::Object(mut fields) = before else {
            panic!("fields");
        };
        server.fit(&mut fields);
        assert_eq!(Value::Object(fields), after);
    }
    let before = json!({ "seed": 1, "repetition_penalty": 2, "top_p": 1 });
    check(Other, before.clone(), before.clone());
    check(
        Mistral,
        before.clone(),
        json!({ "random_seed": 1, "repetition_penalty": 2, "top_p": 1 }),
    );
    check(
        LlamaCpp,
        before,
        json!({ "seed": 1, "repeat_penalty": 2, "top_p": 1 }),
    );
    check(
        Mistral,
        json!({ "seed": 1, "random_seed": 3 }),
        json!({ "random_seed": 3 }),
    );
}

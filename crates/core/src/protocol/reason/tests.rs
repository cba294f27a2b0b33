use super::*;
use crate::protocol::refusal::Refusal;

#[test]
fn what_fails_in_this_browser_is_told_from_other_devices() {
    #[track_caller]
    fn check(body: &str, expected: &Reason) {
        let words = Refusal::read(body).words;
        assert_eq!(Reason::classify(500, &words), *expected);
    }
    check(
        r#"{"error":{"message":"It has no SIMD.","code":"device_no_simd"}}"#,
        &Reason::Device("no_simd".to_owned()),
    );
    check(
        r#"{"error":{"message":"The weights are not here.","code":"weights_missing"}}"#,
        &Reason::Weights,
    );
    check(
        r#"{"error":{"message":"invalid device_map for this worker"}}"#,
        &Reason::Server,
    );
}

#[test]
fn what_it_means_is_told_by_status_and_words() {
    #[track_caller]
    fn check(status: u16, words: &str, expected: Reason) {
        assert_eq!(Reason::classify(status, words), expected);
    }
    let parameter = |name: &str| Reason::Parameter(name.into());
    check(401, "Invalid API Key", Reason::Token);
    check(401, "", Reason::Token);
    check(
        401,
        "CORS requests are not allowed for this Organization",
        Reason::Forbidden,
    );
    check(403, "Forbidden", Reason::Forbidden);
    check(
        403,
        "Your API key does not have permission",
        Reason::Forbidden,
    );
    check(403, "Invalid API key", Reason::Token);
    check(
        400,
        "API key not valid. Please pass a valid API key.",
        Reason::Token,
    );
    check(
        400,
        "Authentication Error, Invalid proxy server token passed.",
        Reason::Token,
    );
    check(404, "Not Found", Reason::PathOrModel);
    check(404, "", Reason::PathOrModel);
    check(404, "404 page not found", Reason::Path);
    check(404, "File Not Found", Reason::Path);
    check(404, "Invalid URL (POST /chat/completions)", Reason::Path);
    check(405, "Method Not Allowed", Reason::Path);
    check(404, "model 'x' not found", Reason::Model);
    check(404, "The model `x` does not exist.", Reason::Model);
    check(400, "x is not a valid model ID", Reason::Model);
    check(
        400,
        "Invalid model name passed in model=x: invalid model",
        Reason::Model,
    );
    check(
        404,
        "models/x is not found for API version v1main",
        Reason::Model,
    );
    check(
        400,
        "Unrecognized request argument supplied: top_k",
        parameter("top_k"),
    );
    check(
        400,
        "Unsupported value: 'temperature' does not support 0.7 with this model.",
        parameter("temperature"),
    );
    check(400, "property 'top_k' is unsupported", parameter("top_k"));
    check(
        400,
        "Invalid JSON payload received. Unknown name \"min_p\": Cannot find field.",
        parameter("min_p"),
    );
    check(
        422,
        "seed: Extra inputs are not permitted",
        parameter("seed"),
    );
    check(
        422,
        "colour: Extra inputs are not permitted",
        parameter("colour"),
    );
    check(400, "Unknown parameter: 'colour'.", parameter("colour"));
    check(
        400,
        "'max_tokens' or 'max_completion_tokens' is too large: 4096. This model's maximum context length is 2048 tokens and your request has 20 input tokens",
        parameter("max_tokens"),
    );
    check(400, "please stop shouting", Reason::Other);
    check(400, "", Reason::Other);
    check(429, "Rate limit reached", Reason::Busy);
    check(503, "", Reason::Busy);
    check(529, "Overloaded", Reason::Busy);
    check(503, "Loading model", Reason::Loading);
    check(
        429,
        "You exceeded your current quota, please check your plan and billing details.",
        Reason::Quota,
    );
    check(
        429,
        "You exceeded your current quota. Please retry in 39s.",
        Reason::Busy,
    );
    check(402, "Insufficient Balance", Reason::Quota);
    check(413, "Payload Too Large", Reason::TooLarge);
    check(415, "Unsupported Media Type", Reason::MediaType);
    check(408, "", Reason::Timeout);
    check(504, "504 Gateway Time-out", Reason::Timeout);
    check(
        400,
        "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
        Reason::Filtered,
    );
    check(403, "Your input was flagged", Reason::Filtered);
    check(
        500,
        "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj",
        Reason::Pictures,
    );
    check(500, "Internal Server Error", Reason::Server);
    check(502, "502 Bad Gateway", Reason::Server);
    check(418, "I'm a teapot", Reason::Other);
    // Words count where the status lies, in the languages of the servers' makers.
    check(0, "overloaded", Reason::Busy);
    check(500, "System is too busy now.", Reason::Busy);
    check(200, "insufficient balance", Reason::Quota);
    check(
        401,
        "Insufficient balance. Manage your billing here",
        Reason::Quota,
    );
    check(429, "余额不足或无可用资源包,请充值。", Reason::Quota);
    check(400, "Arrearage: Access denied", Reason::Quota);
    check(0, "免费额度已用完，请升级套餐", Reason::Quota);
    check(500, "잔액이 부족합니다", Reason::Quota);
    check(500, "无效的令牌", Reason::Token);
    check(0, "Incorrect API key provided", Reason::Token);
    check(400, "API 키가 올바르지 않습니다", Reason::Token);
    check(404, "当前 API 不支持所选模型 glm-4.7", Reason::Model);
    check(
        503,
        "当前分组 default 下对于模型 gpt-9 无可用渠道",
        Reason::Model,
    );
    check(500, "모델을 찾을 수 없습니다", Reason::Model);
    check(429, "当前分组上游负载已饱和，请稍后再试", Reason::Busy);
    check(
        500,
        "서버가 혼잡합니다. 잠시 후 다시 시도하세요",
        Reason::Busy,
    );
    let longer = Reason::TooLong {
        asked: None,
        limit: None,
    };
    check(500, "输入长度超过限制", longer.clone());
    check(400, "입력이 너무 깁니다", longer);
    check(400, "输入内容包含敏感信息", Reason::Filtered);
}

#[test]
fn a_conversation_that_is_too_long_says_how_long_it_is() {
    #[track_caller]
    fn check(words: &str, asked: Option<u32>, limit: Option<u32>) {
        for status in [0, 400, 413, 500] {
            assert_eq!(
                Reason::classify(status, words),
                Reason::TooLong { asked, limit }
            );
        }
    }
    let both = |words, asked, limit| check(words, Some(asked), Some(limit));
    // OpenAI
    both(
        "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens. Please reduce the length of the messages.",
        9000,
        8192,
    );
    // older OpenAI, vLLM
    both(
        "This model's maximum context length is 4096 tokens. However, you requested 5120 tokens (1024 in the messages, 4096 in the completion).",
        5120,
        4096,
    );
    both(
        "This model's maximum context length is 2048 tokens. However, you requested 4096 output tokens and your prompt contains at least 1 input tokens, for a total of at least 4097 tokens.",
        4097,
        2048,
    );
    // llama.cpp
    both(
        "request (30031 tokens) exceeds the available context size (2048 tokens), try increasing it",
        30_031,
        2048,
    );
    both(
        "the request exceeds the available context size (n_prompt_tokens: 30031, n_ctx: 2048)",
        30_031,
        2048,
    );
    // Anthropic, Gemini, Mistral, xAI, llama-cpp-python
    both(
        "prompt is too long: 213,462 tokens > 200,000 maximum",
        213_462,
        200_000,
    );
    both(
        "The input token count (1100000) exceeds the maximum number of tokens allowed (1048576).",
        1_100_000,
        1_048_576,
    );
    both(
        "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length",
        40_000,
        32_768,
    );
    both(
        "This model's maximum prompt length is 131072 but the request contains 150000 tokens.",
        150_000,
        131_072,
    );
    both(
        "Requested tokens (5120) exceed context window of 4096",
        5120,
        4096,
    );
    // LiteLLM, with digits in names
    both(
        "litellm.ContextWindowExceededError: gpt-3.5-turbo-16k-0613: This model's maximum context length is 16385 tokens. However, your messages resulted in 20000 tokens.",
        20_000,
        16_385,
    );
    check("context_length_exceeded: zu lang", None, None);
    check("the context window of 4096 is used up", None, Some(4096));
}

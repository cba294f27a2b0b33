//! Tells a model's thoughts from its answer by the marks within the content: which marks there are.
//! [`super::thoughts`] parses them.
//!
//! A server with a parser for its model sends thoughts in a field of their own. Without one, or with
//! the wrong one, the model's own marks arrive in the content.

use At::{Anywhere, Begin, First, Line};

/// A pair of marks around thoughts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// Opening mark.
    pub open: &'static str,
    /// Closing mark.
    pub close: &'static str,
    /// Place where the opening mark counts.
    pub at: At,
    /// True if the closing mark counts without an opening one: some templates write that themselves.
    pub closes_alone: bool,
}

/// A place where a mark counts; elsewhere it is text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    /// Only at the beginning of the content: it is plain words.
    Begin,
    /// At the beginning, or after other thoughts: answers in XML have such tags, too.
    First,
    /// There, and at the very start of a line.
    Line,
    /// Anywhere outside of code: a special token, which no sentence has.
    Anywhere,
}

const fn mark(open: &'static str, close: &'static str, at: At) -> Mark {
    Mark {
        open,
        close,
        at,
        closes_alone: !matches!(at, Begin),
    }
}

/// All pairs. Each names models, and a source in which the pair stands.
pub(super) const MARKS: [Mark; 27] = [
    // DeepSeek, Qwen3, GLM, MiniMax M2, Nemotron, Kimi K2, Hunyuan A13B, Olmo 3 and most others, whose
    // templates often open it: vLLM, `vllm/reasoning/`.
    mark("<think>", "</think>", Line),
    // Hunyuan 3: vLLM, `hy_v4_reasoning_parser.py`, has marks with a suffix.
    mark("<think:opensource>", "</think:opensource>", Line),
    // Reflection 70B: mattshumer/ref_70_e3, model card.
    mark("<thinking>", "</thinking>", Line),
    // EXAONE Deep, whose template opens it: LGAI-EXAONE/EXAONE-Deep-32B-AWQ, model card.
    mark("<thought>", "</thought>", First),
    // gpt-oss on Bedrock: vercel/ai#14720. Reka Flash 3.
    mark("<reasoning>", "</reasoning>", First),
    // Open WebUI, `backend/open_webui/utils/middleware.py`.
    mark("<reason>", "</reason>", First),
    // Claude, by its users' prompts: openclaw, `src/shared/text/reasoning-tags.ts`.
    mark("<antThinking>", "</antThinking>", Line),
    // Seed-OSS: vLLM, `seedoss_reasoning_parser.py`.
    mark("<seed:think>", "</seed:think>", Line),
    // MiniMax M3: vLLM, `minimax_m3_reasoning_parser.py`.
    mark("<mm:think>", "</mm:think>", Line),
    // LongCat, whose template opens it: vLLM, `longcat_reasoning_parser.py`.
    mark("<longcat_think>", "</longcat_think>", Line),
    // Magistral 2507: ggml-org/llama.cpp#16158.
    mark("[THINK]", "[/THINK]", Line),
    // openPangu: vLLM, `pangu_reasoning_parser.py`.
    mark("[unused16]", "[unused17]", First),
    // Kimi-VL Thinking, Kimi-Dev: MoonshotAI/Kimi-Dev#6.
    mark("◁think▷", "◁/think▷", Anywhere),
    // Kimi K3, whose template opens it: llama.cpp, `models/templates/Kimi-K3.jinja`.
    mark("<|open|>think<|sep|>", "<|close|>think<|sep|>", Anywhere),
    // Gemma 4: vLLM, `gemma4_reasoning_parser.py`.
    mark("<|channel>thought", "<channel|>", Anywhere),
    // Cohere's Command: cohere-ai/melody, `gobindings/README.md`.
    mark("<|START_THINKING|>", "<|END_THINKING|>", Anywhere),
    // Apertus: vLLM, `apertus_reasoning_parser.py`.
    mark("<|inner_prefix|>", "<|inner_suffix|>", Anywhere),
    // Sky-T1: shakedzy/Sky-T1-32B-Steps.
    mark("<|begin_of_thought|>", "<|end_of_thought|>", Anywhere),
    // Solar Open 2, whose template opens it: vLLM, `solar_open2_reasoning_parser.py`.
    mark("<|think:start|>", "<|think:end|>", Anywhere),
    // Solar Open: UpstageAI/vllm, `solar_open_reasoning_parser.py`. Other models end all messages so.
    Mark {
        open: "<|think|>",
        close: "<|end|>",
        at: Anywhere,
        closes_alone: false,
    },
    // Granite 3.2: vLLM, `granite_reasoning_parser.py`.
    mark("Here is my thought process:", "Here is my response:", Begin),
    mark("Here's my thought process:", "Here's my response:", Begin),
    // Apriel: llama.cpp, `models/templates/Apriel-1.6-15b-Thinker-fixed.jinja`, which opens it.
    mark("Here are my reasoning steps:", FINAL, Begin),
    Mark {
        open: NONE,
        close: FINAL,
        at: Anywhere,
        closes_alone: true,
    },
    // gpt-oss behind a server that drops special tokens: oobabooga/textgen#7374.
    mark("analysis", "assistantfinal", Begin),
    // The same where the stream lacks its first token.
    mark("analysis<|message|>", "<|end|>", Begin),
    // PLaMo 3: vLLM, `plamo3_reasoning_parser.py`.
    mark(
        "<|plamo:begin_think:plamo|>",
        "<|plamo:end_think:plamo|>",
        Anywhere,
    ),
];

/// An opening mark that no text has.
const NONE: &str = "\u{FFFF}";

const FINAL: &str = "[BEGIN FINAL RESPONSE]";

/// Marks around an answer after thoughts, as pairs. They are dropped.
pub(super) const FRAMES: [(&str, &str); 10] = [
    // Hunyuan A13B, ERNIE 4.5, Granite 3.3, Reflection 70B.
    ("<answer>", "</answer>"),
    ("<response>", "</response>"),
    ("<output>", "</output>"),
    // Cohere's Command.
    ("<|START_RESPONSE|>", "<|END_RESPONSE|>"),
    ("<|START_TEXT|>", "<|END_TEXT|>"),
    // Sky-T1.
    ("<|begin_of_solution|>", "<|end_of_solution|>"),
    // GLM 4.5V.
    ("<|begin_of_box|>", "<|end_of_box|>"),
    // Kimi K3.
    ("<|open|>response<|sep|>", "<|close|>response<|sep|>"),
    // Solar Open.
    ("<|begin|>assistant<|content|>", "<|end|>"),
    // Apriel, whose opening mark also closes the thoughts.
    (FINAL, "[END FINAL RESPONSE]"),
];

/// Tokens of gpt-oss's harmony format, in which each message names its channel: `analysis` and
/// `commentary` to a tool are no answer, `final` is. Source: openai/harmony, `docs/format.md`.
pub(super) mod harmony {
    /// Begins a message's header.
    pub const BEGINS: [&str; 2] = ["<|channel|>", "<|start|>"];
    /// Ends the header.
    pub const MESSAGE: &str = "<|message|>";
    /// End a message, or an answer.
    pub const ENDS: [&str; 3] = ["<|end|>", "<|return|>", "<|call|>"];
}

//! Token usage of an answer.

/// Counts and timings reported by an endpoint. Source: OpenAI's API reference, «usage»; llama.cpp's
/// server, «timings». A count is at least 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Tokens of the conversation that was sent.
    pub input: Option<u32>,
    /// Tokens of the answer, including reasoning.
    pub output: Option<u32>,
    /// Tokens of the conversation that the endpoint had from an earlier request.
    pub cached: Option<u32>,
    /// Tokens of the reasoning, which are part of the answer's.
    pub reasoning: Option<u32>,
    /// Tokens per 1000 seconds of the answer.
    pub speed: Option<u32>,
}

impl Usage {
    /// Overwrites earlier values with later ones.
    pub fn learn(&mut self, later: Self) {
        self.input = later.input.or(self.input);
        self.output = later.output.or(self.output);
        self.cached = later.cached.or(self.cached);
        self.reasoning = later.reasoning.or(self.reasoning);
        self.speed = later.speed.or(self.speed);
    }
}

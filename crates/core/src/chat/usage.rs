//! What was counted of an answer.

/// What an endpoint counted and measured. Source: OpenAI's API reference, «usage»; llama.cpp's
/// server, «timings».
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Tokens of the conversation that was sent.
    pub input: Option<u32>,
    /// Tokens of the answer, thoughts included.
    pub output: Option<u32>,
    /// Tokens a thousand seconds while it answered.
    pub speed: Option<u32>,
}

impl Usage {
    /// Takes what is said later in place of what was said before.
    pub fn learn(&mut self, later: Self) {
        self.input = later.input.or(self.input);
        self.output = later.output.or(self.output);
        self.speed = later.speed.or(self.speed);
    }
}

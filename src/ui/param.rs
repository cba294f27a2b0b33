//! The names of parameters.

use crate::chat::params::Param;

/// The name of a parameter, in every language: the one that its users know.
pub const fn name(param: Param) -> &'static str {
    match param {
        Param::MaxTokens => "Max Tokens",
        Param::Temperature => "Temperature",
        Param::TopP => "Top P",
        Param::TopK => "Top K",
        Param::FrequencyPenalty => "Frequency Penalty",
        Param::PresencePenalty => "Presence Penalty",
        Param::MinP => "Min P",
        Param::RepetitionPenalty => "Repetition Penalty",
        Param::Seed => "Seed",
        Param::Stop => "Stop",
        Param::ReasoningEffort => "Reasoning effort",
        Param::ResponseFormat => "Response format",
        Param::Json => "JSON",
    }
}

//! Request parameters of a card, sent or left to the endpoint's defaults.
//!
//! Source of names and ranges: OpenAI's API reference, «Create chat completion»; `top_k`, `min_p`
//! and `repetition_penalty` as vLLM names them.

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, Visitor},
};
use serde_json::{Map, Number, Value, json};

/// A parameter that the user can set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "variant names are the names in requests")]
pub enum Param {
    MaxTokens,
    Temperature,
    TopP,
    TopK,
    FrequencyPenalty,
    PresencePenalty,
    MinP,
    RepetitionPenalty,
    Seed,
    Stop,
    ReasoningEffort,
    ResponseFormat,
    /// Any other fields, as a JSON object.
    Json,
}

/// Type and range of a parameter's value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// A number within a range, both ends included.
    Number {
        /// Minimum.
        min: f64,
        /// Maximum.
        max: f64,
        /// Distance between adjacent numbers; 1 allows whole numbers only.
        step: f64,
    },
    /// One of these words.
    Choice(&'static [&'static str]),
    /// One text per line.
    Lines,
    /// A JSON object.
    Json,
}

impl Param {
    /// All parameters in the order shown.
    pub const ALL: [Self; 13] = [
        Self::MaxTokens,
        Self::Temperature,
        Self::TopP,
        Self::TopK,
        Self::FrequencyPenalty,
        Self::PresencePenalty,
        Self::MinP,
        Self::RepetitionPenalty,
        Self::Seed,
        Self::Stop,
        Self::ReasoningEffort,
        Self::ResponseFormat,
        Self::Json,
    ];

    /// Returns the name of the field in the request. [`Param::Json`] has none.
    pub const fn wire(self) -> &'static str {
        match self {
            Self::MaxTokens => "max_tokens",
            Self::Temperature => "temperature",
            Self::TopP => "top_p",
            Self::TopK => "top_k",
            Self::FrequencyPenalty => "frequency_penalty",
            Self::PresencePenalty => "presence_penalty",
            Self::MinP => "min_p",
            Self::RepetitionPenalty => "repetition_penalty",
            Self::Seed => "seed",
            Self::Stop => "stop",
            Self::ReasoningEffort => "reasoning_effort",
            Self::ResponseFormat => "response_format",
            Self::Json => "json",
        }
    }

    /// Returns the type and range of the value.
    pub const fn kind(self) -> Kind {
        const fn number(min: f64, max: f64, step: f64) -> Kind {
            Kind::Number { min, max, step }
        }
        match self {
            Self::MaxTokens => number(1.0, 131_072.0, 1.0),
            Self::Temperature | Self::RepetitionPenalty => number(0.0, 2.0, 0.01),
            Self::TopP | Self::MinP => number(0.0, 1.0, 0.01),
            Self::TopK => number(1.0, 500.0, 1.0),
            Self::FrequencyPenalty | Self::PresencePenalty => number(-2.0, 2.0, 0.01),
            Self::Seed => number(0.0, 2_147_483_647.0, 1.0),
            Self::Stop => Kind::Lines,
            Self::ReasoningEffort => {
                Kind::Choice(&["none", "minimal", "low", "medium", "high", "xhigh"])
            }
            Self::ResponseFormat => Kind::Choice(&["text", "json_object"]),
            Self::Json => Kind::Json,
        }
    }

    /// Returns the default setting.
    pub fn start(self) -> Setting {
        let on = |value: f64| (true, number(value));
        let off = |value: f64| (false, number(value));
        let text = |text: &str| (false, text.into());
        let (is_on, value) = match self {
            Self::MaxTokens => on(4096.0),
            Self::Temperature => on(0.7),
            Self::TopP => on(1.0),
            Self::TopK => on(40.0),
            Self::FrequencyPenalty | Self::PresencePenalty => on(0.0),
            Self::MinP => off(0.05),
            Self::RepetitionPenalty => off(1.0),
            Self::Seed => off(0.0),
            Self::Stop => text(""),
            Self::ReasoningEffort => text("medium"),
            Self::ResponseFormat => text("text"),
            Self::Json => text("{}"),
        };
        Setting { is_on, value }
    }
}

/// Returns a JSON number, written without a zero fraction: some endpoints refuse 40.0 as a count.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a whole number below 9e15 fits in an i64"
)]
pub fn number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < 9e15 {
        (value as i64).into()
    } else {
        Number::from_f64(value).map_or(Value::Null, Value::Number)
    }
}

/// A parameter's switch and value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Setting {
    /// True if the parameter is sent while [`Params::in_use`].
    pub is_on: bool,
    /// A number, or the text as typed.
    pub value: Value,
}

/// Request parameters of a card.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Params {
    /// Master switch. While it is off, nothing is sent and the endpoint's defaults apply.
    pub in_use: bool,
    /// Settings that differ from the default, by [`Param::wire`].
    #[serde(default)]
    pub changed: Changed,
}

/// A small map sorted by key. The standard library's map is made for many entries, and would be 1 %
/// of the download.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changed(Vec<(String, Setting)>);

impl Changed {
    fn get(&self, name: &str) -> Option<&Setting> {
        let place = self.place(name).ok()?;
        Some(&self.0[place].1)
    }

    fn insert(&mut self, name: String, setting: Setting) {
        match self.place(&name) {
            Ok(place) => self.0[place].1 = setting,
            Err(place) => self.0.insert(place, (name, setting)),
        }
    }

    fn remove(&mut self, name: &str) {
        self.0.retain(|(found, _)| found != name);
    }

    fn place(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(found, _)| (**found).cmp(name))
    }
}

impl Serialize for Changed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, setting)| (name, setting)))
    }
}

impl<'de> Deserialize<'de> for Changed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;

        impl<'de> Visitor<'de> for Read {
            type Value = Changed;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Changed, A::Error> {
                let mut changed = Changed::default();
                while let Some((name, setting)) = map.next_entry()? {
                    changed.insert(name, setting);
                }
                Ok(changed)
            }
        }

        deserializer.deserialize_map(Read)
    }
}

/// The reason why the text of [`Param::Json`] can't be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadJson {
    /// The text is not a JSON object.
    #[error("not a JSON object")]
    NoObject,
    /// It sets a field that the card sets itself: the model, the messages or `stream`.
    #[error("it sets model, messages or stream")]
    Reserved,
}

impl Params {
    /// Returns a parameter's setting.
    pub fn setting(&self, param: Param) -> Setting {
        let changed = self.changed.get(param.wire());
        changed.cloned().unwrap_or_else(|| param.start())
    }

    /// Sets a parameter.
    pub fn set(&mut self, param: Param, setting: Setting) {
        if setting == param.start() {
            self.changed.remove(param.wire());
        } else {
            self.changed.insert(param.wire().to_owned(), setting);
        }
    }

    /// Returns the fields added to a request. Some endpoints require the name
    /// `max_completion_tokens` in place of `max_tokens`.
    pub fn body(&self, max_completion_tokens: bool) -> Map<String, Value> {
        let mut body = Map::new();
        for param in self.on() {
            let value = self.setting(param).value;
            let text = value.as_str().unwrap_or_default();
            let value = match param {
                Param::Json => {
                    // Last: typed fields override those above.
                    body.extend(parse(text).unwrap_or_default());
                    continue;
                }
                Param::Stop => {
                    let lines = text.lines().filter(|line| !line.is_empty());
                    let lines: Vec<_> = lines.map(|line| line.replace("\\n", "\n")).collect();
                    if lines.is_empty() {
                        continue;
                    }
                    lines.into()
                }
                Param::ResponseFormat => json!({ "type": value }),
                _ => value,
            };
            let name = match param {
                Param::MaxTokens if max_completion_tokens => "max_completion_tokens",
                _ => param.wire(),
            };
            body.insert(name.to_owned(), value);
        }
        body
    }

    /// Returns the parameter that an endpoint's refusal names, if it was sent.
    pub fn named_in(&self, refusal: &str) -> Option<Param> {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let on: Vec<_> = self.on().collect();
        let typed = self.setting(Param::Json).value;
        let fields = parse(typed.as_str().unwrap_or_default()).unwrap_or_default();
        // The first match counts: some refusals go on to list the known fields.
        refusal.split(|c| !is_part(c)).find_map(|word| {
            on.iter().copied().find(|param| match param {
                Param::Json => fields.contains_key(word),
                Param::MaxTokens => ["max_tokens", "max_completion_tokens"].contains(&word),
                _ => param.wire() == word,
            })
        })
    }

    fn on(&self) -> impl Iterator<Item = Param> {
        let all = Param::ALL.into_iter();
        all.filter(|&param| self.in_use && self.setting(param).is_on)
    }
}

/// Returns whether a refusal of `max_tokens` demands `max_completion_tokens` instead, as OpenAI's
/// does for its reasoning models.
pub fn wants_max_completion_tokens(refusal: &str) -> bool {
    refusal.contains("max_completion_tokens") && refusal.contains("instead")
}

/// Parses the text of [`Param::Json`].
///
/// # Errors
/// The reason why the text can't be sent.
pub fn parse(json: &str) -> Result<Map<String, Value>, BadJson> {
    let fields: Map<_, _> = serde_json::from_str(json).map_err(|_| BadJson::NoObject)?;
    let reserved = ["model", "messages", "stream"];
    if reserved.iter().any(|name| fields.contains_key(*name)) {
        return Err(BadJson::Reserved);
    }
    Ok(fields)
}

#[cfg(test)]
mod tests;

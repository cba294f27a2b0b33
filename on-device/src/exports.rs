//! The functions called by the worker's JavaScript: flat arguments in, small objects out. JavaScript parses
//! the JSON, so this program doesn't have to.

use std::cell::RefCell;

use on_device::{
    Error,
    detokenizer::End,
    engine::{Engine, Request, Step},
    loader::Loader,
    sampler::Sampling,
    template::Role,
};
use sha2::{Digest, Sha256};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    type Object;

    #[wasm_bindgen(constructor)]
    fn new() -> Object;

    #[wasm_bindgen(method, indexing_setter)]
    fn set(this: &Object, name: &str, value: JsValue);
}

/// Creates an object with these fields.
fn object<const N: usize>(fields: [(&str, JsValue); N]) -> JsValue {
    let object = Object::new();
    for (name, value) in fields {
        object.set(name, value);
    }
    object.into()
}

/// Converts an error for JavaScript: `{code, message}`, plus the token counts of a request that is too long.
fn thrown(error: &Error) -> JsValue {
    let (code, message) = (error.code().into(), error.to_string().into());
    let (tokens, limit) = match *error {
        Error::TooLong { tokens, limit } => (count(tokens), count(limit)),
        _ => (JsValue::UNDEFINED, JsValue::UNDEFINED),
    };
    object([
        ("code", code),
        ("message", message),
        ("tokens", tokens),
        ("most", limit),
    ])
}

#[expect(
    clippy::cast_precision_loss,
    reason = "every count is far below 2^53, up to which an f64 is exact"
)]
fn count(count: usize) -> JsValue {
    (count as f64).into()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the cast saturates for a JavaScript number outside the range"
)]
const fn whole(number: f64) -> u64 {
    number as u64
}

/// A SHA-256 hash of data that arrives in chunks.
#[wasm_bindgen]
pub struct Hash(Sha256);

#[wasm_bindgen]
impl Hash {
    /// Starts a hash of no data.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self(Sha256::new())
    }

    /// Adds the next chunk.
    pub fn push(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash in lower-case hexadecimal digits.
    pub fn finish(self) -> String {
        let digits = |byte: u8| [byte >> 4, byte & 15];
        let digits = self.0.finalize().into_iter().flat_map(digits);
        digits
            .filter_map(|digit| char::from_digit(digit.into(), 16))
            .collect()
    }
}

/// The state of this program's only model.
#[derive(Default)]
enum Slot {
    #[default]
    Empty,
    Loading(Box<Loader>),
    Loaded(Box<Engine>),
}

thread_local! {
    static SLOT: RefCell<Slot> = const { RefCell::new(Slot::Empty) };
}

/// Calls a function with the loaded model, if any.
fn with<T>(act: impl FnOnce(&mut Engine) -> T) -> Option<T> {
    SLOT.with_borrow_mut(|place| match place {
        Slot::Loaded(engine) => Some(act(engine)),
        Slot::Empty | Slot::Loading(_) => None,
    })
}

/// Drops the model and everything read for it.
#[wasm_bindgen]
pub fn leave() {
    SLOT.take();
}

/// Starts loading a model from a file of `len` bytes, after dropping the current one.
///
/// # Errors
/// See `Loader::new`.
#[wasm_bindgen]
pub fn begin(len: f64) -> Result<(), JsValue> {
    leave();
    let loader = Loader::new(whole(len)).map_err(|error| thrown(&error))?;
    SLOT.set(Slot::Loading(Box::new(loader)));
    Ok(())
}

/// Takes the next chunk of the file, of any size.
///
/// # Errors
/// See `Loader::push`; drops everything loaded so far.
#[wasm_bindgen]
pub fn push(bytes: &[u8]) -> Result<(), JsValue> {
    let pushed = SLOT.with_borrow_mut(|place| match place {
        Slot::Loading(loader) => loader.push(bytes),
        Slot::Empty | Slot::Loaded(_) => Ok(()),
    });
    pushed.map_err(|error| {
        leave();
        thrown(&error)
    })
}

/// Finishes loading once the whole file has arrived. Returns the context length in tokens.
///
/// # Errors
/// See `Loader::finish` and `Engine::new`.
#[wasm_bindgen]
pub fn finish() -> Result<f64, JsValue> {
    let engine = match SLOT.take() {
        Slot::Loading(loader) => loader.finish().and_then(Engine::new),
        Slot::Empty | Slot::Loaded(_) => Err(Error::Cut),
    };
    let engine = engine.map_err(|error| thrown(&error))?;
    let context = engine.context();
    SLOT.set(Slot::Loaded(Box::new(engine)));
    #[expect(clippy::cast_precision_loss, reason = "a context is a few thousands")]
    Ok(context as f64)
}

/// Starts an answer. `roles` has the first letter of each message's role (system, user, assistant) and
/// `texts` the messages; `sampling` has temperature, top-k, top-p, min-p and the penalties for repetition,
/// frequency and presence, with NaN for a default; a `most` of 0 tokens means no limit but the context.
/// Returns the number of tokens in the request.
///
/// # Errors
/// See `Engine::ask`.
#[wasm_bindgen]
#[expect(
    clippy::needless_pass_by_value,
    reason = "wasm-bindgen passes vectors by value"
)]
pub fn ask(
    roles: &str,
    texts: Vec<String>,
    sampling: &[f32],
    seed: f64,
    max_tokens: f64,
    stops: Vec<String>,
) -> Result<JsValue, JsValue> {
    let roles = roles.bytes().map(|role| match role {
        b's' => Role::System,
        b'a' => Role::Assistant,
        _ => Role::User,
    });
    let messages: Vec<_> = roles.zip(texts.iter().map(String::as_str)).collect();
    let number = |at: usize, usual: f32| {
        let number = sampling.get(at).copied();
        number.filter(|number| !number.is_nan()).unwrap_or(usual)
    };
    let usual = DEFAULTS;
    let request = Request {
        messages: &messages,
        sampling: Sampling {
            temperature: number(0, usual.temperature),
            top_k: at_most(whole(number(1, 0.0).into())),
            top_p: number(2, usual.top_p),
            min_p: number(3, usual.min_p),
            repetition_penalty: number(4, usual.repetition_penalty),
            frequency_penalty: number(5, usual.frequency_penalty),
            presence_penalty: number(6, usual.presence_penalty),
            seed: whole(seed),
        },
        max_tokens: Some(at_most(whole(max_tokens))).filter(|&max| max > 0),
        stops,
    };
    let asked = with(|engine| engine.ask(request));
    // The page sends no request before a model is loaded.
    let tokens = asked.unwrap_or(Err(Error::Cut));
    tokens.map(count).map_err(|error| thrown(&error))
}

fn at_most(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// The default sampling parameters, as recommended by the makers of `SmolLM2`.
/// Source: the model card of `SmolLM2-135M-Instruct`.
const DEFAULTS: Sampling = Sampling {
    temperature: 0.2,
    top_k: 0,
    top_p: 0.9,
    min_p: 0.0,
    repetition_penalty: 1.0,
    frequency_penalty: 0.0,
    presence_penalty: 0.0,
    seed: 0,
};

/// Continues the answer. Returns `{read, of}` for a part of the request, `{text}` for a part of the answer,
/// and at its end `{text, end, prompt, cached, answered}`, where `end` is OpenAI's finish reason and the rest
/// are token counts.
#[wasm_bindgen]
pub fn step() -> JsValue {
    match with(Engine::step).flatten() {
        None => JsValue::UNDEFINED,
        Some(Step::Reading { read, of }) => object([("read", count(read)), ("of", count(of))]),
        Some(Step::Text(text)) => object([("text", text.into())]),
        Some(Step::Ended { end, text, counts }) => {
            let end = match end {
                End::Stop => "stop",
                End::Length => "length",
            };
            object([
                ("text", text.into()),
                ("end", end.into()),
                ("prompt", count(counts.prompt)),
                ("cached", count(counts.cached)),
                ("answered", count(counts.answered)),
            ])
        }
    }
}

/// Stops the answer in progress.
#[wasm_bindgen]
pub fn stop() {
    with(Engine::stop);
}

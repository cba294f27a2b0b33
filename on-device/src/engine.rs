//! Runs one request at a time in short, interruptible steps, and keeps the KV caches of earlier conversations
//! so that their tokens aren't read again.

use crate::{
    Error,
    detokenizer::{Detokenizer, End},
    kv_cache::KvCache,
    loader::Loaded,
    model::Model,
    sampler::{Sampler, Sampling},
    template::{Role, Template},
    tokenizer::Tokenizer,
};

/// Maximum size of the kept KV caches of all conversations together, in bytes.
const MAX_KEPT: usize = 256 << 20;

/// Position from which fewer tokens are read per step, because attention gets slow: a step should take less
/// than 100 ms.
const FAR: usize = 2560;

/// A request.
pub struct Request<'a> {
    /// The conversation so far. If the last message is the assistant's, the answer continues it.
    pub messages: &'a [(Role, &'a str)],
    /// The sampling parameters.
    pub sampling: Sampling,
    /// Maximum number of tokens in the answer; `None` means the rest of the context.
    pub max_tokens: Option<usize>,
    /// Strings that end the answer and aren't part of it.
    pub stops: Vec<String>,
}

/// The token counts of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Tokens in the request.
    pub prompt: usize,
    /// Tokens of the request that came from the cache of an earlier answer.
    pub cached: usize,
    /// Tokens in the answer.
    pub answered: usize,
}

/// The result of one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A part of the request was read.
    Reading {
        /// Number of request tokens read so far, including the cached ones.
        read: usize,
        /// Number of tokens in the request.
        of: usize,
    },
    /// The next text of the answer; it can be empty.
    Text(String),
    /// The answer is complete.
    Ended {
        /// The reason for the end.
        end: End,
        /// The last text of the answer.
        text: String,
        /// The token counts of the request and the answer.
        counts: Counts,
    },
}

/// A loaded model with its tokenizer, template and kept conversations.
pub struct Engine {
    model: Model,
    tokenizer: Tokenizer,
    template: Template,
    /// Earlier conversations, the most recently used last.
    kept: Vec<Conversation>,
    answering: Option<Answering>,
}

/// The tokens and the KV cache of a conversation.
struct Conversation {
    /// The tokens in the cache, followed by those still to be read.
    tokens: Vec<u32>,
    cache: KvCache,
}

struct Answering {
    conversation: Conversation,
    prompt: usize,
    cached: usize,
    /// The logits after the last token, once it has been read.
    logits: Vec<f32>,
    sampler: Sampler,
    detokenizer: Detokenizer,
}

impl Engine {
    /// Creates an engine for a loaded model.
    ///
    /// # Errors
    /// If the vocabulary or the chat template can't be used.
    pub fn new(loaded: Loaded) -> Result<Self, Error> {
        let Loaded {
            vocabulary, model, ..
        } = loaded;
        let template = Template::of(vocabulary.chat_template.as_deref())?;
        Ok(Self {
            model,
            tokenizer: Tokenizer::new(vocabulary)?,
            template,
            kept: Vec::new(),
            answering: None,
        })
    }

    /// Maximum number of tokens in a conversation, including the answer.
    pub fn context(&self) -> usize {
        self.model.context()
    }

    /// Total size of the kept KV caches, in bytes.
    fn cached(&self) -> usize {
        self.kept.iter().map(|kept| kept.cache.bytes()).sum()
    }

    /// Starts an answer, which [`Self::step`] continues, and stops the one in progress. Returns the number of
    /// tokens in the request.
    ///
    /// # Errors
    /// If the request is longer than the context or can't be written in the model's template.
    pub fn ask(&mut self, request: Request) -> Result<usize, Error> {
        self.stop();
        let prompt = self.template.tokens(&self.tokenizer, request.messages)?;
        if prompt.is_empty() {
            return Err(Error::Damaged("no token for any of these words".to_owned()));
        }
        let (tokens, limit) = (prompt.len(), self.context());
        if tokens >= limit {
            return Err(Error::TooLong { tokens, limit });
        }
        let room = limit - tokens;
        let max_tokens = request.max_tokens.map_or(room, |max| max.min(room));
        let conversation = self.take(prompt);
        self.answering = Some(Answering {
            prompt: tokens,
            cached: conversation.cache.len(),
            conversation,
            logits: Vec::new(),
            sampler: Sampler::new(request.sampling),
            detokenizer: Detokenizer::new(request.stops, max_tokens),
        });
        Ok(tokens)
    }

    /// Continues the answer: reads at most [`Model::CHUNK`] tokens or generates one. Returns `None` if no
    /// answer is in progress.
    pub fn step(&mut self) -> Option<Step> {
        let answering = self.answering.as_mut()?;
        let Conversation { tokens, cache } = &mut answering.conversation;
        let unread = &tokens[cache.len()..];
        if !unread.is_empty() {
            let max_chunk = if cache.len() < FAR {
                Model::CHUNK
            } else {
                Model::CHUNK / 2
            };
            let chunk = &unread[..unread.len().min(max_chunk)];
            let is_last = chunk.len() == unread.len();
            let logits = is_last.then_some(&mut answering.logits);
            self.model.read(chunk, cache, logits);
            if tokens.len() == answering.prompt {
                return Some(Step::Reading {
                    read: cache.len(),
                    of: answering.prompt,
                });
            }
        }
        let token = answering.sampler.pick(&mut answering.logits, tokens);
        let end = if self.tokenizer.ends(token) {
            (answering.detokenizer.finish(), Some(End::Stop))
        } else {
            tokens.push(token);
            answering.detokenizer.push(self.tokenizer.bytes(token))
        };
        Some(match end {
            (text, None) => Step::Text(text),
            (text, Some(end)) => {
                let counts = Counts {
                    prompt: answering.prompt,
                    cached: answering.cached,
                    answered: tokens.len() - answering.prompt,
                };
                self.stop();
                Step::Ended { end, text, counts }
            }
        })
    }

    /// Stops the answer in progress, if any, and keeps what was read and generated.
    pub fn stop(&mut self) {
        if let Some(Answering { conversation, .. }) = self.answering.take() {
            self.kept.push(conversation);
            self.make_room();
        }
    }

    /// Finds the conversation that the request continues, so that only its new tokens are read. If another
    /// one shares only a prefix, such as the same system prompt, that prefix is copied: no conversation loses
    /// tokens that it would have to read again.
    fn take(&mut self, prompt: Vec<u32>) -> Conversation {
        // The last token is always read, because its logits are needed.
        let max_shared = prompt.len() - 1;
        let shared = |kept: &Conversation| {
            let read = &kept.tokens[..kept.cache.len()];
            let pairs = read.iter().zip(&prompt[..max_shared]);
            pairs.take_while(|(one, other)| one == other).count()
        };
        let found = self.kept.iter().map(shared).enumerate();
        let found = found.max_by_key(|&(_, shared)| shared);
        let cache = match found.filter(|&(_, shared)| shared > 0) {
            // The discarded rest is small enough to be read again in one step.
            Some((at, shared)) if self.kept[at].cache.len() - shared <= Model::CHUNK => {
                let mut cache = self.kept.remove(at).cache;
                cache.truncate(shared);
                cache
            }
            Some((at, shared)) => self.kept[at].cache.beginning(shared),
            None => self.model.cache(),
        };
        Conversation {
            tokens: prompt,
            cache,
        }
    }

    /// Drops the least recently used conversations first.
    fn make_room(&mut self) {
        while self.cached() > MAX_KEPT {
            self.kept.remove(0);
        }
    }
}

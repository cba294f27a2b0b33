//! What stands between a model and whoever asks it: one answer at a time, in steps that are short enough
//! to be stopped in between, and what was read of earlier conversations, which is not read again.

use crate::{
    Error,
    detokenizer::{Answer, End},
    kv_cache::KvCache,
    loader::Loaded,
    model::Model,
    sampler::{Sampler, Sampling},
    template::{Role, Template},
    tokenizer::Tokenizer,
};

/// So many bytes of what was read are kept, for all conversations together.
const MOST_KEPT: usize = 256 << 20;

/// From so many tokens on, attention takes so long that fewer are read in one step: a step is to take less
/// than 100 ms.
const FAR: usize = 2560;

/// A request.
pub struct Asked<'a> {
    /// The conversation so far. Where the last message is the assistant's, it is continued.
    pub messages: &'a [(Role, &'a str)],
    /// How tokens are chosen.
    pub sampling: Sampling,
    /// The most tokens of the answer; without it, what the context leaves.
    pub most: Option<usize>,
    /// What ends the answer, and is no part of it.
    pub stops: Vec<String>,
}

/// How much was read and written, in tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Of the request.
    pub prompt: usize,
    /// Of these, those that were read for an earlier answer.
    pub cached: usize,
    /// Of the answer.
    pub answered: usize,
}

/// What came of one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A part of the request was read.
    Reading {
        /// The tokens that are read so far, with those that are cached.
        read: usize,
        /// The tokens of the request.
        of: usize,
    },
    /// The answer goes on: its next letters, which can be none yet.
    Text(String),
    /// The answer is whole.
    Ended {
        /// Why.
        end: End,
        /// Its last letters.
        text: String,
        /// How long it all was.
        counts: Counts,
    },
}

/// A model, with what it needs to answer.
pub struct Engine {
    model: Model,
    tokenizer: Tokenizer,
    template: Template,
    /// The one that was used last is the last.
    kept: Vec<Conversation>,
    answering: Option<Answering>,
}

/// What was read and written of a conversation.
struct Conversation {
    /// As many as are in the cache, and those that are to be read.
    tokens: Vec<u32>,
    cache: KvCache,
}

struct Answering {
    conversation: Conversation,
    prompt: usize,
    cached: usize,
    /// What comes behind the last token, once that is read.
    logits: Vec<f32>,
    sampler: Sampler,
    answer: Answer,
}

impl Engine {
    /// Takes a model that was loaded.
    ///
    /// # Errors
    /// Where its words or its template can't be used.
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

    /// The most tokens of a conversation, with the answer.
    pub fn context(&self) -> usize {
        self.model.context()
    }

    /// The bytes of what was read of earlier conversations.
    fn cached(&self) -> usize {
        self.kept.iter().map(|kept| kept.cache.bytes()).sum()
    }

    /// Begins an answer, which [`Self::step`] goes on with; one that was under way ends. Gives the tokens of
    /// the request.
    ///
    /// # Errors
    /// Where the request is longer than the context, or can't be written in the model's template.
    pub fn ask(&mut self, asked: Asked) -> Result<usize, Error> {
        self.stop();
        let prompt = self.template.tokens(&self.tokenizer, asked.messages)?;
        if prompt.is_empty() {
            return Err(Error::Damaged("no token for any of these words".to_owned()));
        }
        let (tokens, most) = (prompt.len(), self.context());
        if tokens >= most {
            return Err(Error::TooLong { tokens, most });
        }
        let room = most - tokens;
        let most = asked.most.map_or(room, |most| most.min(room));
        let conversation = self.take(prompt);
        self.answering = Some(Answering {
            prompt: tokens,
            cached: conversation.cache.len(),
            conversation,
            logits: Vec::new(),
            sampler: Sampler::new(asked.sampling),
            answer: Answer::new(asked.stops, most),
        });
        Ok(tokens)
    }

    /// Goes on with the answer: reads at most [`Model::CHUNK`] tokens, or writes one. Nothing where no answer
    /// is under way.
    pub fn step(&mut self) -> Option<Step> {
        let answering = self.answering.as_mut()?;
        let Conversation { tokens, cache } = &mut answering.conversation;
        let unread = &tokens[cache.len()..];
        if !unread.is_empty() {
            let most = if cache.len() < FAR {
                Model::CHUNK
            } else {
                Model::CHUNK / 2
            };
            let chunk = &unread[..unread.len().min(most)];
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
            (answering.answer.finish(), Some(End::Stop))
        } else {
            tokens.push(token);
            answering.answer.push(self.tokenizer.bytes(token))
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

    /// Ends the answer that is under way, if there is one. What was read and written of it is kept.
    pub fn stop(&mut self) {
        if let Some(Answering { conversation, .. }) = self.answering.take() {
            self.kept.push(conversation);
            self.make_room();
        }
    }

    /// Finds the conversation that the request goes on with, so that only what is new of it is read. Where
    /// another begins in the same way, as with the same system prompt, that beginning is copied: one
    /// conversation takes nothing from another that it would have to read again.
    fn take(&mut self, prompt: Vec<u32>) -> Conversation {
        // What comes behind the last token is computed with it, so that is always read.
        let most = prompt.len() - 1;
        let shared = |kept: &Conversation| {
            let read = &kept.tokens[..kept.cache.len()];
            let pairs = read.iter().zip(&prompt[..most]);
            pairs.take_while(|(one, other)| one == other).count()
        };
        let found = self.kept.iter().map(shared).enumerate();
        let found = found.max_by_key(|&(_, shared)| shared);
        let cache = match found.filter(|&(_, shared)| shared > 0) {
            // What is lost of it is read again at once.
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

    /// Those that were not used for the longest go first.
    fn make_room(&mut self) {
        while self.cached() > MOST_KEPT {
            self.kept.remove(0);
        }
    }
}

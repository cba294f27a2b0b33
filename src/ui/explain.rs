//! Failure messages in the user's language: the cause and the remedy. The endpoint's own message is kept.

use leptos::{prelude::*, task::spawn_local};
use wasm_split_helpers::wasm_split;

use crate::{
    chat::attachment::Unread,
    chunk::{self, Chunk, Missing},
    endpoint::Invalid,
    file,
    i18n::{I18n, t_string, use_i18n},
    library::Unlisted,
    openai::{Failure, Reason, Timeout},
    storage,
};

/// Functions that explain failures.
#[derive(Clone, Copy)]
struct Explain {
    /// For an endpoint without an answer or a list of models.
    unlisted: fn(I18n, &Unlisted) -> String,
    /// For a model that can't be loaded, or can't run, in this browser.
    device: fn(I18n, &str) -> &'static str,
}

thread_local! {
    static EXPLAIN: Chunk<Explain> = const { Chunk::new(|| Box::pin(entry())) };
}

#[wasm_split(actions, fallible)]
fn entry() -> Result<Explain, Missing> {
    Ok(Explain {
        unlisted: explain_unlisted,
        device: explain_device,
    })
}

/// The error messages for endpoints, which are in a chunk.
#[derive(Clone, Copy)]
pub struct Words {
    i18n: I18n,
    /// True if they failed to load.
    are_missing: RwSignal<bool>,
}

impl Words {
    /// Provides the messages to the views below.
    pub fn provide() {
        provide_context(Self {
            i18n: use_i18n(),
            are_missing: RwSignal::new(false),
        });
    }

    /// Fetches the messages, unless they are loaded or loading.
    pub fn fetch(self) {
        spawn_local(async move {
            let are_missing = chunk::load(&EXPLAIN).await.is_err();
            // A change re-renders the views that read it.
            if self.are_missing.get_untracked() != are_missing {
                self.are_missing.set(are_missing);
            }
        });
    }

    /// Explains why an endpoint gave no answer or no list, in the user's language; empty until the messages
    /// load. If they can't be loaded, it says so with the short reason, which is never lost.
    pub fn explain(self, error: &Unlisted) -> String {
        let short = || error.to_string();
        self.say(|explain, i18n| (explain.unlisted)(i18n, error), short)
    }

    /// Explains in the same way why a model can't be loaded, or can't run, in this browser.
    pub fn explain_device(self, code: &str) -> String {
        self.say(
            |explain, i18n| (explain.device)(i18n, code).to_owned(),
            || code.to_owned(),
        )
    }

    fn say(
        self,
        say: impl FnOnce(Explain, I18n) -> String,
        short: impl FnOnce() -> String,
    ) -> String {
        chunk::follow();
        if let Some(explain) = chunk::get(&EXPLAIN) {
            return say(explain, self.i18n);
        }
        // Never while a view renders.
        request_animation_frame(move || self.fetch());
        if self.are_missing.get() {
            format!("{} ({})", t_string!(self.i18n, part_missing), short())
        } else {
            String::new()
        }
    }
}

/// Explains why an endpoint gave no answer, or no list of models.
pub fn explain(i18n: I18n, error: &Failure) -> String {
    let what = match error {
        Failure::Unreachable => t_string!(i18n, unreachable).to_owned(),
        Failure::Refused { status, .. } => explain_reason(i18n, error, Some(*status)),
        Failure::Reported { status, .. } => explain_reason(i18n, error, *status),
        Failure::Garbled { .. } => t_string!(i18n, garbled).to_owned(),
        Failure::Empty => t_string!(i18n, empty_answer).to_owned(),
        Failure::CutOff => t_string!(i18n, cut_off).to_owned(),
        Failure::TimedOut { wait, seconds } => {
            let seconds = *seconds;
            match wait {
                Timeout::Response => t_string!(i18n, timed_out_response, seconds).to_string(),
                Timeout::FirstToken => t_string!(i18n, timed_out_first, seconds).to_string(),
                Timeout::Idle => t_string!(i18n, timed_out_more, seconds).to_string(),
            }
        }
        Failure::Redirected => t_string!(i18n, redirected).to_owned(),
        Failure::TooMuch => t_string!(i18n, too_much).to_owned(),
        Failure::Locked => t_string!(i18n, vault_locked).to_owned(),
        Failure::Gone { name } => {
            t_string!(i18n, content_gone_of, name = name.as_str()).to_string()
        }
    };
    let what = match error {
        Failure::Refused {
            retry_after: Some(seconds @ 1..),
            ..
        } => {
            let seconds = *seconds;
            let until = t_string!(i18n, refused_until, seconds).to_string();
            format!("{what} {until}")
        }
        _ => what,
    };
    let words = match error {
        Failure::Refused { message, .. } | Failure::Reported { message, .. }
            if !message.is_empty() =>
        {
            t_string!(i18n, server_said, words = message.as_str()).to_string()
        }
        Failure::Garbled { excerpt } => {
            t_string!(i18n, what_came, words = excerpt.as_str()).to_string()
        }
        _ => return what,
    };
    format!("{what} {words}")
}

/// Explains an endpoint's refusal or reported error, with the status that it named.
fn explain_reason(i18n: I18n, error: &Failure, status: Option<u16>) -> String {
    let reason = Reason::of(error).unwrap_or(Reason::Other);
    let words = match &reason {
        Reason::TooLong {
            asked: Some(asked),
            limit: Some(limit),
        } => {
            let (asked, limit) = (grouped(*asked), grouped(*limit));
            return t_string!(i18n, refused_too_long, asked = asked, limit = limit).to_string();
        }
        Reason::Parameter(name) => {
            return t_string!(i18n, refused_param, name = name.as_str()).to_string();
        }
        Reason::TooLong { .. } => t_string!(i18n, refused_longer),
        Reason::Loading => t_string!(i18n, refused_loading),
        Reason::Quota => t_string!(i18n, refused_quota),
        Reason::TooLarge => t_string!(i18n, refused_large),
        Reason::MediaType => t_string!(i18n, refused_media),
        Reason::Filtered => t_string!(i18n, refused_filtered),
        Reason::Pictures => t_string!(i18n, refused_pictures),
        Reason::Weights => t_string!(i18n, refused_weights),
        Reason::Memory => t_string!(i18n, refused_memory),
        Reason::Device(code) => explain_device(i18n, code),
        _ => "",
    };
    let Some(status) = status.filter(|_| words.is_empty()) else {
        return if words.is_empty() {
            t_string!(i18n, reported).to_owned()
        } else {
            words.to_owned()
        };
    };
    match reason {
        Reason::Token => t_string!(i18n, refused_auth, status).to_string(),
        Reason::Forbidden => t_string!(i18n, refused_forbidden, status).to_string(),
        Reason::Path => t_string!(i18n, refused_url, status).to_string(),
        Reason::Model => t_string!(i18n, refused_model, status).to_string(),
        Reason::PathOrModel => t_string!(i18n, refused_path, status).to_string(),
        Reason::Busy => t_string!(i18n, refused_busy, status).to_string(),
        Reason::Timeout => t_string!(i18n, refused_late, status).to_string(),
        Reason::Server => t_string!(i18n, refused_server, status).to_string(),
        _ => t_string!(i18n, refused, status).to_string(),
    }
}

/// Explains why a model can't be loaded, or can't run, in this browser, by its code in `on-device/page/`.
fn explain_device(i18n: I18n, code: &str) -> &'static str {
    match code {
        "no_source" => t_string!(i18n, device_no_source),
        "unreachable" | "offline" => t_string!(i18n, device_unreachable),
        "cut" => t_string!(i18n, device_cut),
        "checksum" => t_string!(i18n, device_checksum),
        "full" => t_string!(i18n, device_full),
        "damaged" => t_string!(i18n, device_damaged),
        "not_gguf" => t_string!(i18n, device_not_gguf),
        "unsupported" => t_string!(i18n, device_unsupported),
        "too_large" | "out_of_memory" => t_string!(i18n, device_too_large),
        "no_simd" => t_string!(i18n, device_no_simd),
        "no_storage" => t_string!(i18n, device_no_storage),
        "no_program" => t_string!(i18n, device_no_program),
        _ => t_string!(i18n, device_failed),
    }
}

/// Formats a count with thousands separators, as both languages do.
fn grouped(count: u32) -> String {
    let digits = count.to_string();
    let first = (digits.len() - 1) % 3 + 1;
    let mut grouped = digits[..first].to_owned();
    let rest = &digits[first..];
    for at in (0..rest.len()).step_by(3) {
        grouped.push(',');
        grouped.push_str(&rest[at..at + 3]);
    }
    grouped
}

/// Explains why an endpoint gave no list of models.
pub fn explain_unlisted(i18n: I18n, unlisted: &Unlisted) -> String {
    match unlisted {
        Unlisted::Failed(error) => explain(i18n, error),
        Unlisted::Elsewhere(base_url) => {
            t_string!(i18n, found_elsewhere, url = base_url.as_str()).to_string()
        }
    }
}

/// Explains an invalid base URL or token.
pub fn explain_invalid(i18n: I18n, invalid: Invalid) -> &'static str {
    match invalid {
        Invalid::EmptyUrl => t_string!(i18n, invalid_empty_url),
        Invalid::Scheme => t_string!(i18n, invalid_scheme),
        Invalid::Url => t_string!(i18n, invalid_url),
        Invalid::Credentials => t_string!(i18n, invalid_credentials),
        Invalid::Query => t_string!(i18n, invalid_query),
        Invalid::Taken => t_string!(i18n, invalid_taken),
        Invalid::Token => t_string!(i18n, invalid_token),
        Invalid::Locked => t_string!(i18n, invalid_locked),
    }
}

/// Explains why a file can't be attached.
pub fn explain_file(i18n: I18n, error: file::Error) -> &'static str {
    match error {
        file::Error::TooBig => t_string!(i18n, file_too_big),
        file::Error::TooMany => t_string!(i18n, file_too_many),
        file::Error::Empty => t_string!(i18n, file_empty),
        file::Error::Binary => t_string!(i18n, file_binary),
        file::Error::Picture => t_string!(i18n, file_picture),
        file::Error::Pdf => t_string!(i18n, file_pdf),
        file::Error::Locked => t_string!(i18n, file_locked),
        file::Error::NoText => t_string!(i18n, file_no_text),
        file::Error::Unmapped => t_string!(i18n, file_unmapped),
        file::Error::Document => t_string!(i18n, file_document),
        file::Error::OldDocument => t_string!(i18n, file_old_document),
        file::Error::Heic => t_string!(i18n, file_heic),
        file::Error::MorePages => t_string!(i18n, file_more_pages),
        file::Error::NoFonts => t_string!(i18n, file_no_fonts),
        file::Error::Failed => t_string!(i18n, file_failed),
        file::Error::Unread => t_string!(i18n, part_missing),
        file::Error::Full => t_string!(i18n, file_full),
        file::Error::Blocked => t_string!(i18n, file_blocked),
    }
}

/// Explains what of a PDF's text can't be read.
pub fn explain_unread(i18n: I18n, unread: Unread) -> String {
    let pages = unread.pages.for_people();
    if unread.percent == 0 {
        return t_string!(i18n, pdf_no_text, pages).to_string();
    }
    t_string!(i18n, pdf_unread, percent = unread.percent, pages = pages).to_string()
}

/// Explains why the chat is not saved.
pub fn explain_unsaved(i18n: I18n, error: storage::Error) -> &'static str {
    match error {
        storage::Error::Full => t_string!(i18n, unsaved_full),
        storage::Error::Unmerged => t_string!(i18n, unsaved_unmerged),
        storage::Error::Blocked => t_string!(i18n, unsaved_blocked),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_apart() {
        #[track_caller]
        fn check(count: u32, expected: &str) {
            assert_eq!(grouped(count), expected);
        }
        check(0, "0");
        check(999, "999");
        check(5120, "5,120");
        check(30_031, "30,031");
        check(213_462, "213,462");
        check(u32::MAX, "4,294,967,295");
    }
}

//! Errors in the reader's language: what happened, and what to do now. The endpoint's own words
//! are kept.

use crate::{
    endpoint::Invalid,
    file,
    i18n::{I18n, t_string},
    openai::{Error, Wait},
    session::{Unconnected, Unlisted},
    storage,
};

/// Why an endpoint gave no answer, or no list of models.
pub fn explain(i18n: I18n, error: &Error) -> String {
    let what = match error {
        Error::Unreachable => t_string!(i18n, unreachable).to_owned(),
        Error::Refused { status, .. } => {
            let status = *status;
            match status {
                401 | 403 => t_string!(i18n, refused_auth, status).to_string(),
                404 | 405 => t_string!(i18n, refused_path, status).to_string(),
                429 | 503 => t_string!(i18n, refused_busy, status).to_string(),
                500.. => t_string!(i18n, refused_server, status).to_string(),
                _ => t_string!(i18n, refused, status).to_string(),
            }
        }
        Error::Reported { .. } => t_string!(i18n, reported).to_owned(),
        Error::Garbled { .. } => t_string!(i18n, garbled).to_owned(),
        Error::Empty => t_string!(i18n, empty_answer).to_owned(),
        Error::CutOff => t_string!(i18n, cut_off).to_owned(),
        Error::TimedOut { wait, seconds } => {
            let seconds = *seconds;
            match wait {
                Wait::Response => t_string!(i18n, timed_out_response, seconds).to_string(),
                Wait::FirstToken => t_string!(i18n, timed_out_first, seconds).to_string(),
                Wait::More => t_string!(i18n, timed_out_more, seconds).to_string(),
            }
        }
        Error::Redirected => t_string!(i18n, redirected).to_owned(),
        Error::TooMuch => t_string!(i18n, too_much).to_owned(),
        Error::Locked => t_string!(i18n, vault_locked).to_owned(),
        Error::Gone { name } => t_string!(i18n, content_gone_of, name = name.as_str()).to_string(),
    };
    let words = match error {
        Error::Refused { message, .. } | Error::Reported { message } if !message.is_empty() => {
            t_string!(i18n, server_said, words = message.as_str()).to_string()
        }
        Error::Garbled { excerpt } => {
            t_string!(i18n, what_came, words = excerpt.as_str()).to_string()
        }
        _ => return what,
    };
    format!("{what} {words}")
}

/// Why an endpoint gave no list of models.
pub fn explain_unlisted(i18n: I18n, unlisted: &Unlisted) -> String {
    match unlisted {
        Unlisted::Failed(error) => explain(i18n, error),
        Unlisted::Elsewhere(base_url) => {
            t_string!(i18n, found_elsewhere, url = base_url.as_str()).to_string()
        }
    }
}

/// Why a filled-in form led to no model.
pub fn explain_unconnected(i18n: I18n, error: &Unconnected) -> String {
    match error {
        Unconnected::Unlisted(unlisted) => explain_unlisted(i18n, unlisted),
        Unconnected::NoModels => t_string!(i18n, no_models).to_owned(),
        Unconnected::Invalid(invalid) => explain_invalid(i18n, *invalid).to_owned(),
    }
}

/// What is wrong with a typed base URL or token.
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

/// Why a file can't be attached.
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
        file::Error::Failed => t_string!(i18n, file_failed),
        file::Error::Full => t_string!(i18n, file_full),
        file::Error::Blocked => t_string!(i18n, file_blocked),
    }
}

/// Why the chat is not saved.
pub fn explain_unsaved(i18n: I18n, error: storage::Error) -> &'static str {
    match error {
        storage::Error::Full => t_string!(i18n, unsaved_full),
        storage::Error::Blocked => t_string!(i18n, unsaved_blocked),
    }
}

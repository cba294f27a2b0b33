//! The contents of attachments, in `IndexedDB`: localStorage is too small for them.

use std::pin::Pin;

use wasm_bindgen::{JsCast, JsValue, prelude::Closure};
use web_sys::{Blob, DomException, IdbDatabase, IdbObjectStore, IdbRequest, IdbTransactionMode};

use super::{Error, Key, keys, raw, readable, write};
use crate::{chat::attachment::Id, compression, event, json};

/// The database and its only store: blobs by attachment identifier.
const DATABASE: &str = "collate";
const STORE: &str = "attachments";

/// Time after which content that no chat refers to is deleted, in milliseconds. Until then another
/// tab may refer to it again: by Undo, or by a late save.
const ORPHAN_FOR: f64 = 24.0 * 60.0 * 60.0 * 1000.0;

/// Stores the content of an attachment.
///
/// # Errors
/// The reason why it is not stored.
pub async fn put(id: Id, content: &Blob) -> Result<(), Error> {
    ask(Question::Put(id, content.clone())).await.map(|_| ())
}

/// Loads the content of an attachment; `None` if it is gone.
///
/// # Errors
/// The storage is blocked.
pub async fn get(id: Id) -> Result<Option<Blob>, Error> {
    let found = ask(Question::Get(id)).await?;
    Ok(found.dyn_into().ok())
}

/// The identifiers of all contents.
///
/// # Errors
/// The storage is blocked.
pub async fn all() -> Result<Vec<Id>, Error> {
    let keys = js_sys::Array::from(&ask(Question::All).await?);
    let id = |key: JsValue| key.as_string()?.parse().ok();
    Ok(keys.iter().filter_map(id).collect())
}

/// Deletes the contents that no stored value has referred to for a day.
///
/// # Errors
/// The storage is blocked.
pub async fn sweep() -> Result<(), Error> {
    let storage = raw().ok_or(Error::Blocked)?;
    let mut orphans = all().await?;
    // Any value that contains an identifier refers to it, even a damaged one that was set aside.
    for key in keys().filter(|key| *key != Key::Orphans.to_string()) {
        if orphans.is_empty() {
            break;
        }
        let Ok(Some(text)) = storage.get_item(&key) else {
            continue;
        };
        let text = if compression::is_compressed(&text) {
            match compression::decompress(&text) {
                Some(text) => text,
                // Its references are unknown.
                None => return Ok(()),
            }
        } else {
            text
        };
        orphans.retain(|id| !text.contains(&id.to_string()));
    }
    let before: Vec<(Id, f64)> = readable(Key::Orphans).unwrap_or_default();
    let (gone, left) = aged(&orphans, &before, js_sys::Date::now());
    if left != before {
        write(Key::Orphans, &json::write(&left))?;
    }
    for id in gone {
        ask(Question::Delete(id)).await?;
    }
    Ok(())
}

/// Splits unreferenced contents into those to delete and the rest, each unreferenced since its
/// recorded time or since now.
fn aged(orphans: &[Id], before: &[(Id, f64)], now: f64) -> (Vec<Id>, Vec<(Id, f64)>) {
    let mut gone = Vec::new();
    let mut left = Vec::new();
    for id in orphans {
        let known = before.iter().find(|(known, _)| known == id);
        let since = known.map_or(now, |(_, since)| *since);
        if now - since >= ORPHAN_FOR {
            gone.push(*id);
        } else {
            left.push((*id, since));
        }
    }
    (gone, left)
}

fn key(id: Id) -> JsValue {
    id.to_string().into()
}

/// A request to the store.
enum Question {
    Put(Id, Blob),
    Get(Id),
    All,
    Delete(Id),
}

impl Question {
    fn put_to(&self, store: &IdbObjectStore) -> Result<IdbRequest, JsValue> {
        match self {
            Self::Put(id, content) => store.put_with_key(content, &key(*id)),
            Self::Get(id) => store.get(&key(*id)),
            Self::All => store.get_all_keys(),
            Self::Delete(id) => store.delete(&key(*id)),
        }
    }
}

/// Sends a request to the store; resolves once its change is safe. Boxed, so that it is compiled
/// once.
fn ask(question: Question) -> Pin<Box<dyn Future<Output = Result<JsValue, Error>>>> {
    Box::pin(async move {
        let database = open().await?;
        let mode = match question {
            Question::Get(_) | Question::All => IdbTransactionMode::Readonly,
            Question::Put(..) | Question::Delete(_) => IdbTransactionMode::Readwrite,
        };
        let begun = database
            .transaction_with_str_and_mode(STORE, mode)
            .and_then(|transaction| {
                let request = question.put_to(&transaction.object_store(STORE)?)?;
                Ok((transaction, request))
            });
        let (transaction, request) = begun.map_err(blocked)?;
        let done = event::first(&transaction, "complete", "abort").await;
        database.close();
        done.map_err(|_| why(transaction.error()))?;
        request.result().map_err(blocked)
    })
}

async fn open() -> Result<IdbDatabase, Error> {
    let factory = web_sys::window().and_then(|window| window.indexed_db().ok()?);
    let factory = factory.ok_or(Error::Blocked)?;
    let request = factory.open_with_u32(DATABASE, 1).map_err(blocked)?;
    let database = |request: &IdbRequest| request.result().map(JsCast::unchecked_into);
    let new = request.clone();
    let make = Closure::once(move || {
        let database: Result<IdbDatabase, _> = database(&new);
        // If this fails, so does the first transaction.
        let _ = database.and_then(|database| database.create_object_store(STORE));
    });
    request.set_onupgradeneeded(Some(make.as_ref().unchecked_ref()));
    let opened = event::first(&request, "success", "error").await;
    opened.map_err(|_| why(request.error().ok().flatten()))?;
    database(&request).map_err(blocked)
}

fn blocked(_: JsValue) -> Error {
    Error::Blocked
}

fn why(error: Option<DomException>) -> Error {
    match error {
        Some(error) if error.name() == "QuotaExceededError" => Error::Full,
        _ => Error::Blocked,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nothing_refers_to_goes_after_a_day() {
        #[track_caller]
        fn check(orphans: &[u64], before: &[(u64, f64)], gone: &[u64], left: &[(u64, f64)]) {
            let ids = |ids: &[u64]| ids.iter().copied().map(Id::new).collect::<Vec<_>>();
            let since = |since: &[(u64, f64)]| {
                let since = since.iter();
                since
                    .map(|(id, at)| (Id::new(*id), *at))
                    .collect::<Vec<_>>()
            };
            let found = aged(&ids(orphans), &since(before), ORPHAN_FOR * 2.0);
            assert_eq!(found, (ids(gone), since(left)));
        }
        let (now, day) = (ORPHAN_FOR * 2.0, ORPHAN_FOR);
        check(&[], &[], &[], &[]);
        check(&[1], &[], &[], &[(1, now)]);
        check(&[1], &[(1, day + 1.0)], &[], &[(1, day + 1.0)]);
        check(&[1, 2], &[(1, day)], &[1], &[(2, now)]);
        // Something refers to it again.
        check(&[], &[(1, 0.0)], &[], &[]);
    }
}

//! Lists of models, in whichever shape.
//!
//! Sources: OpenAI's and Anthropic's API references, «Models»; what others write is in
//! docs/endpoints.md.

use std::collections::HashSet;

use serde_json::Value;

use super::{Failure, refusal::Refusal, tolerant, trouble::judged, wire::has_more_values};

/// Parsed body of `GET {base}/models`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// Model ids in the list's order, without duplicates.
    pub ids: Vec<String>,
    /// Owner of the first model, which identifies several servers: `library`, `vllm`, `llamacpp`.
    pub owned_by: String,
    /// Models known to accept images or not.
    pub sees: Vec<(String, bool)>,
    /// Queries for the next page, the likeliest first.
    pub next: Vec<String>,
    /// True if the server has more models than the list.
    pub has_more: bool,
}

/// Maximum values in a model list: `OpenRouter`'s, the longest known, has about 30,000.
const MAX_VALUES: usize = 500_000;

/// Maximum number of models in a list of several pages.
const MAX: usize = 20_000;

/// Maximum depth of lists within lists.
const MAX_DEPTH: usize = 4;

/// Fields that hold a list, as servers name them.
const LISTS: [&str; 10] = [
    "data",
    "models",
    "result",
    "results",
    "items",
    "model_list",
    "modelList",
    "available_models",
    "list",
    "output",
];

impl Listed {
    /// Adds the next page. If it has no other models, it is the end, or the server does not know the
    /// query: an empty page is the end. Returns whether it was the next page.
    pub fn add(&mut self, page: Self) -> bool {
        let known: HashSet<String> = self.ids.iter().cloned().collect();
        let is_end = page.ids.is_empty() && !page.has_more;
        let before = self.ids.len();
        let is_new = |id: &String| !known.contains(id);
        self.ids.extend(page.ids.into_iter().filter(is_new));
        self.sees
            .extend(page.sees.into_iter().filter(|(id, _)| is_new(id)));
        let is_next = is_end || self.ids.len() > before;
        if is_next {
            self.next = page.next;
            self.has_more = page.has_more;
        }
        is_next
    }

    /// Returns the queries for the next page, if there may be one.
    pub fn take_next(&mut self) -> Vec<String> {
        if self.ids.len() >= MAX {
            return Vec::new();
        }
        std::mem::take(&mut self.next)
    }

    fn add_items(&mut self, list: &Value, seen: &mut HashSet<String>, depth: usize) {
        match list {
            Value::Array(items) => {
                for item in items {
                    self.add_item(item, "", seen, depth);
                }
            }
            // By id.
            Value::Object(items) => {
                for (id, item) in items.iter().filter(|(_, item)| item.is_object()) {
                    self.add_item(item, id, seen, depth);
                }
            }
            _ => {}
        }
    }

    fn add_item(&mut self, item: &Value, key: &str, seen: &mut HashSet<String>, depth: usize) {
        let text = |name: &str| {
            let text = item.get(name).and_then(Value::as_str);
            text.filter(|text| !text.is_empty())
        };
        let lists = || LISTS[..2].iter().filter_map(|name| item.get(*name));
        let named = text("name").or_else(|| text("model"));
        // Cloudflare's id is of no use in a request.
        let id = text("id").filter(|id| named.is_none() || !is_uuid(id));
        let id = id.or_else(|| text("model")).or(named);
        let id = id.or_else(|| text("model_name")).or_else(|| text("slug"));
        // A group of models has a name, too, but no identifier.
        let is_group = text("id").is_none() && lists().any(Value::is_array);
        if depth < MAX_DEPTH && (item.is_array() || is_group) {
            if item.is_array() {
                self.add_items(item, seen, depth + 1);
            }
            for list in lists().filter(|list| list.is_array()) {
                self.add_items(list, seen, depth + 1);
            }
            return;
        }
        let id = item.as_str().or(id).unwrap_or(key);
        if id.is_empty() || !seen.insert(id.to_owned()) {
            return;
        }
        if self.ids.is_empty() {
            text("owned_by")
                .unwrap_or_default()
                .clone_into(&mut self.owned_by);
        }
        self.ids.push(id.to_owned());
        if let Some(sees) = sees(item) {
            self.sees.push((id.to_owned(), sees));
        }
    }
}

/// Parses the body of `GET {base}/models`.
///
/// # Errors
/// [`Failure::Garbled`] if it is no such list, [`Failure::Reported`] if it names an error,
/// [`Failure::TooMuch`] if it has too many values.
pub fn listed(body: &str) -> Result<Listed, Failure> {
    if has_more_values(body.as_bytes(), MAX_VALUES) {
        return Err(Failure::TooMuch);
    }
    let value = tolerant::parse(body).ok_or_else(|| Failure::garbled(body))?;
    let mut listed = Listed::default();
    let mut seen = HashSet::new();
    let lists = LISTS.iter().filter_map(|name| value.get(*name));
    let mut is_list = value.is_array();
    if is_list {
        listed.add_items(&value, &mut seen, 0);
    }
    for list in lists {
        is_list |= list.is_array() || list.is_object() || list.is_null();
        listed.add_items(list, &mut seen, 0);
        if let Some(inner) = LISTS.iter().find_map(|name| list.get(*name)) {
            listed.add_items(inner, &mut seen, 1);
        }
    }
    let said = Refusal::of(&value);
    let is_error = value.is_object()
        && !said.words.is_empty()
        && !(is_list && judged(&value) != Some(false) && value.get("error").is_none());
    if listed.ids.is_empty() && (is_error || !is_list) {
        return Err(if is_error {
            said.into()
        } else {
            Failure::garbled(body)
        });
    }
    listed.next = next(&value, listed.ids.last());
    let is_next = |name: &str| {
        let next = value.get(name);
        next.is_some_and(|next| match next {
            Value::String(next) => !next.is_empty(),
            next => next.is_number() || next.is_object(),
        })
    };
    listed.has_more =
        !listed.next.is_empty() || ["next", "nextLink"].iter().any(|name| is_next(name));
    Ok(listed)
}

/// Returns the queries that may give the next page.
///
/// Sources: Anthropic's API reference, «List models» (`after_id`); OpenAI's (`after`); Google's
/// (`pageToken`); Azure's (`nextLink`); Hugging Face's and others' `next`.
fn next(list: &Value, end: Option<&String>) -> Vec<String> {
    let places = ["paging", "pagination", "meta", "links", "_links"];
    let places = places.iter().filter_map(|name| list.get(*name));
    let places: Vec<_> = std::iter::once(list).chain(places).collect();
    let field = |name: &str| {
        let found = places.iter().find_map(|place| place.get(name))?;
        match found {
            Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
            Value::Number(number) => Some(number.to_string()),
            Value::Object(link) => Some(link.get("href")?.as_str()?.to_owned()),
            _ => None,
        }
    };
    let names = [
        ("nextPageToken", "pageToken"),
        ("next_page_token", "page_token"),
        ("next_cursor", "cursor"),
        ("nextCursor", "cursor"),
        ("next_page", "page"),
    ];
    for (name, query) in names {
        if let Some(value) = field(name) {
            return vec![query_of(query, &value)];
        }
    }
    for name in ["next", "nextLink", "next_url"] {
        if let Some(value) = field(name) {
            // The token goes to the endpoint alone, so only the query of a URL counts.
            return match value.split_once('?') {
                Some((_, query)) => vec![query.to_owned()],
                None if value.parse::<u32>().is_ok() => vec![query_of("page", &value)],
                None if value.contains('/') => Vec::new(),
                None => vec![query_of("cursor", &value), query_of("after", &value)],
            };
        }
    }
    let has_more = list.get("has_more") == Some(&Value::Bool(true));
    let end = field("last_id").or_else(|| end.cloned());
    match end.filter(|_| has_more) {
        Some(id) => vec![query_of("after_id", &id), query_of("after", &id)],
        None => Vec::new(),
    }
}

/// Returns a query with one field, percent-encoded. Source: RFC 3986, section 2.
fn query_of(name: &str, value: &str) -> String {
    let mut query = format!("{name}=");
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            query.push(char::from(byte));
        } else {
            let digit = |half: u8| char::from(b"0123456789ABCDEF"[usize::from(half)]);
            query.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
    query
}

/// Returns whether this is a UUID. Source: RFC 9562, section 4.
fn is_uuid(id: &str) -> bool {
    let lengths = id.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12])
        && id
            .bytes()
            .all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

/// Returns whether a model accepts images, as far as the list tells: `input_modalities`, also under
/// `architecture` as in `OpenRouter` and newer llama.cpp, or `capabilities.vision` of Mistral.
///
/// Sources: `OpenRouter`'s API reference, «Models»; Mistral's, «List models»; `tests/captures`.
fn sees(model: &Value) -> Option<bool> {
    let architecture = model.get("architecture");
    let modalities = architecture.and_then(|it| it.get("input_modalities"));
    let modalities = modalities.or_else(|| model.get("input_modalities"));
    let has = |list: &Value, word: &str| {
        let list = list.as_array().filter(|list| !list.is_empty())?;
        Some(list.iter().any(|item| item == word))
    };
    let vision = || model.get("capabilities")?.get("vision")?.as_bool();
    modalities
        .and_then(|list| has(list, "image"))
        .or_else(vision)
}

#[cfg(test)]
mod tests;

//! What `ChatGPT`'s marks refer to.
//!
//! An answer's `metadata.content_references` is a list of `{matched_text, alt, type, …}`: the mark, and
//! what `ChatGPT` shows in its place. `alt` is Markdown or absent. `grouped_webpages` and `nav_list` have
//! `items` of `{title, url}`, images have `images`, `webpage` and others a `url` or `safe_urls` of their
//! own, an `entity` its `name`; `hidden` has nothing. A `sources_footnote` lists `sources`, and its
//! `matched_text` is a space. Older answers have `metadata.citations`, a list of `{start_ix, end_ix,
//! metadata: {title, url}}`, which count letters. Sources: danny-avila/LibreChat,
//! `api/server/utils/import/__data__/chatgpt-citations.json`; public exports.

use serde_json::Value;

use super::{
    fields::{at, first, is_web, list, text},
    foreign::source,
};
use crate::{
    chat::Answer,
    markdown::citation::{is_mark, replaced, without_marks},
};

/// Maximum number of references of a message.
const MAX: usize = 1000;

/// Maximum number of links in the place of a mark.
const MAX_LINKS: usize = 10;

/// Appends a message's text to an answer, with links in place of its marks, and its sources.
pub(super) fn words(answer: &mut Answer, said: &str, metadata: &Value) -> String {
    let mut known = Vec::new();
    for reference in list(metadata, "content_references").iter().take(MAX) {
        let mark = text(reference, "matched_text");
        if mark.starts_with(is_mark) {
            known.push((mark.to_owned(), instead(reference)));
        }
        for page in list(reference, "sources") {
            source(answer, page);
        }
    }
    let citations = list(metadata, "citations");
    if !citations.is_empty() && said.contains(is_mark) {
        let places: Vec<usize> = said.char_indices().map(|(at, _)| at).collect();
        for citation in citations.iter().take(MAX) {
            let place = |field| {
                let at = usize::try_from(citation.get(field)?.as_u64()?).ok()?;
                places.get(at).copied()
            };
            let from = place("start_ix")
                .and_then(|from| said.get(from..place("end_ix").unwrap_or(said.len())));
            let described = at(citation, "metadata");
            if let Some(mark) = from.filter(|mark| mark.starts_with(is_mark)) {
                known.push((mark.to_owned(), link(described).unwrap_or_default()));
            }
        }
    }
    replaced(said, &known).into_owned()
}

/// Returns the Markdown that stands for a reference.
fn instead(reference: &Value) -> String {
    let alt = without_marks(text(reference, "alt"));
    if !alt.trim().is_empty() {
        return alt.into_owned();
    }
    for field in ["items", "fallback_items", "images"] {
        let links = list(reference, field).iter().filter_map(link);
        let links: Vec<_> = links.take(MAX_LINKS).collect();
        if field == "items" && !links.is_empty() && text(reference, "type") != "nav_list" {
            return format!("({})", links.join(", "));
        }
        if !links.is_empty() {
            return format!("\n\n- {}\n", links.join("\n- "));
        }
    }
    link(reference).unwrap_or_else(|| text(reference, "name").to_owned())
}

/// Returns a link to a described page; None without an address of the web.
fn link(described: &Value) -> Option<String> {
    let safe = list(described, "safe_urls").first().and_then(Value::as_str);
    let urls = [Some(text(described, "url")), safe];
    let url = urls.into_iter().flatten().find(|url| is_web(url))?;
    let title = match first(&[
        (described, "title"),
        (described, "name"),
        (described, "attribution"),
    ]) {
        "" => url,
        title => title,
    };
    let mut escaped = String::new();
    for letter in without_marks(title)
        .trim()
        .chars()
        .filter(|c| !c.is_control())
    {
        if matches!(letter, '[' | ']' | '\\' | '*' | '_' | '`' | '<' | '$') {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    let url = url
        .replace('(', "%28")
        .replace(')', "%29")
        .replace('<', "%3C");
    Some(format!("[{escaped}]({url})"))
}

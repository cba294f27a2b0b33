//! Reads files of chats: JSON, or an archive of such files.

use collate_core::{
    picture,
    transfer::{Error, Import, Reason, Skipped, read_in},
};
use collate_worker::{
    file::bytes,
    import::{Found, Outcome},
};
use js_sys::{Array, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, BlobPropertyBag, File};

use crate::archive::{self, Entry, Trouble};

/// Maximum number of JSON files in an archive.
const MAX_FILES: usize = 2000;

/// Maximum size of a JSON file in an archive, in bytes.
const MAX_FILE: u64 = 400_000_000;

/// Maximum size of all JSON files in an archive, in bytes.
const MAX_FILES_SIZE: u64 = 1_000_000_000;

/// Maximum size of a picture in an archive, in bytes.
const MAX_PICTURE: u64 = 20_000_000;

/// Maximum size of all pictures from an archive, in bytes.
const MAX_PICTURES_SIZE: u64 = 1_000_000_000;

impl From<Trouble> for Error {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Damaged => Self::Damaged,
            Trouble::TooBig => Self::TooBig,
        }
    }
}

/// Reads a file of the browser's, or a text.
pub async fn read(source: JsValue) -> Vec<Outcome> {
    let Some(file) = source.dyn_ref::<File>() else {
        let text = source.as_string().unwrap_or_default();
        return vec![whole(String::new(), &text)];
    };
    let name = file.name();
    let head = part(file, 0, 4).await;
    if head.as_deref().is_ok_and(archive::is_one) {
        let found = open(file, &name).await;
        return found.unwrap_or_else(|error| vec![failed(name, error)]);
    }
    match bytes(file).await {
        Ok(bytes) => vec![whole(name, &text(bytes))],
        Err(_) => vec![failed(name, Error::Failed)],
    }
}

const fn failed(name: String, error: Error) -> Outcome {
    Outcome {
        name,
        found: Err(error),
    }
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// Reads a file that is no archive.
fn whole(name: String, text: &str) -> Outcome {
    let found = read_in(text, &[]);
    Outcome {
        name,
        found: found.map(|import| posted(import, Vec::new())),
    }
}

/// Makes what was read ready for posting.
fn posted(
    import: Import,
    mut contents: Vec<(collate_core::chat::attachment::Id, JsValue)>,
) -> Found {
    let own = import.contents.into_iter();
    contents.extend(own.map(|(id, content)| (id, content.into())));
    Found {
        from: import.from,
        chats: import.chats,
        endpoints: import.endpoints,
        contents,
        skipped: import.skipped,
    }
}

/// Reads a part of a file.
async fn part(file: &File, from: u64, to: u64) -> Result<Vec<u8>, Error> {
    #[expect(clippy::cast_precision_loss, reason = "no file has 2⁵³ bytes")]
    let part = file.slice_with_f64_and_f64(from as f64, to as f64);
    bytes(&part.map_err(|_| Error::Failed)?)
        .await
        .map_err(|_| Error::Failed)
}

/// Reads the files of chats in an archive. Those of one program become one.
async fn open(file: &File, name: &str) -> Result<Vec<Outcome>, Error> {
    let entries = entries(file).await?;
    let files = pick(&entries);
    if files.is_empty() {
        return Err(Error::Empty);
    }
    if files.len() > MAX_FILES {
        return Err(Error::TooBig);
    }
    let pictures = pictures(&entries);
    let mut space = MAX_FILES_SIZE;
    let mut all: Vec<Import> = Vec::new();
    let (mut troubles, mut last) = (Vec::new(), None);
    for entry in files {
        let found = match content(file, entry, MAX_FILE.min(space)).await {
            Ok(bytes) => {
                space -= entry.size;
                read_in(&text(bytes), &pictures)
            }
            Err(error) => Err(error),
        };
        match found {
            Ok(import) => match all.iter_mut().find(|known| known.from == import.from) {
                Some(known) => known.extend(import),
                None => all.push(import),
            },
            // Other files of the program, such as its settings.
            Err(error @ (Error::Unknown | Error::Empty)) => last = Some(error),
            Err(error) => troubles.push(failed(format!("{name} › {}", entry.name), error)),
        }
    }
    if all.is_empty() && troubles.is_empty() {
        return Err(last.unwrap_or(Error::Unknown));
    }
    let mut read = Vec::new();
    let mut space = MAX_PICTURES_SIZE;
    for mut import in all {
        let mut contents = Vec::new();
        let mut is_short = false;
        for (id, place) in std::mem::take(&mut import.files) {
            match picture(file, &entries[place], &mut space).await {
                Some(blob) => contents.push((id, blob.into())),
                None => is_short = true,
            }
        }
        if is_short {
            import.skipped.push(Skipped {
                title: name.to_owned(),
                place: 0,
                why: Reason::Attachments,
            });
        }
        read.push(Outcome {
            name: name.to_owned(),
            found: Ok(posted(import, contents)),
        });
    }
    read.extend(troubles);
    Ok(read)
}

/// Reads the list of an archive's files.
async fn entries(file: &File) -> Result<Vec<Entry>, Error> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a size is a whole number"
    )]
    let size = file.size() as u64;
    let tail = part(file, size.saturating_sub(archive::TAIL), size).await?;
    let directory = archive::directory(&tail, size)?;
    let list = part(file, directory.from, directory.to).await?;
    Ok(archive::entries(directory, &list)?)
}

/// Picks the files that may have chats, in the order of their names.
fn pick(entries: &[Entry]) -> Vec<&Entry> {
    let is_json = |entry: &&Entry| {
        let name = entry.file_name();
        // Copies that macOS adds have other data.
        let is_copy = name.starts_with("._") || entry.name.starts_with("__MACOSX/");
        name.to_ascii_lowercase().ends_with(".json") && !is_copy
    };
    let mut found: Vec<_> = entries.iter().filter(is_json).collect();
    // ChatGPT's, with files of other kinds beside them.
    let is_chats = |entry: &&Entry| entry.file_name().starts_with("conversations");
    if found.iter().any(is_chats) {
        found.retain(is_chats);
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    found
}

/// Lists the names of files that may be pictures, sorted, with their places.
fn pictures(entries: &[Entry]) -> Vec<(String, usize)> {
    let is_one = |(_, entry): &(usize, &Entry)| {
        let name = entry.file_name().to_ascii_lowercase();
        let endings = [".png", ".jpg", ".jpeg", ".gif", ".webp", ".dat"];
        entry.size <= MAX_PICTURE
            && !entry.is_locked
            && endings.iter().any(|end| name.ends_with(end))
    };
    let found = entries.iter().enumerate().filter(is_one);
    let mut names: Vec<_> = found
        .map(|(at, entry)| (entry.file_name().to_owned(), at))
        .collect();
    names.sort();
    names
}

/// Reads a file of the archive, of this size at most.
async fn content(file: &File, entry: &Entry, most: u64) -> Result<Vec<u8>, Error> {
    if entry.is_locked {
        return Err(Error::Locked);
    }
    if entry.size > most {
        return Err(Error::TooBig);
    }
    let header = part(file, entry.from, entry.from + archive::HEADER).await?;
    let (from, to) = entry.place(&header)?;
    // Packed content is hardly longer than the content.
    if to - from > entry.size.saturating_mul(2) + 1000 {
        return Err(Error::Damaged);
    }
    Ok(entry.content(part(file, from, to).await?)?)
}

/// Reads a picture of the archive; None if it is none, or without space.
async fn picture(file: &File, entry: &Entry, space: &mut u64) -> Option<Blob> {
    let bytes = content(file, entry, *space).await.ok()?;
    *space -= entry.size;
    let kind = picture::media_type(&bytes).filter(|kind| kind.starts_with("image/"))?;
    let options = BlobPropertyBag::new();
    options.set_type(kind);
    let parts = Array::of1(&Uint8Array::from(&*bytes));
    Blob::new_with_u8_array_sequence_and_options(&parts, &options).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_chats_are_picked() {
        #[track_caller]
        fn check(names: &[&str], expected: &[&str]) {
            let entries: Vec<_> = names.iter().map(|name| Entry::named(name)).collect();
            let found: Vec<_> = pick(&entries).iter().map(|entry| &*entry.name).collect();
            assert_eq!(found, expected);
        }
        check(
            &[
                "chat.html",
                "user.json",
                "x/conversations-001.json",
                "x/conversations-000.json",
                "__MACOSX/conversations.json",
            ],
            &["x/conversations-000.json", "x/conversations-001.json"],
        );
        check(
            &["b.JSON", "a.json", "._a.json", "a.txt"],
            &["a.json", "b.JSON"],
        );
        check(&["a.png"], &[]);
    }

    #[test]
    fn an_archive_of_chatgpt_has_its_pictures() {
        let bytes: &[u8] = include_bytes!("../../../tests/transfer/chatgpt.zip");
        let range = |from: u64, to: u64| {
            let (from, to) = (usize::try_from(from).unwrap(), usize::try_from(to).unwrap());
            &bytes[from..to]
        };
        let size = bytes.len() as u64;
        let of = archive::directory(bytes, size).unwrap();
        let entries = archive::entries(of, range(of.from, of.to)).unwrap();
        let content = |entry: &Entry| {
            let header = range(entry.from, entry.from + archive::HEADER);
            let (from, to) = entry.place(header).unwrap();
            entry.content(range(from, to).to_vec()).unwrap()
        };
        let names = pictures(&entries);
        let mut files = pick(&entries).into_iter();
        let mut import = read_in(&text(content(files.next().unwrap())), &names).unwrap();
        import.extend(read_in(&text(content(files.next().unwrap())), &names).unwrap());
        assert_eq!(files.next(), None);
        let titles = import.chats.iter().map(|chat| &*chat.title);
        assert_eq!(titles.collect::<Vec<_>>(), ["여행 사진", "Second file"]);
        let turn = &import.chats[0].cards[0].turns[0];
        assert_eq!(turn.prompt, "어디일까?\n[route.pdf]");
        let mut shown: Vec<_> = turn.attachments.iter().collect();
        let answer = turn.answer.as_ref().unwrap();
        assert_eq!(answer.model, "gpt-5");
        shown.extend(
            answer
                .extras
                .iter()
                .filter_map(|extra| extra.stored.as_ref()),
        );
        let shown: Vec<_> = shown
            .iter()
            .map(|it| (it.id, &*it.name, it.kind.to_string()))
            .collect();
        assert_eq!(
            (shown.len(), shown[0].1, &*shown[1].2),
            (2, "바다.gif", "image 2 3")
        );
        for (id, _, _) in &shown {
            let (_, place) = import.files.iter().find(|(known, _)| known == id).unwrap();
            assert_eq!(
                picture::media_type(&content(&entries[*place])),
                Some("image/gif")
            );
        }
        let skipped: Vec<_> = import.skipped.iter().map(|skipped| skipped.why).collect();
        assert_eq!(skipped, [Reason::Attachments]);
    }
}

//! The attachments of a chat: files being read, and attachments whose content is gone.

mod reading;

use js_sys::JsString;
use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, File, FileReader};

use super::{Session, Task};
use crate::{
    chat::{
        Attachment, Card, CardStoreFields, TurnStoreFields,
        attachment::{self, Contents, Id, Ranges},
        card,
        input::Event,
        readings::{Reading, Readings},
        turn,
    },
    chunk, event,
    file::{self, Form},
    id::fresh,
    openai::request,
    storage::blobs,
};
use reading::{READ, form};

/// Attachment state that dies with the tab.
#[derive(Clone, Copy)]
pub(super) struct Files {
    shown: RwSignal<Shown>,
    /// Number of files of answers that are being stored.
    storing: StoredValue<usize>,
    queue: StoredValue<Queue, LocalStorage>,
}

/// One signal holds both fields, as they rarely change.
#[derive(Default)]
struct Shown {
    readings: Readings,
    /// Attachments whose content is gone.
    gone: Vec<Id>,
    /// PDFs whose pages can be drawn: the browser still has their files.
    drawable: Vec<Id>,
}

/// The browser's part of [`Readings`].
#[derive(Default)]
struct Queue {
    files: Vec<(Id, File, Wanted)>,
    /// Reads one of them.
    task: Option<(Id, Task)>,
    /// The files of PDFs that were read.
    pdfs: Vec<(Id, File)>,
}

/// What is wanted of a file.
#[derive(Clone, Copy)]
enum Wanted {
    /// Its content, as one attachment.
    Whole,
    /// Its pages as pictures, or those in these ranges.
    Pages(Option<Ranges>),
}

impl Files {
    pub(super) fn new() -> Self {
        Self {
            shown: RwSignal::default(),
            storing: StoredValue::new(0),
            queue: StoredValue::new_local(Queue::default()),
        }
    }

    /// Returns whether a file waits, is being read, or is being stored.
    pub(super) fn is_busy(self) -> bool {
        let is_storing = self.storing.try_get_value().is_some_and(|count| count > 0);
        is_storing || self.shown.with_untracked(|shown| shown.readings.is_busy())
    }

    /// Notes that a file of an answer begins or ends to be stored.
    pub(super) fn note_storing(self, begins: bool) {
        // The chat may be closed by now.
        let _ = self.storing.try_update_value(|count| {
            *count = if begins {
                *count + 1
            } else {
                count.saturating_sub(1)
            };
        });
    }

    fn is_gone(self, id: Id) -> bool {
        self.shown.with(|shown| shown.gone.contains(&id))
    }
}

impl Session {
    /// The attachments of the draft that a card shows.
    pub fn attachments(self, card: card::Id) -> Vec<Attachment> {
        self.with_draft(card, |draft| draft.attachments.clone())
    }

    /// The files for the draft that a card shows that are being read or have failed.
    pub fn readings(self, card: card::Id) -> Vec<Reading> {
        let is_synced = |card| self.card(card).synced().try_get() == Some(true);
        let synced = is_synced(card);
        let is_shown = |other| other == card || synced && is_synced(other);
        self.files
            .shown
            .with(|shown| shown.readings.of(is_shown).cloned().collect())
    }

    /// Returns whether an attachment's content is gone.
    pub fn is_gone(self, id: Id) -> bool {
        self.files.is_gone(id)
    }

    /// Returns whether a card's draft can't be sent: a file is being read, or an attachment's
    /// content is gone.
    pub(super) fn is_held(self, card: card::Id) -> bool {
        let is_read = |reading: &Reading| reading.failed.is_none();
        self.with_draft(card, |draft| {
            draft.attachments.iter().any(|found| self.is_gone(found.id))
        }) || self.readings(card).iter().any(is_read)
    }

    /// Attaches files to the draft that a card shows.
    pub fn attach(self, card: card::Id, files: Vec<File>) {
        for file in files {
            let readings = untrack(|| self.readings(card));
            let coming = readings.iter().filter(|file| file.failed.is_none()).count();
            let is_full = untrack(|| self.attachments(card)).len() + coming >= attachment::MAX;
            let id = fresh();
            self.files.shown.update(|shown| {
                shown.readings.add(id, name_of(&file), card, is_full);
            });
            if !is_full {
                self.files
                    .queue
                    .update_value(|queue| queue.files.push((id, file, Wanted::Whole)));
            }
        }
        self.read_next();
    }

    /// Removes an attachment, read or still being read, from the draft that a card shows.
    pub fn detach(self, card: card::Id, id: Id) {
        self.files.queue.update_value(|queue| {
            queue.files.retain(|(waiting, ..)| *waiting != id);
            queue.pdfs.retain(|(read, _)| *read != id);
            // Dropping the task terminates the worker, too.
            queue.task.take_if(|(running, _)| *running == id);
        });
        self.files.shown.update(|shown| {
            shown.readings.remove(id);
            shown.drawable.retain(|drawable| *drawable != id);
        });
        self.react(Event::Detached(card, id));
        self.save_soon();
        self.read_next();
    }

    /// Returns whether the pages of a PDF can be sent as pictures: of an attachment of a draft, or of a file that
    /// could not be read.
    pub fn has_pages(self, id: Id) -> bool {
        self.files.shown.with(|shown| shown.drawable.contains(&id))
    }

    /// Attaches the pages of a PDF as pictures: all, or those whose text could not be read.
    pub fn attach_pages(self, card: card::Id, id: Id) {
        let attachments = untrack(|| self.attachments(card));
        let kind = attachments
            .iter()
            .find(|attachment| attachment.id == id)
            .map(|attachment| attachment.kind);
        let pages = match kind {
            Some(attachment::Kind::Pdf { unread, .. }) => unread.map(|unread| unread.pages),
            _ => None,
        };
        let take = |queue: &mut Queue| {
            let at = queue.pdfs.iter().position(|(read, _)| *read == id)?;
            Some(queue.pdfs.remove(at).1)
        };
        let Some(file) = self.files.queue.try_update_value(take).flatten() else {
            return;
        };
        let new = fresh();
        let is_full = attachments.len() >= attachment::MAX;
        self.files.shown.update(|shown| {
            // If it could not be read, its pages come instead.
            shown.readings.remove(id);
            shown.drawable.retain(|drawable| *drawable != id);
            shown.readings.add(new, name_of(&file), card, is_full);
        });
        if !is_full {
            let wanted = Wanted::Pages(pages);
            self.files
                .queue
                .update_value(|queue| queue.files.push((new, file, wanted)));
        }
        self.read_next();
    }

    /// Removes an attachment whose content is gone from a turn.
    pub fn detach_from(self, card: card::Id, turn: turn::Id, id: Id) {
        let attachments = self.turn(card, turn).attachments();
        // Another tab may have deleted the turn.
        let _ = attachments.try_update(|all| all.retain(|attachment| attachment.id != id));
        self.save_soon();
    }

    /// Loads the stored content of an attachment.
    pub async fn content(self, id: Id) -> Option<Blob> {
        let content = blobs::get(id).await.ok()?;
        if content.is_none() && !untrack(|| self.is_gone(id)) {
            // The chat may be closed by now.
            let _ = self.files.shown.try_update(|shown| shown.gone.push(id));
        }
        content
    }

    /// Loads the attachments' contents that the request for a turn's answer needs.
    ///
    /// # Errors
    /// The name of an attachment whose content is gone.
    pub(super) async fn contents(self, card: &Card, turn: turn::Id) -> Result<Contents, String> {
        let Some(asked) = card.turns.iter().find(|found| found.id == turn) else {
            return Ok(Contents::new());
        };
        let mut contents = Contents::new();
        for attachment in request::attachments(card.before(turn), asked) {
            let content = match self.content(attachment.id).await {
                Some(content) if attachment.is_image() => data_url(&content).await,
                Some(content) => text(&content).await,
                None => None,
            };
            let content = content.ok_or_else(|| attachment.name.clone())?;
            contents.push((attachment.id, content));
        }
        Ok(contents)
    }

    /// Finds the chat's attachments whose content is gone.
    pub(super) fn look_for_contents(self) {
        let mut needed: Vec<_> = {
            let chat = self.chat.read_untracked();
            chat.attachments().map(|attachment| attachment.id).collect()
        };
        if needed.is_empty() {
            return;
        }
        spawn_local(async move {
            if let Ok(all) = blobs::all().await {
                needed.retain(|id| !all.contains(id));
                let _ = self.files.shown.try_update(|shown| shown.gone = needed);
            }
        });
    }

    /// Reads the next file, unless one is being read.
    fn read_next(self) {
        let start = |shown: &mut Shown| shown.readings.start_next();
        let Some((id, card)) = self.files.shown.try_update_untracked(start).flatten() else {
            return;
        };
        let take = |queue: &mut Queue| {
            let at = queue.files.iter().position(|(waiting, ..)| *waiting == id);
            let (_, file, wanted) = queue.files.remove(at?);
            if let (Form::Pdf, Wanted::Whole) = (form(&file), wanted) {
                queue.pdfs.push((id, file.clone()));
            }
            Some((file, wanted))
        };
        let taken = self.files.queue.try_update_value(take).flatten();
        let Some((file, wanted)) = taken else {
            // It was removed at this moment.
            self.files.shown.update(|shown| shown.readings.remove(id));
            return self.read_next();
        };
        let task = Task::start(async move {
            let name = name_of(&file);
            let is_pdf = form(&file) == Form::Pdf;
            let read = match (chunk::load(&READ).await, wanted) {
                (Ok(read), Wanted::Whole) => (read.whole)(id, file).await,
                (Ok(read), Wanted::Pages(pages)) => (read.pages)(self, card, file, pages).await,
                (Err(_), _) => Err(file::Error::Unread),
            };
            let result = read.as_ref().map(drop).map_err(|error| *error);
            let finish = |shown: &mut Shown| {
                let has_pages = result.err().is_none_or(file::Error::has_pages);
                if is_pdf && has_pages && matches!(wanted, Wanted::Whole) {
                    shown.drawable.push(id);
                }
                shown.readings.finish(id, result)
            };
            let is_wanted = self.files.shown.try_update(finish) == Some(true);
            if let (true, Ok(Some((kind, bytes)))) = (is_wanted, read) {
                let attachment = Attachment {
                    id,
                    name,
                    kind,
                    bytes,
                };
                self.react(Event::Attached(card, attachment));
                self.save_soon();
            }
            // Drops this task itself, which has nothing left to await.
            self.files.queue.update_value(|queue| queue.task = None);
            self.read_next();
        });
        self.files
            .queue
            .update_value(|queue| queue.task = Some((id, task)));
    }
}

/// The name of a file in Unicode's normal form C. Apple's systems take syllables apart, and models would read
/// letters.
fn name_of(file: &File) -> String {
    JsString::from(file.name()).normalize("NFC").into()
}

/// Reads a stored text.
pub async fn text(content: &Blob) -> Option<String> {
    JsFuture::from(content.text()).await.ok()?.as_string()
}

/// Encodes a stored picture as the data URL that endpoints expect.
pub async fn data_url(content: &Blob) -> Option<String> {
    let reader = FileReader::new().ok()?;
    reader.read_as_data_url(content).ok()?;
    event::first(&reader.clone().unchecked_into(), "load", "error")
        .await
        .ok()?;
    reader.result().ok()?.as_string()
}

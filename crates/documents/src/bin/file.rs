//! The worker that reads pictures and texts.

use collate_core::file::Form;
use collate_worker::file as worker;
use documents::{picture, text};

fn main() {
    worker::serve(
        async |file: web_sys::File| match Form::of(&file.type_(), &file.name()) {
            Form::Picture => picture::read(file).await,
            Form::Pdf | Form::Office | Form::Text => text::read(file).await,
        },
    );
}

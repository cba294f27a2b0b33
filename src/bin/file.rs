//! The worker that reads pictures and texts.

use collate::file::{Form, picture, text, worker};

fn main() {
    worker::serve(
        async |file: web_sys::File| match Form::of(&file.type_(), &file.name()) {
            Form::Picture => picture::read(file).await,
            Form::Pdf | Form::Text => text::read(file).await,
        },
    );
}

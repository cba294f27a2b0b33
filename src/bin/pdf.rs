//! The worker that reads PDFs.

use collate::file::{pdf, worker};

fn main() {
    worker::serve(pdf::read);
}

//! The worker that reads PDFs.

use collate_worker::file as worker;
use documents::pdf;

fn main() {
    worker::serve(pdf::read);
}

//! The worker that reads documents of office programs.

use collate_worker::file as worker;
use documents::office;

fn main() {
    worker::serve(office::read);
}

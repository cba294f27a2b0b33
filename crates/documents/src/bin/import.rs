//! The worker that reads files of chats.

fn main() {
    collate_worker::import::serve(documents::import::read);
}

//! The worker that draws pages of PDFs as pictures: see [`collate_worker::pages`].

use collate_core::{chat::attachment::Kind, file::Error};
use collate_worker::{file as worker, pages as channel};
use documents::picture;
use pages::Pages;

fn main() {
    channel::serve(draw);
}

async fn draw(wanted: channel::Wanted) -> Result<bool, Error> {
    let pages = Pages::open(worker::bytes(&wanted.file).await?)?;
    let count = pages.count();
    for number in (1..=count).filter(|number| wanted.has(*number)) {
        let mut drawn = pages.draw(number)?;
        let missing = pages.missing();
        for collection in &missing {
            // Without it, letters are missing.
            if let Some(map) = worker::fetch(collection.file()).await {
                pages.add(*collection, map);
            }
        }
        if !missing.is_empty() {
            drawn = pages.draw(number)?;
        }
        let (width, height) = (drawn.width, drawn.height);
        let blob = picture::encode(&drawn.pixels, width, height).await?;
        let kind = Kind::Image {
            width,
            height,
            original: None,
        };
        channel::send(&kind, &blob, number).await;
    }
    Ok(pages.lacks_fonts())
}

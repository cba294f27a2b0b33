//! Formulas and colours of code for exported pages, from the workers.
//!
//! The workers' clients are in the chunk `answers`, so what calls them is there, too.

use std::{cell::RefCell, future::Future, pin::Pin, rc::Rc};

use js_sys::{Function, Promise};
use leptos::prelude::document;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use wasm_split_helpers::wasm_split;

use crate::{
    chunk::{self, Chunk, Missing},
    transfer::html::typeset::{Typeset, Wanted},
    workers::{self, mathml},
};

type Set = fn(Wanted) -> Pin<Box<dyn Future<Output = Typeset>>>;

thread_local! {
    static SET: Chunk<Set> = const { Chunk::new(|| Box::pin(entry())) };
}

#[wasm_split(answers, fallible)]
fn entry() -> Result<Set, Missing> {
    Ok(|wanted| Box::pin(ask(wanted)))
}

/// Sets formulas and code. What the workers don't answer is left out.
pub(super) async fn set(wanted: Wanted) -> Typeset {
    if wanted.formulas.is_empty() && wanted.code.is_empty() {
        return Typeset::default();
    }
    match chunk::load(&SET).await {
        Ok(set) => set(wanted).await,
        Err(Missing) => Typeset::default(),
    }
}

/// The answers so far.
struct Answers {
    typeset: Typeset,
    left: usize,
    /// Called with the last answer.
    done: Function,
}

/// Takes an answer.
fn take(answers: &Rc<RefCell<Answers>>, add: impl FnOnce(&mut Typeset)) {
    let mut answers = answers.borrow_mut();
    add(&mut answers.typeset);
    answers.left -= 1;
    if answers.left == 0 {
        // A promise's function does not throw.
        let _ = answers.done.call0(&JsValue::NULL);
    }
}

async fn ask(wanted: Wanted) -> Typeset {
    let mut done = Function::default();
    let is_done = JsFuture::from(Promise::new(&mut |resolve, _| done = resolve));
    let answers = Rc::new(RefCell::new(Answers {
        typeset: Typeset::default(),
        left: wanted.formulas.len() + wanted.code.len(),
        done,
    }));
    for formula in wanted.formulas {
        let answers = Rc::clone(&answers);
        let (latex, is_display) = (formula.latex.clone(), formula.is_display);
        workers::maths(&latex, is_display, move |markup| {
            // Only what this page would show itself gets into the file.
            let element = markup.and_then(|markup| mathml::adopt(&document(), &markup));
            take(&answers, |typeset| {
                if let Some(element) = element {
                    typeset.add_formula(formula, element.outer_html());
                }
            });
        });
    }
    // The numbers of blocks on the page begin at the other end.
    for (code, block) in wanted.code.into_iter().zip((0..u32::MAX).rev()) {
        let answers = Rc::clone(&answers);
        let (language, lines) = (code.language.to_ascii_lowercase(), code.code.clone());
        workers::highlight(block, &language, &lines, move |spans| {
            take(&answers, |typeset| {
                if let Some(spans) = spans {
                    typeset.add_code(code, spans);
                }
            });
        });
        workers::forget(block);
    }
    // The promise is never rejected.
    let _ = is_done.await;
    std::mem::take(&mut answers.borrow_mut().typeset)
}

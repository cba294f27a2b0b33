//! Runs the operators of a page that show text: see the PDF specification, 9.4.

use std::{collections::HashMap, rc::Rc};

use hayro_font::{
    hayro_syntax::{
        content::{TypedIter, ops::TypedInstruction as Op},
        object::{Array, Dict, Name, Number, Object, Stream, String as Bytes, dict::keys},
        page::{Page, Resources},
    },
    kurbo::{Affine, Point, Vec2},
};

use super::{
    font::{Font, Fonts},
    layout::{Glyph, Layout},
};

/// Maximum depth of forms in forms, and of saved states.
const DEPTH: usize = 16;
const STATES: usize = 256;

/// Maximum number of operators of a document, with those of forms each time they are drawn.
pub const OPERATORS: u64 = 20_000_000;

/// The parts of the graphics state that text depends on.
#[derive(Clone)]
struct State<'a> {
    page: Affine,
    font: Option<Rc<Font<'a>>>,
    size: f64,
    /// Space after each glyph, and after each space.
    letter: f64,
    word: f64,
    /// Horizontal scale.
    scale: f64,
    leading: f64,
    rise: f64,
}

impl State<'_> {
    const fn new(page: Affine) -> Self {
        Self {
            page,
            font: None,
            size: 0.0,
            letter: 0.0,
            word: 0.0,
            scale: 1.0,
            leading: 0.0,
            rise: 0.0,
        }
    }
}

/// Reads the text of pages.
pub struct Reader<'a> {
    fonts: Fonts<'a>,
    /// Fonts that are loaded, by where their dictionaries are.
    loaded: HashMap<(usize, usize), Rc<Font<'a>>>,
    left: u64,
}

/// What is on a page.
pub struct Read {
    /// Its text.
    pub layout: Layout,
    /// True if it has pictures.
    pub has_pictures: bool,
}

impl<'a> Reader<'a> {
    /// Makes a reader of a document with these fonts.
    pub fn new(fonts: Fonts<'a>) -> Self {
        Self {
            fonts,
            loaded: HashMap::new(),
            left: OPERATORS,
        }
    }

    /// Reads a page; None if the document has too many operators.
    pub fn page(&mut self, page: &Page<'a>) -> Option<Read> {
        let mut run = Run {
            reader: self,
            read: Read {
                layout: Layout::default(),
                has_pictures: false,
            },
            instead: Vec::new(),
        };
        let matrix = Affine::new(page.initial_transform(false).as_coeffs());
        run.content(
            page.typed_operations(),
            page.resources(),
            State::new(matrix),
            0,
        )?;
        if let Some(notes) = page.raw().get::<Array<'_>>(keys::ANNOTS) {
            for note in notes.iter::<Dict<'_>>() {
                run.note(&note, page.resources(), matrix)?;
            }
        }
        Some(run.read)
    }

    fn font(&mut self, dict: &Dict<'a>) -> Rc<Font<'a>> {
        // A dictionary borrows its bytes from the document, so their place names it.
        let key = (dict.data().as_ptr() as usize, dict.data().len());
        let fonts = &self.fonts;
        let load = || Rc::new(fonts.load(dict));
        Rc::clone(self.loaded.entry(key).or_insert_with(load))
    }
}

/// The reading of one page.
struct Run<'r, 'a> {
    reader: &'r mut Reader<'a>,
    read: Read,
    /// Texts that stand instead of glyphs: for each open part of the page, None if it has none. A text that has
    /// been added is empty.
    instead: Vec<Option<String>>,
}

impl<'a> Run<'_, 'a> {
    fn content(
        &mut self,
        mut operators: TypedIter<'_>,
        resources: &Resources<'a>,
        mut state: State<'a>,
        depth: usize,
    ) -> Option<()> {
        let mut saved = Vec::new();
        let (mut line, mut text) = (Affine::IDENTITY, Affine::IDENTITY);
        let parts = self.instead.len();
        while let Some(operator) = operators.next() {
            self.reader.left = self.reader.left.checked_sub(1)?;
            match operator {
                Op::SaveState(_) if saved.len() < STATES => saved.push(state.clone()),
                Op::RestoreState(_) => state = saved.pop().unwrap_or(state),
                Op::Transform(cm) => {
                    state.page *= matrix([cm.0, cm.1, cm.2, cm.3, cm.4, cm.5]);
                }
                Op::BeginText(_) => (line, text) = (Affine::IDENTITY, Affine::IDENTITY),
                Op::TextFont(font) => {
                    let dict = resources.get_font(font.0);
                    state.font = dict.map(|dict| self.reader.font(&dict));
                    state.size = font.1.as_f64();
                }
                Op::CharacterSpacing(space) => state.letter = space.0.as_f64(),
                Op::WordSpacing(space) => state.word = space.0.as_f64(),
                Op::HorizontalScaling(percent) => state.scale = percent.0.as_f64() / 100.0,
                Op::TextLeading(leading) => state.leading = leading.0.as_f64(),
                Op::TextRise(rise) => state.rise = rise.0.as_f64(),
                Op::SetTextMatrix(tm) => {
                    line = matrix([tm.0, tm.1, tm.2, tm.3, tm.4, tm.5]);
                    text = line;
                }
                Op::NextLine(by) => {
                    line *= Affine::translate((by.0.as_f64(), by.1.as_f64()));
                    text = line;
                }
                Op::NextLineAndSetLeading(by) => {
                    state.leading = -by.1.as_f64();
                    line *= Affine::translate((by.0.as_f64(), by.1.as_f64()));
                    text = line;
                }
                Op::NextLineUsingLeading(_) => {
                    line *= Affine::translate((0.0, -state.leading));
                    text = line;
                }
                Op::ShowText(shown) => self.show(&state, &mut text, shown.0),
                Op::NextLineAndShowText(shown) => {
                    line *= Affine::translate((0.0, -state.leading));
                    text = line;
                    self.show(&state, &mut text, shown.0);
                }
                Op::ShowTextWithParameters(shown) => {
                    (state.word, state.letter) = (shown.0.as_f64(), shown.1.as_f64());
                    line *= Affine::translate((0.0, -state.leading));
                    text = line;
                    self.show(&state, &mut text, shown.2);
                }
                Op::ShowTexts(shown) => {
                    for part in shown.0.iter::<Object<'_>>() {
                        match part {
                            Object::String(part) => self.show(&state, &mut text, &part),
                            Object::Number(back) => move_back(&state, &mut text, &back),
                            _ => {}
                        }
                    }
                }
                Op::XObject(name) => {
                    if let Some(stream) = resources.get_x_object(name.0) {
                        self.object(&stream, resources, &state, depth)?;
                    }
                }
                Op::InlineImage(_) => self.read.has_pictures = true,
                Op::BeginMarkedContent(_) => self.instead.push(None),
                Op::BeginMarkedContentWithProperties(part) => {
                    self.instead.push(instead(part.1, resources));
                }
                Op::EndMarkedContent(_) if self.instead.len() > parts => _ = self.instead.pop(),
                _ => {}
            }
            // A page of garbage may open parts for ever.
            self.instead.truncate(parts + STATES);
        }
        self.instead.truncate(parts);
        Some(())
    }

    /// Runs a form, or notes a picture.
    fn object(
        &mut self,
        stream: &Stream<'a>,
        resources: &Resources<'a>,
        state: &State<'a>,
        depth: usize,
    ) -> Option<()> {
        let dict = stream.dict();
        match dict.get::<Name<'_>>(keys::SUBTYPE) {
            Some(kind) if *kind == *keys::FORM => {}
            Some(kind) if *kind == *keys::IMAGE => {
                self.read.has_pictures = true;
                return Some(());
            }
            _ => return Some(()),
        }
        if depth == DEPTH {
            return Some(());
        }
        let Ok(content) = stream.decoded_data() else {
            return Some(());
        };
        let mut inner = state.clone();
        inner.page *= Affine::new(dict.get::<[f64; 6]>(keys::MATRIX).unwrap_or(ONE));
        let own = dict.get::<Dict<'_>>(keys::RESOURCES).map(Resources::new);
        let resources = own.as_ref().unwrap_or(resources);
        self.content(TypedIter::new(&content), resources, inner, depth + 1)
    }

    /// Runs the appearance of an annotation: of a filled field, or a note on the page.
    fn note(&mut self, note: &Dict<'a>, resources: &Resources<'a>, page: Affine) -> Option<()> {
        const HIDDEN: u32 = 1 << 1 | 1 << 5;
        if note.get::<u32>(keys::F).unwrap_or(0) & HIDDEN != 0 {
            return Some(());
        }
        let shown = note.get::<Dict<'_>>(keys::AP).and_then(|shown| {
            shown.get::<Stream<'_>>(keys::N).or_else(|| {
                let state = note.get::<Name<'_>>(keys::AS)?;
                shown.get::<Dict<'_>>(keys::N)?.get::<Stream<'_>>(&state)
            })
        });
        let Some(shown) = shown else {
            return Some(());
        };
        let place = note.get::<[f64; 4]>(keys::RECT).unwrap_or_default();
        let state = State::new(page * Affine::translate((place[0], place[1])));
        let had_pictures = self.read.has_pictures;
        let run = self.object(&shown, resources, &state, 0);
        // A stamp is no picture of a page.
        self.read.has_pictures = had_pictures;
        run
    }

    fn show(&mut self, state: &State<'a>, text: &mut Affine, shown: &Bytes<'_>) {
        let Some(font) = &state.font else {
            return;
        };
        let mut rest = shown.as_bytes();
        let along = if font.is_horizontal() {
            Vec2::new(1.0, 0.0)
        } else {
            Vec2::new(0.0, -1.0)
        };
        while !rest.is_empty() {
            let code = font.read(rest);
            let is_space = code.length == 1 && rest[0] == b' ';
            rest = &rest[code.length..];
            let extra = state.letter + if is_space { state.word } else { 0.0 };
            let way = code.advance * (state.size / 1000.0);
            let way = if font.is_horizontal() {
                Vec2::new((way.x + extra) * state.scale, 0.0)
            } else {
                // The way is down, so space between glyphs is negative.
                Vec2::new(0.0, way.y + extra)
            };
            let place = state.page * *text * Affine::translate((0.0, state.rise));
            *text *= Affine::translate(way);
            let end = state.page * *text * Affine::translate((0.0, state.rise)) * Point::ZERO;
            let turned = |by: Vec2| place * by.to_point() - place * Point::ZERO;
            let direction = turned(along);
            let glyph = Glyph {
                start: place * Point::ZERO,
                end,
                along: direction / direction.hypot().max(f64::MIN_POSITIVE),
                size: turned(Vec2::new(0.0, state.size)).hypot(),
                text: code.text.as_deref(),
            };
            self.add(glyph);
        }
    }

    fn add(&mut self, glyph: Glyph<'_>) {
        let layout = &mut self.read.layout;
        let Some(instead) = self.instead.iter_mut().flatten().next() else {
            return layout.add(&glyph);
        };
        if instead.is_empty() {
            return layout.keep(&glyph);
        }
        let text = std::mem::take(instead);
        layout.add(&Glyph {
            text: Some(&text),
            ..glyph
        });
    }
}

const ONE: [f64; 6] = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0];

fn matrix(numbers: [Number; 6]) -> Affine {
    Affine::new(numbers.map(|number| number.as_f64()))
}

fn move_back(state: &State<'_>, text: &mut Affine, back: &Number) {
    let way = -back.as_f64() / 1000.0 * state.size;
    let is_horizontal = state.font.as_ref().is_none_or(|font| font.is_horizontal());
    *text *= Affine::translate(if is_horizontal {
        (way * state.scale, 0.0)
    } else {
        (0.0, way)
    });
}

/// The text that stands instead of the glyphs of a part of the page: see the PDF specification, 14.9.4.
fn instead(properties: &Object<'_>, resources: &Resources<'_>) -> Option<String> {
    let find = |dict: &Dict<'_>| {
        let text = dict.get::<Bytes<'_>>(keys::ACTUAL_TEXT)?;
        Some(string(text.as_bytes()))
    };
    match properties {
        Object::Dict(dict) => find(dict),
        Object::Name(name) => find(&resources.properties.get::<Dict<'_>>(name)?),
        _ => None,
    }
}

/// A text string: UTF-16 or UTF-8 with a mark, else nearly Latin-1.
fn string(bytes: &[u8]) -> String {
    match bytes {
        [0xfe, 0xff, text @ ..] => {
            let (units, _) = text.as_chunks::<2>();
            let units = units.iter().map(|unit| u16::from_be_bytes(*unit));
            char::decode_utf16(units).flatten().collect()
        }
        [0xef, 0xbb, 0xbf, text @ ..] => String::from_utf8_lossy(text).into_owned(),
        _ => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_string_says_its_encoding() {
        #[track_caller]
        fn check(bytes: &[u8], expected: &str) {
            assert_eq!(string(bytes), expected);
        }
        check(b"\xfe\xff\xac\x00\x00a", "가a");
        check("\u{feff}가".as_bytes(), "가");
        check(b"caf\xe9", "café");
        check(b"\xfe\xff\xac", "");
        check(b"", "");
    }
}

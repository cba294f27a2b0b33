//! Extracts the syntaxes that the page highlights from a larger set.
//!
//! The set has two hundred syntaxes, which refer to each other's contexts by number and are compressed one by
//! one. The types here mirror syntect's stored format, so that only what is reachable from the chosen ones is
//! kept, and uncompressed: a server's Brotli compresses the whole better.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    error::Error,
    io::Read,
    path::Path,
};

use flate2::{
    Compression,
    read::{ZlibDecoder, ZlibEncoder},
};
use serde::{Deserialize, Serialize};
use syntect::{dumps, parsing::SyntaxDefinition};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[derive(Serialize, Deserialize)]
struct Set {
    syntaxes: Vec<Syntax>,
    paths: Vec<(String, usize)>,
}

#[derive(Serialize, Deserialize)]
struct Syntax {
    name: String,
    extensions: Vec<String>,
    scope: String,
    first_line: Option<String>,
    hidden: bool,
    variables: BTreeMap<String, String>,
    contexts: Vec<u8>,
}

#[derive(Default, Serialize, Deserialize)]
struct Contexts {
    names: BTreeMap<String, Id>,
    list: Vec<Context>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Id {
    syntax: usize,
    context: usize,
}

#[derive(Clone, Serialize, Deserialize)]
struct Context {
    meta_scope: Vec<String>,
    meta_content_scope: Vec<String>,
    meta_include_prototype: bool,
    clear_scopes: Option<Clear>,
    prototype: Option<Id>,
    uses_backrefs: bool,
    patterns: Vec<Pattern>,
}

#[derive(Clone, Serialize, Deserialize)]
enum Clear {
    TopN(usize),
    All,
}

#[derive(Clone, Serialize, Deserialize)]
enum Pattern {
    Match(Match),
    Include(Reference),
}

#[derive(Clone, Serialize, Deserialize)]
struct Match {
    has_captures: bool,
    regex: String,
    scope: Vec<String>,
    captures: Option<Vec<(usize, Vec<String>)>>,
    operation: Operation,
    with_prototype: Option<Reference>,
}

#[derive(Clone, Serialize, Deserialize)]
enum Operation {
    Push(Vec<Reference>),
    Set(Vec<Reference>),
    Pop,
    None,
}

#[derive(Clone, Serialize, Deserialize)]
enum Reference {
    Named(String),
    ByScope(String, Option<String>, bool),
    File(String, Option<String>, bool),
    Inline(String),
    Direct(Id),
}

/// Writes the syntaxes with these names, in the format of `syntect::dumps::from_uncompressed_data`.
pub fn write(names: &[&str], to: &Path) -> Result<()> {
    let mut builder = two_face::syntax::extra_newlines().into_builder();
    builder.add(SyntaxDefinition::load_from_str(
        include_str!("powershell.sublime-syntax"),
        true,
        None,
    )?);
    dumps::dump_to_uncompressed_file(&cut(&dumps::dump_binary(&builder.build()), names)?, to)?;
    Ok(())
}

/// Extracts the syntaxes with these names from a set in syntect's stored format. The first syntax of the set,
/// plain text, is kept: it replaces each embedded language that is left out.
fn cut(whole: &[u8], names: &[&str]) -> Result<Set> {
    let set: Set = dumps::from_reader(whole)?;
    for name in names {
        if !set.syntaxes.iter().any(|syntax| syntax.name == *name) {
            return Err(format!("there is no syntax {name}").into());
        }
    }
    let all: Vec<String> = set
        .syntaxes
        .iter()
        .map(|syntax| syntax.name.clone())
        .collect();
    let from = set
        .syntaxes
        .iter()
        .map(|syntax| Ok(dumps::from_reader(&syntax.contexts[..])?))
        .collect::<Result<Vec<Contexts>>>()?;
    let mut places = HashMap::new();
    let mut syntaxes = Vec::new();
    for (index, syntax) in set.syntaxes.into_iter().enumerate() {
        if index == 0 || names.contains(&&*syntax.name) {
            places.insert(index, syntaxes.len());
            syntaxes.push((index, syntax));
        }
    }
    let mut kept = Kept {
        plain: from[0].names["__main"],
        to: syntaxes.iter().map(|_| Contexts::default()).collect(),
        from,
        places,
        moved: HashMap::new(),
        todo: Vec::new(),
    };
    for (to, (index, _)) in syntaxes.iter().enumerate() {
        // The only name that syntect looks up.
        let start = kept.from[*index].names["__start"];
        let start = kept.place(start);
        kept.to[to].names.insert("__start".to_owned(), start);
    }
    if let Some((syntax, part)) = kept.follow().first() {
        let syntax = &syntaxes[*syntax].1.name;
        return Err(format!("{syntax} is not whole without {}", all[*part]).into());
    }
    let syntaxes = syntaxes
        .into_iter()
        .zip(kept.to)
        .map(|((_, syntax), contexts)| {
            Ok(Syntax {
                contexts: store(&contexts)?,
                // Needed only for files, and for compiling a syntax from its source.
                extensions: Vec::new(),
                first_line: None,
                variables: BTreeMap::new(),
                ..syntax
            })
        });
    Ok(Set {
        syntaxes: syntaxes.collect::<Result<_>>()?,
        paths: Vec::new(),
    })
}

/// Contexts while they are moved from the whole set to the small one.
struct Kept {
    plain: Id,
    from: Vec<Contexts>,
    to: Vec<Contexts>,
    /// The new index of each kept syntax.
    places: HashMap<usize, usize>,
    moved: HashMap<Id, Id>,
    /// Contexts that were moved, but still contain old indices.
    todo: Vec<Id>,
}

impl Kept {
    /// The new ID of a context.
    fn place(&mut self, from: Id) -> Id {
        if let Some(to) = self.moved.get(&from) {
            return *to;
        }
        let syntax = self.places[&from.syntax];
        let list = &mut self.to[syntax].list;
        let to = Id {
            syntax,
            context: list.len(),
        };
        list.push(self.from[from.syntax].list[from.context].clone());
        self.moved.insert(from, to);
        self.todo.push(to);
        to
    }

    /// Keeps everything reachable from the kept contexts. Returns pairs of a syntax (new index) and a missing
    /// syntax that it includes (old index).
    fn follow(&mut self) -> BTreeSet<(usize, usize)> {
        let mut missing = BTreeSet::new();
        while let Some(Id { syntax, context }) = self.todo.pop() {
            let mut followed = self.to[syntax].list[context].clone();
            followed.prototype = followed
                .prototype
                .filter(|id| self.places.contains_key(&id.syntax))
                .map(|id| self.place(id));
            followed.patterns.retain(|pattern| match pattern {
                Pattern::Match(_) => true,
                Pattern::Include(Reference::Direct(id)) => {
                    let kept = self.places.contains_key(&id.syntax);
                    if !kept {
                        missing.insert((syntax, id.syntax));
                    }
                    kept
                }
                // It has no target, so syntect would skip it.
                Pattern::Include(_) => false,
            });
            for pattern in &mut followed.patterns {
                match pattern {
                    Pattern::Include(reference) => self.renumber(reference),
                    Pattern::Match(found) => {
                        if let Operation::Push(list) | Operation::Set(list) = &mut found.operation {
                            for reference in list {
                                self.renumber(reference);
                            }
                        }
                        if let Some(reference) = &mut found.with_prototype {
                            self.renumber(reference);
                        }
                    }
                }
            }
            self.to[syntax].list[context] = followed;
        }
        missing
    }

    fn renumber(&mut self, reference: &mut Reference) {
        let id = match reference {
            Reference::Direct(id) if self.places.contains_key(&id.syntax) => *id,
            _ => self.plain,
        };
        *reference = Reference::Direct(self.place(id));
    }
}

/// Serializes to zlib's format, as syntect requires, but without compression.
fn store(value: &impl Serialize) -> Result<Vec<u8>> {
    let mut stored = Vec::new();
    ZlibEncoder::new(
        &inflated(&dumps::dump_binary(value))?[..],
        Compression::none(),
    )
    .read_to_end(&mut stored)?;
    Ok(stored)
}

fn inflated(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut plain = Vec::new();
    ZlibDecoder::new(bytes).read_to_end(&mut plain)?;
    Ok(plain)
}

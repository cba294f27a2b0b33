//! Maps the many scopes of the syntaxes to the few kinds that have a colour.

use std::collections::HashMap;

use collate_core::highlight::Kind;
use syntect::parsing::Scope;

/// The kind for each scope prefix; the longest matching prefix counts. A scope without a match is ignored in
/// favour of the scope around it.
const SCOPES: &[(&str, Option<Kind>)] = &[
    ("comment", Some(Kind::Comment)),
    ("constant", Some(Kind::Constant)),
    ("constant.numeric", Some(Kind::Number)),
    ("entity.name", Some(Kind::Type)),
    ("entity.name.constant", Some(Kind::Constant)),
    ("entity.name.function", Some(Kind::Function)),
    ("entity.name.label", Some(Kind::Constant)),
    ("entity.name.macro", Some(Kind::Function)),
    ("entity.name.method", Some(Kind::Function)),
    ("entity.name.section", Some(Kind::Heading)),
    ("entity.name.tag", Some(Kind::Tag)),
    ("entity.name.val", Some(Kind::Variable)),
    ("entity.name.variable", Some(Kind::Variable)),
    ("entity.other.attribute-name", Some(Kind::Variable)),
    ("entity.other.inherited-class", Some(Kind::Type)),
    ("entity.type.function", Some(Kind::Function)),
    ("keyword", Some(Kind::Keyword)),
    ("keyword.operator", Some(Kind::Operator)),
    ("keyword.operator.alphanumeric", Some(Kind::Keyword)),
    ("keyword.operator.logical.python", Some(Kind::Keyword)),
    ("keyword.operator.new", Some(Kind::Keyword)),
    ("keyword.operator.word", Some(Kind::Keyword)),
    ("keyword.other.unit", Some(Kind::Number)),
    ("markup.deleted", Some(Kind::Deleted)),
    ("markup.heading", Some(Kind::Heading)),
    ("markup.inserted", Some(Kind::Inserted)),
    ("markup.quote", Some(Kind::Comment)),
    ("markup.raw", Some(Kind::String)),
    ("markup.underline.link", Some(Kind::String)),
    ("meta.annotation", Some(Kind::Variable)),
    ("meta.diff.header", Some(Kind::Heading)),
    ("meta.diff.range", Some(Kind::Type)),
    ("meta.header.diff", Some(Kind::Heading)),
    ("meta.interpolation", None),
    ("meta.template.expression", None),
    ("punctuation", Some(Kind::Punctuation)),
    ("punctuation.definition.annotation", Some(Kind::Variable)),
    ("punctuation.definition.comment", Some(Kind::Comment)),
    ("punctuation.definition.constant", Some(Kind::Constant)),
    ("punctuation.definition.deleted", Some(Kind::Deleted)),
    ("punctuation.definition.from-file", Some(Kind::Heading)),
    ("punctuation.definition.heading", Some(Kind::Heading)),
    ("punctuation.definition.inserted", Some(Kind::Inserted)),
    ("punctuation.definition.keyword", Some(Kind::Keyword)),
    ("punctuation.definition.numeric", Some(Kind::Number)),
    ("punctuation.definition.parameter", Some(Kind::Variable)),
    ("punctuation.definition.string", Some(Kind::String)),
    ("punctuation.definition.to-file", Some(Kind::Heading)),
    ("punctuation.definition.variable", Some(Kind::Variable)),
    ("punctuation.separator.decimal", Some(Kind::Number)),
    ("source", None),
    ("storage", Some(Kind::Keyword)),
    ("storage.modifier.array", Some(Kind::Punctuation)),
    ("storage.type.haskell", Some(Kind::Type)),
    ("storage.type.primitive", Some(Kind::Type)),
    ("storage.type.numeric", Some(Kind::Type)),
    ("storage.type.string", Some(Kind::String)),
    ("string", Some(Kind::String)),
    ("string.unquoted.plain.out.yaml", None),
    ("support.class", Some(Kind::Type)),
    ("support.constant", Some(Kind::Constant)),
    ("support.function", Some(Kind::Function)),
    ("support.macro", Some(Kind::Function)),
    ("support.module", Some(Kind::Type)),
    ("support.type", Some(Kind::Type)),
    ("support.type.property-name", Some(Kind::Variable)),
    ("support.variable", Some(Kind::Variable)),
    ("variable.annotation", Some(Kind::Variable)),
    ("variable.declaration.sass", Some(Kind::Variable)),
    ("variable.function", Some(Kind::Function)),
    ("variable.language", Some(Kind::Keyword)),
    ("variable.macro", Some(Kind::Function)),
    ("variable.other.constant", Some(Kind::Constant)),
    ("variable.other.member", Some(Kind::Variable)),
    ("variable.other.property", Some(Kind::Variable)),
    ("variable.other.normal.shell", Some(Kind::Variable)),
    ("variable.other.perl", Some(Kind::Variable)),
    ("variable.other.php", Some(Kind::Variable)),
    ("variable.other.powershell", Some(Kind::Variable)),
    ("variable.other.readwrite.perl", Some(Kind::Variable)),
    ("variable.other.readwrite.shell", Some(Kind::Variable)),
    ("variable.parameter", Some(Kind::Variable)),
];

/// A JSON key is a string, but isn't coloured like the string values.
const KEY: &str = "meta.mapping.key";

/// Finds the kind of a scope, with a cache.
#[derive(Debug)]
pub struct Kinds {
    scopes: Vec<(Scope, Option<Kind>)>,
    found: HashMap<Scope, Effect>,
    key: Scope,
}

/// The effect of a scope on its contents.
#[derive(Clone, Copy, Debug)]
enum Effect {
    Kind(Kind),
    Plain,
    Nothing,
}

impl Kinds {
    pub fn new() -> Self {
        let scope = |name| Scope::new(name).expect("a scope of few and short words");
        let mut scopes: Vec<_> = SCOPES
            .iter()
            .map(|(name, kind)| (scope(name), *kind))
            .collect();
        scopes.sort_by_key(|(scope, _)| std::cmp::Reverse(scope.len()));
        Self {
            scopes,
            found: HashMap::new(),
            key: scope(KEY),
        }
    }

    /// The kind of text in these scopes, listed from the outermost.
    pub fn of(&mut self, stack: &[Scope]) -> Option<Kind> {
        for (depth, scope) in stack.iter().enumerate().rev() {
            let around = &stack[..depth];
            match self.scope(*scope) {
                Effect::Kind(Kind::String) if self.is_key(around) => return Some(Kind::Variable),
                Effect::Kind(kind) => return Some(kind),
                Effect::Plain => return None,
                Effect::Nothing => {}
            }
        }
        None
    }

    fn is_key(&self, around: &[Scope]) -> bool {
        around.iter().any(|scope| self.key.is_prefix_of(*scope))
    }

    fn scope(&mut self, scope: Scope) -> Effect {
        let Self { scopes, found, .. } = self;
        *found.entry(scope).or_insert_with(|| {
            match scopes.iter().find(|(start, _)| start.is_prefix_of(scope)) {
                Some((_, Some(kind))) => Effect::Kind(*kind),
                Some((_, None)) => Effect::Plain,
                None => Effect::Nothing,
            }
        })
    }
}

//! Kinds of tokens in code that have a colour of their own.

/// Kind of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// Comment.
    Comment = 1,
    /// Keyword of the language.
    Keyword,
    /// Type, class or namespace.
    Type,
    /// Function, in definitions and calls.
    Function,
    /// String with its quotes.
    String,
    /// Number with its unit.
    Number,
    /// Constant, such as `true`, or an escape in a string.
    Constant,
    /// Property, attribute or parameter; in languages with variable sigils, a variable.
    Variable,
    /// Operator.
    Operator,
    /// Separator.
    Punctuation,
    /// Markup element or YAML key.
    Tag,
    /// Heading or section.
    Heading,
    /// Inserted line of a diff.
    Inserted,
    /// Deleted line of a diff.
    Deleted,
}

impl Kind {
    /// All kinds in the order of their numbers, which start at 1.
    pub const ALL: [Self; 14] = [
        Self::Comment,
        Self::Keyword,
        Self::Type,
        Self::Function,
        Self::String,
        Self::Number,
        Self::Constant,
        Self::Variable,
        Self::Operator,
        Self::Punctuation,
        Self::Tag,
        Self::Heading,
        Self::Inserted,
        Self::Deleted,
    ];

    /// Returns the kind with this number.
    pub fn of(number: u32) -> Option<Self> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        Self::ALL.get(index).copied()
    }

    /// Returns the name for style sheets.
    pub fn name(self) -> &'static str {
        match self {
            Self::Comment => "comment",
            Self::Keyword => "keyword",
            Self::Type => "type",
            Self::Function => "function",
            Self::String => "string",
            Self::Number => "number",
            Self::Constant => "constant",
            Self::Variable => "variable",
            Self::Operator => "operator",
            Self::Punctuation => "punctuation",
            Self::Tag => "tag",
            Self::Heading => "heading",
            Self::Inserted => "inserted",
            Self::Deleted => "deleted",
        }
    }
}

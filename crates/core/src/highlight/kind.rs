//! What a piece of code is, as far as it has a colour of its own.

/// What a piece of code is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// A comment.
    Comment = 1,
    /// A word of the language.
    Keyword,
    /// A type, a class, a namespace.
    Type,
    /// A function, where it is made and where it is called.
    Function,
    /// A string, with its quotes.
    String,
    /// A number, with its unit.
    Number,
    /// A constant, such as `true`; an escape in a string.
    Constant,
    /// A property, an attribute, a parameter; where variables have a sign of their own, a variable.
    Variable,
    /// An operator.
    Operator,
    /// What separates.
    Punctuation,
    /// An element of markup; a key of YAML.
    Tag,
    /// A heading, a section.
    Heading,
    /// What a difference adds.
    Inserted,
    /// What a difference takes away.
    Deleted,
}

impl Kind {
    /// All kinds, in the order of their numbers, which start at 1.
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

    /// The kind with this number.
    pub fn of(number: u32) -> Option<Self> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        Self::ALL.get(index).copied()
    }

    /// Its name, for a style sheet.
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

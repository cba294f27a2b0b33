//! Reads the header of a GGUF file as its bytes arrive.
//!
//! Source: the GGUF specification (`docs/gguf.md` of ggml), versions 2 and 3. All numbers are
//! little-endian:
//!
//! ```text
//! "GGUF", version: u32, tensors: u64, entries: u64
//! each entry:  key: text, type: u32, value
//! each tensor: name: text, dimensions: u32, each: u64, type: u32, offset: u64
//! padding to the alignment, then the tensors' data
//! text:        length: u64, UTF-8
//! array:       type: u32, length: u64, values
//! ```

use crate::error::Error;

/// Maximum length of a text, in bytes: a chat template has some ten thousand.
const MAX_TEXT: u64 = 1 << 20;
/// Maximum number of metadata entries: files have some forty.
const MAX_ENTRIES: u64 = 1024;
/// Maximum number of tensors: the largest models have some thousand.
const MAX_TENSORS: u64 = 1 << 14;
/// Maximum number of values in an array: the largest vocabularies have a quarter of a million tokens, and
/// somewhat more merges.
const MAX_VALUES: u64 = 1 << 20;
/// Maximum number of new bytes that are joined with pending ones at a time.
const PIECE: usize = 1 << 16;

/// A metadata value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// An integer of any width.
    Integer(i64),
    /// A number of either precision.
    Float(f32),
    /// A Boolean.
    Bool(bool),
    /// A text.
    Text(String),
    /// An array of texts.
    Texts(Vec<String>),
    /// An array of integers.
    Integers(Vec<i32>),
    /// An array of any other type, which is never needed here.
    Other,
}

/// The description of a tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tensor {
    /// Name, such as `blk.0.attn_q.weight`.
    pub name: String,
    /// The length of a row, then the number of rows, and so on: one to four numbers.
    pub dimensions: Vec<u64>,
    /// ggml's type number.
    pub kind: u32,
    /// Offset from the beginning of the data, in bytes.
    pub offset: u64,
}

/// Everything before the tensors' data.
#[derive(Debug, Default)]
pub struct Header {
    /// The metadata.
    pub entries: Vec<(String, Value)>,
    /// The tensors, in the file's order.
    pub tensors: Vec<Tensor>,
    /// Offset of the tensors' data from the beginning of the file, in bytes.
    pub data: u64,
}

/// The value types of the specification.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Type {
    Unsigned(usize),
    Signed(usize),
    Single,
    Double,
    Bool,
    Text,
    Array,
}

impl Type {
    fn of(number: u32) -> Result<Self, Error> {
        Ok(match number {
            0 => Self::Unsigned(1),
            1 => Self::Signed(1),
            2 => Self::Unsigned(2),
            3 => Self::Signed(2),
            4 => Self::Unsigned(4),
            5 => Self::Signed(4),
            6 => Self::Single,
            7 => Self::Bool,
            8 => Self::Text,
            9 => Self::Array,
            10 => Self::Unsigned(8),
            11 => Self::Signed(8),
            12 => Self::Double,
            _ => return Err(damaged("an unknown type of value")),
        })
    }

    /// Minimum size of a value, in bytes.
    const fn least(self) -> u64 {
        match self {
            Self::Unsigned(bytes) | Self::Signed(bytes) => bytes as u64,
            Self::Bool => 1,
            Self::Single => 4,
            Self::Double | Self::Text => 8,
            Self::Array => 12,
        }
    }
}

/// The next part to read.
enum Stage {
    Beginning,
    Entries { left: u64, tensors: u64 },
    Array(Array),
    Tensors { left: u64 },
    Done,
}

/// An array that is partly read.
struct Array {
    key: String,
    kind: Type,
    left: u64,
    into: Value,
    entries: u64,
    tensors: u64,
}

/// Reason for a stop: more bytes are needed, or the file is wrong.
enum Halt {
    More,
    Wrong(Error),
}

impl From<Error> for Halt {
    fn from(error: Error) -> Self {
        Self::Wrong(error)
    }
}

/// Reads a header as its bytes arrive.
pub struct Reader {
    len: u64,
    at: u64,
    pending: Vec<u8>,
    stage: Stage,
    header: Header,
}

impl Reader {
    /// Creates a reader for a file of `len` bytes.
    pub fn new(len: u64) -> Self {
        Self {
            len,
            at: 0,
            pending: Vec::new(),
            stage: Stage::Beginning,
            header: Header::default(),
        }
    }

    /// Takes the next bytes of the file. Once the header ends, returns the number of `bytes` that belong to
    /// it, without the padding.
    ///
    /// # Errors
    ///
    /// Any error in the bytes read so far.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Option<usize>, Error> {
        let mut taken = 0;
        for piece in bytes.chunks(PIECE) {
            let held = self.pending.len();
            self.pending.extend_from_slice(piece);
            let pending = std::mem::take(&mut self.pending);
            let mut cursor = Cursor {
                bytes: &pending,
                left: self.len - self.at,
            };
            loop {
                let before = cursor.clone();
                match self.step(&mut cursor) {
                    Ok(()) => {}
                    Err(Halt::More) => {
                        cursor = before;
                        break;
                    }
                    Err(Halt::Wrong(error)) => return Err(error),
                }
                if matches!(self.stage, Stage::Done) {
                    break;
                }
            }
            let used = pending.len() - cursor.bytes.len();
            self.at = self.len - cursor.left;
            if matches!(self.stage, Stage::Done) {
                self.header.data = data(&self.header, self.at)?;
                return Ok(Some(taken + used - held));
            }
            taken += piece.len();
            self.pending = pending;
            self.pending.drain(..used);
        }
        Ok(None)
    }

    /// Returns the header, once `push` has found its end.
    pub fn finish(self) -> Header {
        self.header
    }

    /// Reads one whole item, or nothing.
    fn step(&mut self, from: &mut Cursor<'_>) -> Result<(), Halt> {
        match &mut self.stage {
            Stage::Beginning => {
                let (tensors, entries) = beginning(from)?;
                self.stage = Stage::Entries {
                    left: entries,
                    tensors,
                };
            }
            Stage::Entries { left: 0, tensors } => {
                self.stage = Stage::Tensors { left: *tensors };
            }
            Stage::Entries { left, tensors } => {
                let key = from.text()?;
                let kind = Type::of(from.u32()?)?;
                if self.header.entries.iter().any(|(known, _)| known == key) {
                    return Err(damaged("a key of the metadata twice").into());
                }
                if kind == Type::Array {
                    let array = Array {
                        kind: Type::of(from.u32()?)?,
                        left: from.u64()?,
                        key: key.to_owned(),
                        into: Value::Other,
                        entries: *left - 1,
                        tensors: *tensors,
                    };
                    self.stage = Stage::Array(array.checked(from.left)?);
                } else {
                    let value = from.value(kind)?;
                    *left -= 1;
                    self.header.entries.push((key.to_owned(), value));
                }
            }
            Stage::Array(array) if array.left == 0 => {
                let key = std::mem::take(&mut array.key);
                let value = std::mem::replace(&mut array.into, Value::Other);
                self.stage = Stage::Entries {
                    left: array.entries,
                    tensors: array.tensors,
                };
                self.header.entries.push((key, value));
            }
            Stage::Array(array) => {
                match (&mut array.into, from.value(array.kind)?) {
                    (Value::Texts(texts), Value::Text(text)) => texts.push(text),
                    (Value::Integers(numbers), Value::Integer(number)) => numbers.push(
                        i32::try_from(number)
                            .map_err(|_| Error::TooLarge("a number of an array".to_owned()))?,
                    ),
                    _ => {}
                }
                array.left -= 1;
            }
            Stage::Tensors { left: 0 } => self.stage = Stage::Done,
            Stage::Tensors { left } => {
                let tensor = from.tensor()?;
                *left -= 1;
                self.header.tensors.push(tensor);
            }
            Stage::Done => {}
        }
        Ok(())
    }
}

impl Array {
    /// Prepares the destination of the values, if the file has room for them.
    fn checked(mut self, room: u64) -> Result<Self, Error> {
        match self.left.checked_mul(self.kind.least()) {
            Some(bytes) if bytes <= room => {}
            _ => return Err(Error::Cut),
        }
        if self.left > MAX_VALUES {
            return Err(Error::TooLarge("an array of the metadata".to_owned()));
        }
        self.into = match self.kind {
            Type::Array => return Err(Error::Unsupported("an array of arrays".to_owned())),
            Type::Text => Value::Texts(Vec::new()),
            Type::Unsigned(1 | 2 | 4) | Type::Signed(1 | 2 | 4) => Value::Integers(Vec::new()),
            _ => Value::Other,
        };
        Ok(self)
    }
}

/// Reads the number of tensors and of metadata entries.
fn beginning(from: &mut Cursor<'_>) -> Result<(u64, u64), Halt> {
    // Any other kind of file is recognised by its first bytes, however short it is.
    let first = &from.bytes[..from.bytes.len().min(4)];
    if !b"GGUF".starts_with(first) {
        return Err(Error::NotGguf.into());
    }
    from.take(4)?;
    match from.u32()? {
        2 | 3 => {}
        1 => return Err(Error::Unsupported("version 1 of GGUF".to_owned()).into()),
        version if matches!(version.swap_bytes(), 1..=3) => {
            return Err(Error::Unsupported("a big-endian file".to_owned()).into());
        }
        _ => return Err(Error::Unsupported("a newer version of GGUF".to_owned()).into()),
    }
    let tensors = from.u64()?;
    let entries = from.u64()?;
    if entries > MAX_ENTRIES {
        return Err(Error::TooLarge("the number of the metadata's entries".to_owned()).into());
    }
    if tensors > MAX_TENSORS {
        return Err(Error::TooLarge("the number of tensors".to_owned()).into());
    }
    Ok((tensors, entries))
}

/// The offset of the tensors' data in a file whose header ends at `end`.
fn data(header: &Header, end: u64) -> Result<u64, Error> {
    let alignment = header.integer("general.alignment")?.unwrap_or(32);
    if !alignment.is_power_of_two() || alignment < 8 {
        return Err(damaged("general.alignment"));
    }
    end.checked_next_multiple_of(alignment)
        .ok_or_else(|| damaged("general.alignment"))
}

/// The available bytes, and the number of bytes from their start to the end of the file.
#[derive(Clone)]
struct Cursor<'a> {
    bytes: &'a [u8],
    left: u64,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, len: u64) -> Result<&'a [u8], Halt> {
        if len > self.left {
            return Err(Error::Cut.into());
        }
        let taken = usize::try_from(len)
            .ok()
            .and_then(|len| self.bytes.split_at_checked(len));
        let Some((taken, rest)) = taken else {
            return Err(Halt::More);
        };
        self.bytes = rest;
        self.left -= len;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Halt> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N as u64)?);
        Ok(array)
    }

    fn u32(&mut self) -> Result<u32, Halt> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, Halt> {
        self.array().map(u64::from_le_bytes)
    }

    fn text(&mut self) -> Result<&'a str, Halt> {
        let len = self.u64()?;
        if len > self.left {
            return Err(Error::Cut.into());
        }
        if len > MAX_TEXT {
            return Err(Error::TooLarge("a text of the metadata".to_owned()).into());
        }
        let bytes = self.take(len)?;
        str::from_utf8(bytes).map_err(|_| damaged("a text that is not UTF-8").into())
    }

    fn value(&mut self, kind: Type) -> Result<Value, Halt> {
        Ok(match kind {
            Type::Unsigned(bytes) => Value::Integer(
                i64::try_from(self.unsigned(bytes)?)
                    .map_err(|_| Error::TooLarge("a number of the metadata".to_owned()))?,
            ),
            Type::Signed(bytes) => {
                let unused = 64 - 8 * u32::try_from(bytes).expect("a number has at most 8 bytes");
                Value::Integer((self.unsigned(bytes)?.cast_signed() << unused) >> unused)
            }
            Type::Single => Value::Float(f32::from_le_bytes(self.array()?)),
            #[expect(
                clippy::cast_possible_truncation,
                reason = "no value here needs more than single precision"
            )]
            Type::Double => Value::Float(f64::from_le_bytes(self.array()?) as f32),
            Type::Bool => match self.array()? {
                [0] => Value::Bool(false),
                [1] => Value::Bool(true),
                _ => return Err(damaged("neither true nor false").into()),
            },
            Type::Text => Value::Text(self.text()?.to_owned()),
            Type::Array => return Err(damaged("an array in an array").into()),
        })
    }

    fn unsigned(&mut self, bytes: usize) -> Result<u64, Halt> {
        let mut array = [0; 8];
        array[..bytes].copy_from_slice(self.take(bytes as u64)?);
        Ok(u64::from_le_bytes(array))
    }

    fn tensor(&mut self) -> Result<Tensor, Halt> {
        let name = self.text()?;
        let count = self.u32()?;
        if !(1..=4).contains(&count) {
            return Err(damaged("the dimensions of a tensor").into());
        }
        let mut dimensions = [0; 4];
        let dimensions = &mut dimensions[..count as usize];
        for dimension in &mut *dimensions {
            *dimension = self.u64()?;
        }
        Ok(Tensor {
            kind: self.u32()?,
            offset: self.u64()?,
            name: name.to_owned(),
            dimensions: dimensions.to_vec(),
        })
    }
}

impl Header {
    /// The value of a key.
    pub fn value(&self, key: &str) -> Option<&Value> {
        self.entries
            .iter()
            .find_map(|(known, value)| (known == key).then_some(value))
    }

    /// Removes and returns the value of a key, so that the tokens aren't copied.
    pub fn take(&mut self, key: &str) -> Option<Value> {
        let place = self.entries.iter().position(|(known, _)| known == key)?;
        Some(self.entries.swap_remove(place).1)
    }

    /// A non-negative integer.
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`] if it is an array, as for models whose layers differ; [`Error::Damaged`] for
    /// any other type.
    pub fn integer(&self, key: &str) -> Result<Option<u64>, Error> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::Integer(number)) => {
                u64::try_from(*number).map(Some).map_err(|_| damaged(key))
            }
            Some(Value::Integers(_)) => Err(Error::Unsupported(format!("{key} for each layer"))),
            Some(_) => Err(damaged(key)),
        }
    }

    /// An integer from 1 to `most`.
    ///
    /// # Errors
    ///
    /// See [`Self::integer`]; [`Error::TooLarge`] if the number is larger.
    pub fn bounded(&self, key: &str, max: usize) -> Result<Option<usize>, Error> {
        match self.integer(key)? {
            None => Ok(None),
            Some(0) => Err(damaged(key)),
            Some(number) => match usize::try_from(number) {
                Ok(number) if number <= max => Ok(Some(number)),
                _ => Err(Error::TooLarge(key.to_owned())),
            },
        }
    }

    /// A number.
    ///
    /// # Errors
    ///
    /// [`Error::Damaged`] if it is not a number, or not finite.
    pub fn float(&self, key: &str) -> Result<Option<f32>, Error> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::Float(number)) if number.is_finite() => Ok(Some(*number)),
            Some(_) => Err(damaged(key)),
        }
    }

    /// A Boolean.
    ///
    /// # Errors
    ///
    /// [`Error::Damaged`] if it is not a Boolean.
    pub fn bool(&self, key: &str) -> Result<Option<bool>, Error> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(*value)),
            Some(_) => Err(damaged(key)),
        }
    }

    /// A text.
    ///
    /// # Errors
    ///
    /// [`Error::Damaged`] if it is not a text.
    pub fn text(&self, key: &str) -> Result<Option<&str>, Error> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(_) => Err(damaged(key)),
        }
    }
}

/// Creates the error for a file that contradicts itself.
pub(crate) fn damaged(what: &str) -> Error {
    Error::Damaged(what.to_owned())
}

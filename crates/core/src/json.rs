//! JSON parsing with little code: an unexpected value gives no detailed error, and a struct is an
//! object, never an array. Unknown fields can be kept and written back.

use std::{cell::RefCell, fmt, vec};

use serde::{
    Deserializer, Serialize,
    de::{self, DeserializeOwned, DeserializeSeed, IntoDeserializer, Visitor},
    forward_to_deserialize_any,
};
use serde_json::{Map, Value, map};

/// Parses a value from JSON; None if it can't be read.
pub fn read<T: DeserializeOwned>(text: &str) -> Option<T> {
    of(serde_json::from_str(text).ok()?)
}

/// Reads a value from parsed JSON; None if it can't be read.
pub fn of<T: DeserializeOwned>(value: Value) -> Option<T> {
    T::deserialize(Stored(value)).ok()
}

/// Parses a value from JSON, and its unknown fields: a later version wrote them.
pub fn read_all<T: DeserializeOwned>(text: &str) -> Option<(T, Rest)> {
    let found = Some(Found::default());
    let before = FOUND.replace(found);
    let value = read(text);
    let found = FOUND.replace(before).unwrap_or_default();
    Some((value?, Rest(found.rest)))
}

/// Serializes a value as JSON; empty on failure, which no value of ours causes.
pub fn write(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// Unknown fields, with the path to the object that has them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rest(Vec<(Vec<Step>, String, Value)>);

/// One step of the path to an object.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Field(String),
    /// To the item with this identifier.
    Item(Value),
    /// To the item at this index.
    Nth(usize),
}

impl Rest {
    /// Adds another copy's fields.
    pub fn extend(&mut self, other: Self) {
        for field in other.0 {
            if !self.0.contains(&field) {
                self.0.push(field);
            }
        }
    }

    /// Serializes a value as JSON, with these fields where their objects still exist.
    pub fn write(&self, value: &impl Serialize) -> String {
        let text = write(value);
        if self.0.is_empty() {
            return text;
        }
        // This is rare: the detour through text needs no code per type.
        let mut value: Value = serde_json::from_str(&text).unwrap_or_default();
        for (way, field, content) in &self.0 {
            let record = way.iter().try_fold(&mut value, |value, step| match step {
                Step::Field(field) => value.get_mut(field),
                Step::Nth(index) => value.get_mut(index),
                Step::Item(id) => {
                    let items = value.as_array_mut()?;
                    items.iter_mut().find(|item| item.get("id") == Some(id))
                }
            });
            if let Some(Value::Object(record)) = record
                && !record.contains_key(field)
            {
                record.insert(field.clone(), content.clone());
            }
        }
        value.to_string()
    }
}

/// State while a value is parsed.
#[derive(Default)]
struct Found {
    way: Vec<Step>,
    rest: Vec<(Vec<Step>, String, Value)>,
}

thread_local! {
    /// None while unknown fields are not wanted.
    static FOUND: RefCell<Option<Found>> = const { RefCell::new(None) };
}

/// Parses the inside of a value.
fn inside<T>(step: impl FnOnce() -> Step, read: impl FnOnce() -> T) -> T {
    let is_kept =
        FOUND.with_borrow_mut(|found| found.as_mut().map(|found| found.way.push(step())).is_some());
    let read = read();
    if is_kept {
        FOUND.with_borrow_mut(|found| found.as_mut().map(|found| found.way.pop()));
    }
    read
}

/// The value is not as expected.
#[derive(Debug)]
struct Unreadable;

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unreadable")
    }
}

impl std::error::Error for Unreadable {}

impl de::Error for Unreadable {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

/// A parsed value.
struct Stored(Value);

impl Stored {
    fn map<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        match self.0 {
            Value::Object(fields) => visitor.visit_map(Fields::of(fields)),
            _ => Err(Unreadable),
        }
    }
}

impl<'de> Deserializer<'de> for Stored {
    type Error = Unreadable;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(is_set) => visitor.visit_bool(is_set),
            Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(number), _) => visitor.visit_u64(number),
                (None, Some(number)) => visitor.visit_i64(number),
                (None, None) => visitor.visit_f64(number.as_f64().ok_or(Unreadable)?),
            },
            Value::String(text) => visitor.visit_string(text),
            Value::Array(items) => visitor.visit_seq(Items(items.into_iter(), 0)),
            Value::Object(fields) => visitor.visit_map(Fields::of(fields)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        match self.0 {
            Value::String(text) => visitor.visit_string(text),
            _ => Err(Unreadable),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        self.deserialize_string(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        match self.0 {
            Value::Array(items) => visitor.visit_seq(Items(items.into_iter(), 0)),
            _ => Err(Unreadable),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        self.map(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        FOUND.with_borrow_mut(|found| {
            let (Some(found), Value::Object(fields)) = (found, &self.0) else {
                return;
            };
            for (field, value) in fields {
                if !known.contains(&&**field) {
                    found
                        .rest
                        .push((found.way.clone(), field.clone(), value.clone()));
                }
            }
        });
        self.map(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        visitor.visit_enum(match self.0 {
            Value::String(name) => Variant(name, None),
            Value::Object(fields) => {
                let (name, content) = fields.into_iter().next().ok_or(Unreadable)?;
                Variant(name, Some(content))
            }
            _ => return Err(Unreadable),
        })
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char bytes byte_buf unit unit_struct tuple
        tuple_struct identifier
    }
}

/// Items of an array.
struct Items(vec::IntoIter<Value>, usize);

impl<'de> de::SeqAccess<'de> for Items {
    type Error = Unreadable;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Unreadable> {
        let Some(item) = self.0.next() else {
            return Ok(None);
        };
        self.1 += 1;
        let step = match item.get("id") {
            Some(id) => Step::Item(id.clone()),
            None => Step::Nth(self.1 - 1),
        };
        inside(|| step, || seed.deserialize(Stored(item))).map(Some)
    }
}

/// Fields of an object.
struct Fields {
    rest: map::IntoIter,
    /// Name of the current field.
    field: String,
    /// Value of the current field.
    value: Value,
}

impl Fields {
    fn of(fields: Map<String, Value>) -> Self {
        Self {
            rest: fields.into_iter(),
            field: String::new(),
            value: Value::Null,
        }
    }
}

impl<'de> de::MapAccess<'de> for Fields {
    type Error = Unreadable;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Unreadable> {
        let Some((key, value)) = self.rest.next() else {
            return Ok(None);
        };
        self.value = value;
        self.field.clone_from(&key);
        seed.deserialize(key.into_deserializer()).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, Unreadable> {
        let (field, value) = (std::mem::take(&mut self.field), self.value.take());
        inside(|| Step::Field(field), || seed.deserialize(Stored(value)))
    }
}

/// An enum variant: its name and its content.
struct Variant(String, Option<Value>);

impl<'de> de::EnumAccess<'de> for Variant {
    type Error = Unreadable;
    type Variant = Content;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Content), Unreadable> {
        let Self(name, content) = self;
        let variant = seed.deserialize(name.into_deserializer())?;
        Ok((variant, Content(content)))
    }
}

/// Content of an enum variant.
struct Content(Option<Value>);

impl Content {
    fn stored(self) -> Result<Stored, Unreadable> {
        self.0.map(Stored).ok_or(Unreadable)
    }
}

impl<'de> de::VariantAccess<'de> for Content {
    type Error = Unreadable;

    fn unit_variant(self) -> Result<(), Unreadable> {
        self.0.is_none().then_some(()).ok_or(Unreadable)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(
        self,
        seed: T,
    ) -> Result<T::Value, Unreadable> {
        seed.deserialize(self.stored()?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Unreadable> {
        Err(Unreadable)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        self.stored()?.map(visitor)
    }
}

#[cfg(test)]
mod tests;

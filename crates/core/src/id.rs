//! Identifiers that are unique across tabs.

/// Declares `Id`, the identifier of the module's main type: 64 bits, the time in milliseconds
/// before 20 random bits, so that later ones are greater. It serializes as 16 hexadecimal digits,
/// because JSON numbers are exact only up to 2⁵³.
macro_rules! declare_id {
    ($(#[$doc:meta])*) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct Id(u64);

        impl Id {
            /// Creates an identifier from 64 bits drawn by the caller.
            pub const fn new(bits: u64) -> Self {
                Self(bits)
            }

            /// Returns the 64 bits.
            pub const fn bits(self) -> u64 {
                self.0
            }
        }

        impl From<u64> for Id {
            fn from(bits: u64) -> Self {
                Self(bits)
            }
        }

        impl From<Id> for u64 {
            fn from(id: Id) -> Self {
                id.0
            }
        }

        impl std::fmt::Display for Id {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{:016x}", self.0)
            }
        }

        impl std::str::FromStr for Id {
            type Err = std::num::ParseIntError;

            fn from_str(digits: &str) -> Result<Self, Self::Err> {
                u64::from_str_radix(digits, 16).map(Self)
            }
        }

        impl serde::Serialize for Id {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for Id {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let digits = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                digits.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

pub(crate) use declare_id;

/// Creates an identifier from the time in milliseconds since 1970 and the lower 20 random bits. It
/// is unique enough among one person's chats, and no secret.
pub fn fresh<Id: From<u64>>(now: u64, random: u64) -> Id {
    (now << 20 | random & ((1 << 20) - 1)).into()
}

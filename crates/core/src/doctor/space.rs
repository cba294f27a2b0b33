//! Address spaces: they decide whether a page may send requests to an address at all.

/// An address space, from the farthest to the nearest. A page needs the user's permission for
/// requests to a nearer space than its own server's.
///
/// Source: the «Local Network Access» specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Space {
    /// The internet, as far as the address tells.
    Public,
    /// The user's own network.
    Local,
    /// The same computer.
    Loopback,
}

impl Space {
    /// Returns the space of a host by its name: a host in brackets is an IPv6 address. A name
    /// without a dot is in the user's own network.
    pub fn of(host: &str) -> Self {
        let host = host.to_ascii_lowercase();
        if let Some(address) = host.strip_prefix('[') {
            return match address {
                _ if address.starts_with("::1]") => Self::Loopback,
                _ if ["fc", "fd", "fe8", "fe9", "fea", "feb"]
                    .iter()
                    .any(|start| address.starts_with(start)) =>
                {
                    Self::Local
                }
                _ => Self::Public,
            };
        }
        let numbers: Option<Vec<u8>> = host.split('.').map(|part| part.parse().ok()).collect();
        match numbers.as_deref() {
            Some([127, _, _, _]) => Self::Loopback,
            Some([10, _, _, _] | [192, 168, _, _] | [169, 254, _, _] | [172, 16..=31, _, _]) => {
                Self::Local
            }
            _ if host == "localhost" || host.ends_with(".localhost") => Self::Loopback,
            _ if host.rsplit('.').next() == Some("local") || !host.contains('.') => Self::Local,
            _ => Self::Public,
        }
    }

    /// Returns the browsers' name for it, in options and permissions.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Local => "local",
            Self::Loopback => "loopback",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_tells_how_near_it_is() {
        #[track_caller]
        fn check(host: &str, expected: Space) {
            assert_eq!(Space::of(host), expected, "{host}");
        }
        for host in [
            "localhost",
            "LOCALHOST",
            "a.localhost",
            "127.0.0.1",
            "127.9.9.9",
            "[::1]",
        ] {
            check(host, Space::Loopback);
        }
        for host in [
            "10.1.2.3",
            "192.168.0.10",
            "172.16.0.1",
            "172.31.255.1",
            "169.254.1.1",
            "nas",
            "printer.local",
            "[fd00::1]",
            "[fe80::1]",
        ] {
            check(host, Space::Local);
        }
        for host in [
            "api.openai.com",
            "172.32.0.1",
            "11.0.0.1",
            "192.169.0.1",
            "[2001:db8::1]",
            "모델.example",
        ] {
            check(host, Space::Public);
        }
    }
}

//! What one process does. A laptop's does everything; a cluster's processes share the work.

use std::fmt;

/// One part of the platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Media, with WHIP and WHEP in front of it.
    Sfu,
    /// HLS and DASH, of what is published here.
    Bridge,
    /// The control plane: the API and the web client.
    Signaling,
}

impl Role {
    /// Every role of this build.
    pub(crate) const ALL: [Self; 3] = [Self::Sfu, Self::Bridge, Self::Signaling];

    /// Its name in the configuration and on the command line.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Sfu => "sfu",
            Self::Bridge => "bridge",
            Self::Signaling => "signaling",
        }
    }

    /// The role of that name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.label() == name)
    }
}

/// The roles of this process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Roles(Vec<Role>);

impl Roles {
    /// The roles of these names, which have been checked; none means all.
    pub(crate) fn from_names(names: &[String]) -> Self {
        let mut roles: Vec<Role> = names.iter().filter_map(|name| Role::parse(name)).collect();
        if roles.is_empty() {
            roles = Role::ALL.to_vec();
        }
        Self(roles)
    }

    /// Whether this process has a role.
    pub(crate) fn has(&self, role: Role) -> bool {
        self.0.contains(&role)
    }
}

impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.0.iter().map(|role| role.label()).collect();
        f.write_str(&names.join(","))
    }
}

//! What the row-level security of a database comes to for those who ask it.

/// One that asks: the login of the connections, or a role that requests act as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Its name in the database.
    pub name: String,
    /// What it is to the database.
    pub standing: Standing,
}

/// What one is to a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The login may not act as it, or there is no such role.
    Barred,
    /// It is a superuser, whom no policy narrows.
    Superuser,
    /// It has BYPASSRLS, so no policy narrows it.
    Bypasses,
    /// Policies narrow it; what it sees of each relation that was asked about.
    Narrowed(Vec<Sight>),
}

/// What one sees of a relation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sight {
    /// What the name means: the relation's number; none where it means nothing.
    pub relation: Option<u32>,
    /// Whether some of its columns may be read.
    pub is_readable: bool,
    /// What narrows its rows.
    pub rows: Rows,
}

/// What the database narrows the rows of a relation by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// Its policies.
    Policies,
    /// Nothing: it has policies, which do not hold for its owner.
    Owned,
    /// Nothing: row security is not enabled.
    All,
    /// What the owner of the view may see.
    OfOwner,
    /// Nothing: it holds a copy of rows.
    Copied,
}

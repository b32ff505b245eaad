//! Teams: the parts of an organization that hold its licences.

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Team {
    /// The vendor's number for it.
    pub id: i32,
    pub name: String,
}

//! What an organization's API is set to.

/// A change of it: what is `None` stays as it is, or at its default.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Switches {
    /// Calls are answered. Default true.
    pub api_enabled: Option<bool>,
    /// What a successful assign answers: 200 (default) or 204.
    pub assign_success_status: Option<u16>,
    /// An assign has to hold both flags. Default false.
    pub flags_required: Option<bool>,
}

//! The lists of the page, and what each of them is filtered by.

use crate::web::{error::PageError, view::Page};

/// What the page's query may name: of its own, and what the API's lists are filtered by.
pub(crate) const PARAMETERS: &[&str] = &[
    "organization",
    "as",
    "tab",
    "cursor",
    "pageSize",
    "q",
    "status",
    "sort",
    "keyType",
    "tokenLabel",
    "clientName",
    "createdAtSearchType",
    "createdAtValue",
    "createdAtUom",
    "createdAtFrom",
    "createdAtTo",
    "createdAtRangeFrom",
    "createdAtRangeTo",
    "lastActiveAtSearchType",
    "lastActiveAtValue",
    "lastActiveAtUom",
    "lastActiveAtFrom",
    "lastActiveAtTo",
    "lastActiveAtRangeFrom",
    "lastActiveAtRangeTo",
    "expiresAtSearchType",
    "expiresAtValue",
    "expiresAtUom",
    "expiresAtFrom",
    "expiresAtTo",
    "expiresAtRangeFrom",
    "expiresAtRangeTo",
];

/// What the page's query has of its own; the rest is the API's.
pub(super) const PAGE_ONLY: [&str; 3] = ["organization", "as", "tab"];

/// What the page lists. Its text stands in the page's query, and in the path of the API's list.
#[derive(Clone, Copy, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub(super) enum Tab {
    ApiTokens,
    ApiKeys,
    ServiceAccounts,
}

impl Tab {
    pub(super) const TITLES: [(Self, &'static str); 3] =
        [(Self::ApiTokens, "API tokens"), (Self::ApiKeys, "API keys"), (Self::ServiceAccounts, "Service accounts")];

    pub(super) fn name(self) -> &'static str {
        self.into()
    }

    /// The list that the query names, else the first.
    pub(super) fn find(page: &Page) -> Result<Self, PageError> {
        match page.get("tab") {
            "" => Ok(Self::ApiTokens),
            named => {
                named.parse().map_err(|_| page.find_nothing("list", named, Self::TITLES.map(|(tab, _)| tab.name())))
            }
        }
    }

    fn title(self) -> &'static str {
        Self::TITLES.into_iter().find(|(tab, _)| *tab == self).map_or("", |(_, title)| title)
    }

    /// Whether its list takes a parameter of the page.
    fn takes(self, name: &str) -> bool {
        let (own, dates): (&[&str], &[&str]) = match self {
            Self::ApiTokens => (&["cursor", "pageSize", "q", "status", "sort"], &["createdAt", "lastActiveAt"]),
            Self::ApiKeys => (&["cursor", "pageSize", "q", "sort", "keyType"], &["expiresAt", "lastActiveAt"]),
            Self::ServiceAccounts => (&["cursor", "tokenLabel", "clientName"], &[]),
        };
        PAGE_ONLY.contains(&name) || own.contains(&name) || dates.iter().any(|date| name.starts_with(date))
    }
}

/// Drops the filters of other lists from the query, and says so, because whoever wrote the address expects them to
/// count.
pub(super) fn keep_filters(page: &mut Page, tab: Tab) {
    let mut foreign: Vec<String> = page.query.keys().filter(|name| !tab.takes(name)).cloned().collect();
    foreign.sort_unstable();
    page.query.retain(|name, _| tab.takes(name));
    // What no list takes is said already.
    foreign.retain(|name| PARAMETERS.contains(&name.as_str()));
    let describe = |name: String| {
        let others = Tab::TITLES.into_iter().filter(|(other, _)| other.takes(&name));
        let others: Vec<&str> = others.map(|(_, title)| title).collect();
        format!("`{name}` is nothing that {} are filtered by, but {} are", tab.title(), others.join(" and "))
    };
    let said = page.unknown.take().into_iter().chain(foreign.into_iter().map(describe)).collect::<Vec<_>>();
    page.unknown = (!said.is_empty()).then(|| said.join("; "));
}

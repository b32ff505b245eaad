//! What the lists of Atlassian's administration mean for a seed (atlassian-api-access §7).

mod scope_words;

use std::collections::BTreeMap;

use self::scope_words::is_public_scope;
use crate::seed::import::{
    List,
    draft::{Draft, write_list},
    entry::{Entry, Value, Written},
    notes::Place,
    record::Record,
};

const fn list(option: &'static str, what: &'static str, help: &'static str, known_by: &'static [&'static str]) -> List {
    List { option, what, help, envelope: Some("data"), known_by, is_table: false, has_twins: false }
}

pub(crate) const TOKENS: List = list(
    "atlassian",
    "a list of API tokens",
    "Atlassian: GET /orgs/{orgId}/api-tokens",
    &["label", "user", "status", "createdAt"],
);
pub(crate) const KEYS: List = list(
    "atlassian-keys",
    "a list of API keys",
    "Atlassian: GET /orgs/{orgId}/api-keys",
    &["label", "resource", "createdBy"],
);
pub(crate) const ACCOUNTS: List = List {
    envelope: Some("items"),
    ..list(
        "atlassian-service-accounts",
        "a list of service accounts",
        "Atlassian: GET /orgs/{orgId}/service-accounts",
        &["id", "displayName", "container"],
    )
};
pub(crate) const ACCOUNT_TOKENS: List = List {
    envelope: None,
    ..list(
        "atlassian-service-account-tokens",
        "a list of service accounts' API tokens",
        "Atlassian: GET /orgs/{orgId}/service-accounts/api-tokens",
        &["label", "user", "status", "createdAt"],
    )
};
pub(crate) const CLIENTS: List = List {
    envelope: None,
    ..list(
        "atlassian-oauth-clients",
        "a list of service accounts' OAuth clients",
        "Atlassian: GET /orgs/{orgId}/service-accounts/oauth-clients",
        &["clientId", "clientName", "serviceAccount"],
    )
};

/// The label of the key that the seed gets, so that there is a credential that works.
const OWN_KEY: &str = "locum-import";

/// What was imported of an administration.
#[derive(Debug, Default)]
pub(crate) struct Import {
    /// There is a list, be it an empty one.
    was_asked: bool,
    keys: Vec<Entry>,
    /// A key that works and may do everything is among them.
    has_full_key: bool,
    tokens: Vec<Entry>,
    /// By id, as lists have it.
    accounts: BTreeMap<String, Entry>,
    /// In the order of the list; those that only other lists name are behind them.
    order: Vec<String>,
}

impl Import {
    /// Notes that there is a list, be it an empty one.
    pub(crate) fn note_list(&mut self) {
        self.was_asked = true;
    }

    pub(crate) fn add_token(&mut self, draft: &mut Draft, mut record: Record) {
        let place = record.place;
        let mut entry = Entry::new(place);
        let Some(user) = add_user(draft, &mut record, "user") else { return record.end(&mut draft.notes) };
        add_label(draft, &mut record, &mut entry, &user);
        entry.text("user", user);
        match record.text("status", &mut draft.notes).as_deref() {
            Some("ALLOWED") | None => {}
            Some("BLOCKED") => {
                entry.plain("status", "blocked");
            }
            Some(other) => draft.notes.warn(place, format!("`status: {other}` has no place in a seed")),
        }
        add_dates(draft, &mut record, &mut entry);
        add_scopes(draft, &mut record, &mut entry);
        add_id(draft, &mut record, &mut entry);
        record.end(&mut draft.notes);
        self.tokens.push(entry);
    }

    pub(crate) fn add_key(&mut self, draft: &mut Draft, mut record: Record) {
        let place = record.place;
        let mut entry = Entry::new(place);
        add_label(draft, &mut record, &mut entry, "\0keys");
        if let Some(creator) = add_user(draft, &mut record, "createdBy") {
            entry.text("created_by", creator);
        }
        let is_scoped = add_scopes(draft, &mut record, &mut entry);
        let is_over = add_dates(draft, &mut record, &mut entry);
        let is_full = !is_scoped && !is_over && !record.has("revocationDate");
        if let Some(id) = record.opt_text("orgId", &mut draft.notes) {
            draft.set_org_id(&id, place);
        }
        record.skip(&["resource", "token"]);
        record.expect("keyType", "CLOUD_ADMIN", &mut draft.notes);
        if record.has("revocationDate") {
            draft.notes.warn(place, "the key was revoked, and works in the seed");
        }
        add_id(draft, &mut record, &mut entry);
        record.end(&mut draft.notes);
        // Those that open most come first, because the first one is what clients are given.
        let at = if is_full { 0 } else { self.keys.len() };
        self.has_full_key |= is_full;
        self.keys.insert(at, entry);
    }

    pub(crate) fn add_account(&mut self, draft: &mut Draft, mut record: Record) {
        let place = record.place;
        let id = record.text("id", &mut draft.notes);
        let name = record.text("displayName", &mut draft.notes);
        let email = record.opt_text("email", &mut draft.notes);
        let other = record.opt_text("atlassianId", &mut draft.notes);
        if other.is_some() && other != id {
            draft.notes.warn(place, "`atlassianId` is not `id`: a seed has only one, which is `id`");
        }
        let container = record.opt_text("container", &mut draft.notes);
        if let Some(id) = container.as_deref().and_then(|ari| ari.rsplit_once("org/")) {
            draft.set_org_id(id.1, place);
        }
        let description = record.opt_text("description", &mut draft.notes);
        record.expect("status", "ACTIVE", &mut draft.notes);
        record.end(&mut draft.notes);
        let (Some(id), Some(name)) = (id, name) else { return };
        if self.accounts.contains_key(&id) {
            return draft.notes.refuse(place, format!("another service account has the id `{id}`"));
        }
        let mut entry = make_account(draft, &id, name, email, place);
        let description = description.map(|text| draft.hide("description", "Description ", text));
        entry.opt_text("description", description);
        self.insert_account(id, entry);
    }

    fn insert_account(&mut self, id: String, entry: Entry) {
        self.order.push(id.clone());
        self.accounts.insert(id, entry);
    }

    /// The account of a record, which is made where no list had it.
    fn find_account(&mut self, draft: &mut Draft, record: &mut Record, member: &str) -> Option<(String, &mut Entry)> {
        let place = record.place;
        let mut account = record.needed_object(member, &mut draft.notes)?;
        let id = account.text("id", &mut draft.notes)?;
        let name = account.opt_text("name", &mut draft.notes);
        let email = account.opt_text("email", &mut draft.notes);
        if let Some(org) = account.opt_text("orgId", &mut draft.notes) {
            draft.set_org_id(&org, place);
        }
        account.end(&mut draft.notes);
        if !self.accounts.contains_key(&id) {
            let name = name.clone().unwrap_or_else(|| id.clone());
            let entry = make_account(draft, &id, name, email, place);
            self.insert_account(id.clone(), entry);
        }
        let entry = self.accounts.get_mut(&id)?;
        let known = entry.find_text("name").map(str::to_owned);
        match name.map(|name| draft.hide("account", "account-", name)) {
            Some(name) if known.as_ref() == Some(&draft.hide("account", "account-", id.clone())) => {
                entry.text("name", name);
            }
            Some(name) if known.as_ref() != Some(&name) => {
                draft.notes.warn(place, "a record before has another name for the account, which is kept");
            }
            _ => {}
        }
        Some((id, entry))
    }

    pub(crate) fn add_account_token(&mut self, draft: &mut Draft, mut record: Record) {
        let place = record.place;
        let Some((id, account)) = self.find_account(draft, &mut record, "user") else { return };
        let mut entry = Entry::new(place);
        add_label(draft, &mut record, &mut entry, &id);
        add_scopes(draft, &mut record, &mut entry);
        let has_end = record.has("expiresAt");
        let is_over = add_dates(draft, &mut record, &mut entry);
        let status = record.text("status", &mut draft.notes);
        match status.as_deref() {
            Some("EXPIRED") if !has_end => {
                entry.plain("status", "expired");
            }
            Some("EXPIRED") if is_over => {}
            Some("ALLOWED") if !is_over => {}
            Some(other) => draft.notes.warn(place, format!("`status: {other}` is another at --now, by `expiresAt`")),
            None => {}
        }
        add_id(draft, &mut record, &mut entry);
        record.end(&mut draft.notes);
        account.push("tokens", entry);
    }

    pub(crate) fn add_client(&mut self, draft: &mut Draft, mut record: Record) {
        let place = record.place;
        let Some((_, account)) = self.find_account(draft, &mut record, "serviceAccount") else { return };
        let mut entry = Entry::new(place);
        if let Some(id) = record.text("clientId", &mut draft.notes) {
            entry.text("id", draft.hide("client", "", id));
        }
        if let Some(name) = record.text("clientName", &mut draft.notes) {
            entry.text("name", draft.hide("client name", "client-", name));
        }
        add_scopes(draft, &mut record, &mut entry);
        add_dates(draft, &mut record, &mut entry);
        if record.has("clientRevocationTime") {
            entry.plain("status", "revoked");
        }
        record.end(&mut draft.notes);
        account.push("oauth_clients", entry);
    }

    /// Writes the section, with a key that works and may do everything.
    pub(crate) fn write(&self, written: &mut Written) {
        if !self.was_asked {
            return;
        }
        written.line("    atlassian:", Place::default());
        let mut own = Entry::default();
        own.text("label", self.find_own_label());
        let own = (!self.has_full_key).then_some(&own);
        write_list(written, "      api_keys:", own.into_iter().chain(&self.keys));
        write_list(written, "      api_tokens:", &self.tokens);
        let accounts = self.order.iter().filter_map(|id| self.accounts.get(id));
        write_list(written, "      service_accounts:", accounts);
    }

    /// One that no key has: the list may be of a server with an imported seed.
    fn find_own_label(&self) -> String {
        let is_taken = |label: &String| self.keys.iter().any(|key| key.find_text("label") == Some(label));
        let numbered = (2..).map(|number| format!("{OWN_KEY} ({number})"));
        std::iter::once(OWN_KEY.to_owned()).chain(numbered).find(|label| !is_taken(label)).unwrap_or_default()
    }

    /// Adds who is to have made the key that the seed gets.
    pub(crate) fn add_operator(&self, draft: &mut Draft) {
        if self.was_asked && !self.has_full_key {
            draft.add_operator("locum-import@example.test", "Locum Import");
        }
    }
}

fn make_account(draft: &Draft, id: &str, name: String, email: Option<String>, place: Place) -> Entry {
    let mut entry = Entry::new(place);
    entry.text("id", hide_id(draft, id)).text("name", draft.hide("account", "account-", name));
    entry.opt_text("email", email.map(|email| draft.hide_address(email)));
    entry
}

fn hide_id(draft: &Draft, id: &str) -> String {
    draft.pseudonyms.as_ref().map_or_else(|| id.to_owned(), |some| format!("712020:{}", some.uuid("account", id)))
}

/// Notes somebody whom a record names; returns the address that the seed has.
fn add_user(draft: &mut Draft, record: &mut Record, member: &str) -> Option<String> {
    let place = record.place;
    let mut user = record.needed_object(member, &mut draft.notes)?;
    let id = user.opt_text("id", &mut draft.notes);
    let name = user.opt_text("name", &mut draft.notes);
    let email = user.text("email", &mut draft.notes);
    if let Some(org) = user.opt_text("orgId", &mut draft.notes) {
        draft.set_org_id(&org, place);
    }
    user.end(&mut draft.notes);
    let email = draft.add_person(&email?, name, false, place);
    if let Some(id) = id {
        let id = hide_id(draft, &id);
        draft.set_of_person(&email, "atlassian_account_id", &id, place);
    }
    Some(email)
}

fn add_label(draft: &mut Draft, record: &mut Record, entry: &mut Entry, owner: &str) {
    let place = record.place;
    if let Some(label) = record.text("label", &mut draft.notes) {
        let label = draft.hide("label", "label-", label);
        let label = draft.make_unique(owner, &label, place);
        entry.text("label", label);
    }
}

/// Whether its time is over.
fn add_dates(draft: &mut Draft, record: &mut Record, entry: &mut Entry) -> bool {
    let place = record.place;
    let mut is_over = false;
    for (name, member) in [("created_at", "createdAt"), ("expires_at", "expiresAt"), ("last_active_at", "lastActiveAt")]
    {
        let date = record.date(member, &mut draft.notes);
        let Some(date) = date else { continue };
        let is_end = name == "expires_at";
        is_over |= is_end && date <= draft.now;
        entry.plain(name, if is_end { draft.moment(date) } else { draft.recent(date, member, place) });
    }
    is_over
}

/// Whether there are scopes.
fn add_scopes(draft: &mut Draft, record: &mut Record, entry: &mut Entry) -> bool {
    let scopes = record.texts("scopes", &mut draft.notes);
    let scopes: Vec<String> = scopes
        .into_iter()
        .map(|scope| if is_public_scope(&scope) { scope } else { draft.hide("scope", "scope-", scope) })
        .collect();
    let is_scoped = !scopes.is_empty();
    if is_scoped {
        entry.set("scopes", Value::Texts(scopes));
    }
    is_scoped
}

fn add_id(draft: &mut Draft, record: &mut Record, entry: &mut Entry) {
    let id = record.opt_text("id", &mut draft.notes);
    let id = id.map(|id| draft.pseudonyms.as_ref().map_or_else(|| id.clone(), |some| some.uuid("token", &id)));
    entry.opt_text("id", id);
}

//! What the lists of a License Vault mean for a seed (license-vault §2).

use std::collections::{BTreeMap, HashMap, HashSet};

use super::domain::{catalogue::Catalogue, vault::MOST_LICENSES};
use crate::{
    core::clock::Time,
    domain::product_catalogue::{self, DeclaredProduct},
    seed::import::{
        List,
        draft::{Draft, write_list},
        entry::{Entry, Written, quote},
        notes::Place,
        record::Record,
    },
};

pub(crate) const USAGE: List = List {
    option: "vault",
    what: "a License Vault's list of licences in use",
    help: "License Vault: GET /public-api/licenses/usage",
    envelope: Some("licenseUsages"),
    known_by: &["code", "displayName", "regularTotal"],
    is_table: false,
    has_twins: false,
};
pub(crate) const DENIALS: List = List {
    option: "vault-denials",
    what: "a License Vault's list of denials",
    help: "License Vault: GET /public-api/denials/report",
    envelope: None,
    known_by: &["username", "product_name", "reason"],
    is_table: false,
    // Whoever is refused asks again, and clocks of doubles stand still.
    has_twins: true,
};
pub(crate) const REPORT: List = List {
    option: "vault-usage-report",
    what: "a License Vault's usage report",
    help: "License Vault: the usage report, as CSV or JSON",
    envelope: None,
    known_by: &["allocation_id", "allocated_license"],
    is_table: true,
    has_twins: false,
};

/// The vault's name, which is in none of the lists.
const NAME: &str = "imported";
const TOKEN_NAME: &str = "locum-import";
const KINDS: [(&str, &str); 3] = [("regular", "regular"), ("true_up", "trueUp"), ("virtual", "virtual")];
/// The one that is known (license-vault §2.3): others may be texts of a customer's own.
const USUAL_REASON: &str = "CANCELLED";
const USUAL_DESCRIPTION: &str = "Unable to find suitable license";

/// A row of the report.
#[derive(Debug)]
struct Row {
    place: Place,
    allocation: String,
    license: String,
    username: String,
    kind: Option<String>,
    product: Option<String>,
    version: Option<String>,
    host: Option<String>,
    ip: Option<String>,
    since: Option<Time>,
    has_ended: bool,
}

impl Row {
    /// What is the same in all rows of one use.
    fn find_use(&self) -> (&str, Option<&str>, Option<&str>, Option<Time>) {
        (&self.allocation, self.product.as_deref(), self.host.as_deref(), self.since)
    }
}

/// What was imported of a vault.
#[derive(Debug, Default)]
pub(crate) struct Import {
    /// There is a list, be it an empty one.
    was_asked: bool,
    pools: Vec<Entry>,
    /// Which record has a code: also one with no licences, which no pool is.
    counted: HashMap<String, Place>,
    /// How many are in use by code and kind, and which record says so.
    in_use: BTreeMap<(String, &'static str), (i64, Place)>,
    denials: Vec<(String, Entry)>,
    rows: Vec<Row>,
}

impl Import {
    /// Notes that there is a list, be it an empty one.
    pub(crate) fn note_list(&mut self) {
        self.was_asked = true;
    }

    pub(crate) fn add_usage(&mut self, draft: &mut Draft, mut record: Record) {
        let place = record.place;
        let code = record.text("code", &mut draft.notes);
        let name = record.text("displayName", &mut draft.notes);
        let mut entry = Entry::new(place);
        entry.text("product", draft.hide_code(code.as_deref().unwrap_or_default()));
        let mut total = 0;
        for (kind, member) in KINDS {
            let total_name = format!("{member}Total");
            let has_total = record.has(&total_name);
            let said = record.whole(&total_name, 0..=MOST_LICENSES, &mut draft.notes);
            let count = said.unwrap_or(0);
            let used = record.whole(&format!("{member}InUse"), 0..=MOST_LICENSES, &mut draft.notes).unwrap_or(0);
            // Of a number that is refused, nothing more is to be said.
            if used > count && (said.is_some() || !has_total) {
                draft.notes.refuse(place, format!("more {kind} licences are in use than there are"));
            }
            if count != 0 {
                entry.plain(kind, count.to_string());
            }
            total += count;
            if let Some(code) = code.as_ref().filter(|_| used > 0) {
                self.in_use.insert((code.clone(), kind), (used, place));
            }
        }
        record.end(&mut draft.notes);
        let (Some(code), Some(name)) = (code, name) else { return };
        if let Some(before) = self.counted.insert(code.clone(), place) {
            let message =
                format!("how many {code} there are is said already, in {}", draft.notes.describe_place(before));
            return draft.notes.refuse(place, message);
        }
        draft.declare(&code, &name, false, place);
        if total != 0 {
            self.pools.push(entry);
        }
    }

    pub(crate) fn add_denial(&mut self, draft: &mut Draft, mut record: Record) {
        let place = record.place;
        let mut entry = Entry::new(place);
        let username = record.text("username", &mut draft.notes);
        if let Some(at) = record.date("timestamp", &mut draft.notes) {
            entry.plain("at", draft.past(at, place));
        }
        let product = record.text("product_name", &mut draft.notes);
        entry.opt_text("product", product.map(|product| draft.hide_product_or_code(&product)));
        let version = record.opt_text("product_version", &mut draft.notes);
        entry.opt_text("product_version", version.map(|version| hide_version(draft, version)));
        entry.opt_text("host", record.opt_text("user_hostname", &mut draft.notes).map(|host| hide_host(draft, host)));
        entry.opt_text("ip", record.opt_text("user_ip", &mut draft.notes).map(|ip| hide_ip(draft, &ip)));
        let reason = record.opt_text("reason", &mut draft.notes);
        let reason = reason.map(|text| if text == USUAL_REASON { text } else { draft.hide("reason", "REASON-", text) });
        entry.opt_text("reason", reason);
        let description = record.opt_text("description", &mut draft.notes);
        // It may have a name in it.
        let description = description
            .map(|text| if text == USUAL_DESCRIPTION { text } else { draft.hide("description", "Description ", text) });
        entry.opt_text("description", description);
        record.end(&mut draft.notes);
        if let Some(username) = username {
            self.denials.push((username, entry));
        }
    }

    pub(crate) fn add_row(&mut self, draft: &mut Draft, mut record: Record) {
        let notes = &mut draft.notes;
        let row = Row {
            place: record.place,
            allocation: record.text("allocation_id", notes).unwrap_or_default(),
            license: record.text("allocated_license", notes).unwrap_or_default(),
            username: record.text("username", notes).unwrap_or_default(),
            kind: record.opt_text("license_type", notes).map(|kind| kind.to_lowercase()),
            product: record.opt_text("product_name", notes),
            version: record.opt_text("product_version", notes),
            host: record.opt_text("user_hostname", notes),
            ip: record.opt_text("user_ip", notes),
            since: record.date("start_time", notes),
            has_ended: record.has("end_time"),
        };
        record.skip(&["end_time"]);
        record.end(notes);
        self.rows.push(row);
    }

    /// Finds what only all lists together tell: whose the logins are, and what the products' names stand for.
    pub(crate) fn finish(&mut self, draft: &mut Draft) -> Finished {
        let mut denials = Vec::new();
        for (username, mut entry) in std::mem::take(&mut self.denials) {
            entry.text("user", draft.find_login(&username, entry.place));
            denials.push(entry);
        }
        let allocations = self.place_rows(draft);
        // What only whole lists tell is not said where a record is refused, because that may be what is missing.
        if !draft.notes.has_problems() {
            self.compare_lists(draft, &allocations);
        }
        Finished { denials, allocations: allocations.into_iter().map(|one| one.entry).collect() }
    }

    /// Says what the report and the list of licences in use do not know of each other.
    fn compare_lists(&mut self, draft: &mut Draft, allocations: &[Allocation]) {
        if let Some(first) = allocations.first().filter(|_| self.pools.is_empty()) {
            let message = "the report does not say how many licences there are: give the list of licences in use too";
            draft.notes.refuse(first.entry.place, format!("{message} (--{})", USAGE.option));
        }
        let mut left = std::mem::take(&mut self.in_use);
        for (code, kind) in allocations.iter().map(|one| (&one.code, &one.kind)) {
            let found = left.iter_mut().find(|((known, of), _)| known == code && kind.as_deref() == Some(*of));
            if let Some((_, (count, _))) = found {
                *count -= 1;
            }
        }
        for ((code, kind), (count, place)) in left {
            if count > 0 {
                let message = "licences are in use, and the report (--vault-usage-report) has no running product on \
                               them: nobody holds them in the seed";
                draft.notes.warn(place, format!("{count} {kind} {code} {message}"));
            }
        }
    }

    /// The allocations of which the report says that something runs on them, oldest first.
    fn place_rows(&mut self, draft: &mut Draft) -> Vec<Allocation> {
        let products = draft.products.iter().map(|(code, (_, name, is_plugin))| DeclaredProduct {
            code: code.clone(),
            name: name.clone(),
            is_plugin: *is_plugin,
        });
        let counted = Catalogue::new(products.collect()).list_counted();
        let codes: HashMap<String, String> =
            counted.into_iter().map(|one| (one.name.into_owned(), one.code.into_owned())).collect();
        let find_code = |name: &str| codes.get(name).cloned().unwrap_or_else(|| name.to_owned());
        let rows = std::mem::take(&mut self.rows);
        // An allocation is as old as its oldest row, also one that has ended.
        let mut since: HashMap<&str, Time> = HashMap::new();
        for row in &rows {
            if let Some(at) = row.since {
                let oldest = since.entry(&row.allocation).or_insert(at);
                *oldest = at.min(*oldest);
            }
        }
        let ended: HashSet<_> = rows.iter().filter(|row| row.has_ended).map(Row::find_use).collect();
        let mut found: Vec<Allocation> = Vec::new();
        let mut places: HashMap<&str, usize> = HashMap::new();
        for row in &rows {
            if row.has_ended {
                draft.notes.warn(row.place, "use that has ended has no place in a seed");
                continue;
            }
            // As where two reports were saved one after the other.
            if ended.contains(&row.find_use()) {
                draft.notes.warn(row.place, "the use has ended by another row, and has no place in a seed");
                continue;
            }
            let user = draft.find_login(&row.username, row.place);
            let index = *places.entry(&row.allocation).or_insert_with(|| {
                let code = find_code(&row.license);
                let mut entry = Entry::new(row.place);
                entry.text("user", user).text("product", draft.hide_product_or_code(&code));
                entry.opt_text("kind", row.kind.clone());
                let since = since.get(row.allocation.as_str()).copied();
                entry.opt_plain("since", since.map(|at| draft.past(at, row.place)));
                found.push(Allocation { entry, code, kind: row.kind.clone(), since, username: row.username.clone() });
                found.len() - 1
            });
            let allocation = &mut found[index];
            if allocation.username != row.username {
                draft.notes.refuse(row.place, "another row has the same allocation for another user");
            }
            let mut running = Entry::new(row.place);
            let product = row.product.as_deref().map(find_code);
            running.opt_text("product", product.map(|product| draft.hide_product_or_code(&product)));
            running.opt_text("version", row.version.clone().map(|version| hide_version(draft, version)));
            running.opt_text("host", row.host.clone().map(|host| hide_host(draft, host)));
            running.opt_text("ip", row.ip.as_deref().map(|ip| hide_ip(draft, ip)));
            running.opt_plain("since", row.since.map(|at| draft.moment(at)));
            allocation.entry.push("running", running);
        }
        found.sort_by_key(|one| one.since);
        found
    }

    /// Writes the section, with a token that works.
    pub(crate) fn write(&self, finished: &Finished, written: &mut Written) {
        if !self.was_asked {
            return;
        }
        let nowhere = Place::default();
        written.line("    license_vault:", nowhere);
        written.line(&format!("      name: {}", quote(NAME)), nowhere);
        let mut token = Entry::default();
        token.text("name", TOKEN_NAME);
        write_list(written, "      automation_tokens:", [&token]);
        write_list(written, "      pools:", &self.pools);
        write_list(written, "      allocations:", &finished.allocations);
        write_list(written, "      denials:", &finished.denials);
    }
}

/// A licence that somebody holds.
struct Allocation {
    entry: Entry,
    code: String,
    kind: Option<String>,
    since: Option<Time>,
    username: String,
}

/// What was found when all lists were read.
pub(crate) struct Finished {
    denials: Vec<Entry>,
    allocations: Vec<Entry>,
}

fn hide_host(draft: &Draft, host: String) -> String {
    draft.hide("host", "host-", host)
}

/// A version of numbers is a product's; with other words in it, it may be anybody's.
fn hide_version(draft: &Draft, version: String) -> String {
    const WORDS: [&str; 4] = ["EAP", "RC", "Beta", "Preview"];
    let is_public = |part: &str| {
        part.bytes().all(|b| b.is_ascii_digit()) || WORDS.contains(&part) || product_catalogue::find(part).is_some()
    };
    if version.split(['.', '-', ' ']).all(is_public) { version } else { draft.hide("version", "", version) }
}

fn hide_ip(draft: &Draft, ip: &str) -> String {
    draft.pseudonyms.as_ref().map_or_else(|| ip.to_owned(), |some| some.ip(ip))
}

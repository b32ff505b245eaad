//! What the lists of the JetBrains Account API mean for a seed (jetbrains-account §4.1, §5.2, §5.8).

use std::collections::BTreeMap;

use super::domain::{contact, day::Day};
use crate::{
    core::now::Now,
    domain::product_catalogue,
    seed::import::{
        List,
        draft::{Draft, write_list},
        entry::{Entry, Written},
        notes::Place,
        record::Record,
    },
};

pub(crate) const LICENSES: List = List {
    option: "jetbrains",
    what: "a list of JetBrains Account licences",
    help: "JetBrains Account: GET /customer/licenses",
    envelope: None,
    known_by: &["licenseId", "product", "team"],
    is_table: false,
    has_twins: false,
};
pub(crate) const PRODUCTS: List = List {
    option: "products",
    what: "a list of products",
    help: "JetBrains Account: GET /products",
    envelope: None,
    known_by: &["code", "name"],
    is_table: false,
    has_twins: false,
};
pub(crate) const PLUGINS: List = List {
    option: "plugins",
    what: "a list of plug-ins",
    help: "JetBrains Account: GET /plugins",
    envelope: None,
    known_by: &["code", "name"],
    is_table: false,
    has_twins: false,
};

/// Whoever the seed gives a token, so that there is a credential that works.
const OPERATOR: &str = "locum-import@example.test";

/// What was imported of an account.
#[derive(Debug, Default)]
pub(crate) struct Import {
    /// By id, with the names that lists have for them.
    teams: BTreeMap<i64, (Entry, String)>,
    licenses: Vec<Entry>,
    /// The first record of `/products`, and whether the catalogue has one of them.
    products: Option<(Place, bool)>,
    was_swapped: bool,
    /// There is a list, be it an empty one.
    was_asked: bool,
}

impl Import {
    /// Notes that there is a list, be it an empty one.
    pub(crate) fn note_list(&mut self) {
        self.was_asked = true;
    }

    /// Whether there is an account. The lists of another service may tell of products, which are declared here.
    fn is_there(&self, draft: &Draft) -> bool {
        self.was_asked || !draft.products.is_empty()
    }

    pub(crate) fn add_product(&mut self, draft: &mut Draft, mut record: Record, is_plugin: bool) {
        let code = record.text("code", &mut draft.notes);
        let name = record.text("name", &mut draft.notes);
        if let (Some(code), Some(name)) = (code, name) {
            self.check_kind(draft, &code, is_plugin, record.place);
            draft.declare(&code, &name, is_plugin, record.place);
        }
        record.end(&mut draft.notes);
    }

    /// Both lists have records of the same form, so that only the codes tell which is which.
    fn check_kind(&mut self, draft: &mut Draft, code: &str, is_plugin: bool, place: Place) {
        let is_known = product_catalogue::find(code).is_some();
        if is_plugin && is_known && !self.was_swapped {
            let message = "is the code of a product: this is a list of products: --products";
            draft.notes.refuse(place, format!("`{code}` {message}"));
            self.was_swapped = true;
        }
        if draft.products.get(code).is_some_and(|(_, _, known)| *known != is_plugin) {
            draft.notes.warn(place, "another list has the code as the other kind, product or plug-in, which is kept");
        }
        if !is_plugin {
            self.products.get_or_insert((place, false)).1 |= is_known;
        }
    }

    /// Warns where no product is one that everybody has. Call it when all lists were read.
    pub(crate) fn check_products(&self, draft: &mut Draft) {
        if let Some((place, false)) = self.products {
            let message = "none of the products is in Locum's catalogue: if this is a list of plug-ins, it is for \
                           --plugins";
            draft.notes.warn(place, message);
        }
    }

    pub(crate) fn add_license(&mut self, draft: &mut Draft, mut record: Record) {
        let place = record.place;
        let mut entry = Entry::new(place);
        if let Some(id) = record.text("licenseId", &mut draft.notes) {
            let id = draft.pseudonyms.as_ref().map_or_else(|| id.clone(), |some| some.upper("license", &id, 10));
            entry.text("id", id);
        }
        if let Some(mut product) = record.object("product", &mut draft.notes) {
            let code = product.text("code", &mut draft.notes);
            let name = product.opt_text("name", &mut draft.notes);
            if let Some(code) = code {
                draft.declare(&code, name.as_deref().unwrap_or(&code), false, place);
                entry.text("product", draft.hide_code(&code));
            }
            product.end(&mut draft.notes);
        }
        self.add_team(draft, &mut record, &mut entry);
        let is_perpetual = record.has("perpetual");
        let (has_subscription, is_outdated) = add_subscription(draft, &mut record, &mut entry);
        if let Some(mut perpetual) = record.object("perpetual", &mut draft.notes) {
            let due = perpetual.date("upgradeDueDate", &mut draft.notes);
            entry.opt_plain("perpetual_until", due.map(|due| write_day(draft, Day::of(due))));
            perpetual.skip(&["isOutdated"]);
            perpetual.end(&mut draft.notes);
        } else if !has_subscription {
            draft.notes.warn(place, "neither a subscription nor a perpetual part: the seed gives it a subscription");
        }
        let is_assigned = add_assignee(draft, &mut record, &mut entry);
        add_last_seen(draft, &mut record, &mut entry, is_assigned);
        for (name, member, usual) in [
            ("transferable", "isTransferableBetweenTeams", true),
            ("trial", "isTrial", false),
            ("suspended", "isSuspended", false),
        ] {
            let flag = record.flag(member, &mut draft.notes).filter(|flag| *flag != usual);
            entry.opt_plain(name, flag.map(|flag| flag.to_string()));
        }
        let domain = record.opt_text("domain", &mut draft.notes);
        let domain = domain.map(|domain| match &draft.pseudonyms {
            Some(some) => format!("{}.example.test", some.word("domain", &domain)),
            None => domain,
        });
        entry.opt_text("domain", domain);
        let is_available = record.flag("isAvailableToAssign", &mut draft.notes);
        // Of one that somebody holds, or that is over, nobody can tell.
        let is_over = is_outdated && !is_perpetual;
        if is_available == Some(false) && !is_assigned && !is_over && has_subscription {
            entry.plain("per_user", "false");
        }
        record.end(&mut draft.notes);
        self.licenses.push(entry);
    }

    fn add_team(&mut self, draft: &mut Draft, record: &mut Record, entry: &mut Entry) {
        let place = record.place;
        let Some(mut team) = record.object("team", &mut draft.notes) else { return };
        let id = team.whole("id", 1..=i64::from(i32::MAX), &mut draft.notes);
        let name = team.text("name", &mut draft.notes);
        team.end(&mut draft.notes);
        let (Some(id), Some(name)) = (id, name) else { return };
        let written = draft.pseudonyms.as_mut().map_or(id, |some| some.number("team", id));
        entry.plain("team", written.to_string());
        match self.teams.get(&id) {
            Some((_, known)) if *known != name => {
                draft.notes.refuse(place, format!("team {id} has another name in a record before"));
            }
            Some(_) => {}
            None => {
                let mut team = Entry::new(place);
                let hidden = draft.hide("team", "Team ", name.clone());
                team.plain("id", written.to_string()).text("name", hidden);
                self.teams.insert(id, (team, name));
            }
        }
    }

    /// Writes the section, with a person whose token works.
    pub(crate) fn write(&self, draft: &mut Draft, written: &mut Written) {
        if !self.is_there(draft) {
            return;
        }
        written.line("    jetbrains_account:", Place::default());
        for (title, is_wanted) in [("      products:", false), ("      plugins:", true)] {
            let declared = draft.products.values().filter(|(_, _, is_plugin)| *is_plugin == is_wanted);
            write_list(written, title, declared.map(|(entry, _, _)| entry));
        }
        write_list(written, "      teams:", self.teams.values().map(|(entry, _)| entry));
        let (mut role, mut token) = (Entry::default(), Entry::default());
        role.text("person", OPERATOR).plain("role", "organization_admin");
        token.text("person", OPERATOR);
        write_list(written, "      roles:", [&role]);
        write_list(written, "      tokens:", [&token]);
        write_list(written, "      licenses:", &self.licenses);
    }

    /// Adds who is to have the token, if there is an account.
    pub(crate) fn add_operator(&self, draft: &mut Draft) {
        if self.is_there(draft) {
            draft.add_operator(OPERATOR, "Locum Import");
        }
    }
}

/// Days are days from now, so that they do not depend on the hour at which a seed is read.
fn write_day(draft: &Draft, day: Day) -> String {
    format!("{:+}d", day.number() - Day::of(draft.now).number())
}

/// Whether there is a subscription, and whether it is over.
fn add_subscription(draft: &mut Draft, record: &mut Record, entry: &mut Entry) -> (bool, bool) {
    let Some(mut subscription) = record.object("subscription", &mut draft.notes) else { return (false, false) };
    let until = subscription.date("validUntilDate", &mut draft.notes).map(Day::of);
    entry.opt_plain("valid_until", until.map(|until| write_day(draft, until)));
    let renews = subscription.flag("isAutomaticallyRenewed", &mut draft.notes);
    entry.opt_plain("auto_renew", renews.filter(|renews| !renews).map(|renews| renews.to_string()));
    match subscription.opt_text("subscriptionPackRef", &mut draft.notes) {
        Some(pack) => entry.text("pack", draft.hide("pack", "", pack)),
        None => entry.plain("pack", "null"),
    };
    let is_over = until.is_some_and(|until| until.is_over(&Now::at(draft.now)));
    let said = subscription.flag("isOutdated", &mut draft.notes);
    if said.is_some_and(|said| said != is_over) {
        draft.notes.warn(record.place, "`subscription.isOutdated` is another at --now");
    }
    subscription.end(&mut draft.notes);
    (until.is_some(), is_over)
}

/// Whether somebody holds it.
fn add_assignee(draft: &mut Draft, record: &mut Record, entry: &mut Entry) -> bool {
    let place = record.place;
    let Some(mut assignee) = record.object("assignee", &mut draft.notes) else { return false };
    let mut other = Entry::new(place);
    match assignee.text("type", &mut draft.notes).as_deref() {
        Some("USER") => {
            let name = assignee.opt_text("name", &mut draft.notes);
            if let Some(email) = assignee.text("email", &mut draft.notes) {
                let is_masked = name.as_ref().is_none_or(|name| contact::mask(name) == *name);
                let email = draft.add_person(&email, name, is_masked, place);
                if !is_masked {
                    draft.mark_person(&email, "jetbrains_account", "true");
                }
                entry.text("assignee", email);
            }
        }
        Some("SERVER") => {
            let kind = assignee.text("serverType", &mut draft.notes).unwrap_or_default();
            let uid = assignee.text("uid", &mut draft.notes).unwrap_or_default();
            other.text("server", kind.to_lowercase()).text("uid", draft.hide("server", "", uid));
            entry.one("assignee", other);
        }
        Some("LICENSE_KEY") => {
            let key = assignee.text("key", &mut draft.notes).unwrap_or_default();
            let name = assignee.text("registrationName", &mut draft.notes).unwrap_or_default();
            other.text("license_key", draft.hide("key", "", key));
            other.text("registration_name", draft.hide("registration", "Registered ", name));
            entry.one("assignee", other);
        }
        Some(kind) => draft.notes.refuse(place, format!("`assignee.type` is `{kind}`, which no seed has")),
        None => {}
    }
    assignee.end(&mut draft.notes);
    true
}

fn add_last_seen(draft: &mut Draft, record: &mut Record, entry: &mut Entry, is_assigned: bool) {
    let place = record.place;
    let mut dates = (None, None);
    if let Some(mut seen) = record.object("lastSeen", &mut draft.notes) {
        dates = (seen.date("lastAssignmentDate", &mut draft.notes), seen.date("lastSeenDate", &mut draft.notes));
        let offline = seen.flag("isOfflineCodeGenerated", &mut draft.notes).filter(|flag| *flag);
        entry.opt_plain("offline_code", offline.map(|flag| flag.to_string()));
        seen.end(&mut draft.notes);
    }
    match dates {
        (None, None) => {
            if is_assigned {
                entry.plain("last_seen", "none");
            }
        }
        (assigned, seen) => {
            if assigned.is_none() && is_assigned {
                draft.notes.warn(place, "`lastAssignmentDate` is missing: the seed has the date of the last use");
            }
            let assigned = assigned.or(seen.filter(|_| is_assigned));
            entry.opt_plain("assigned_at", assigned.map(|at| draft.recent(at, "lastSeen.lastAssignmentDate", place)));
            entry.opt_plain("last_seen_at", seen.map(|at| draft.recent(at, "lastSeen.lastSeenDate", place)));
        }
    }
}

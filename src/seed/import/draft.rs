//! A seed that is being made of lists: what its services share, and how it is written.

use std::collections::{BTreeMap, HashMap};

use super::{
    entry::{Entry, Written, quote},
    logins::{Logins, Spelling, encode, is_whole_address},
    notes::{Notes, Place},
    pseudonyms::Pseudonyms,
};
use crate::{
    core::clock::Time,
    domain::{organization::email_key, product_catalogue},
};

const DAY: i64 = 86_400_000;
const AFTER_NOW: &str = "is from after --now, which is to be the moment at which the lists were saved";

/// Somebody of whom a list told.
#[derive(Debug)]
struct Person {
    entry: Entry,
    /// Of the address, before a pseudonym took its place; none of those whom no list has.
    spelling: Option<Spelling>,
    /// Whether the name is one that was made unreadable.
    is_masked: bool,
    /// Before a pseudonym took its place.
    name: Option<String>,
}

#[derive(Debug)]
pub struct Draft {
    pub now: Time,
    pub notes: Notes,
    pub pseudonyms: Option<Pseudonyms>,
    /// By the key of the address that is written.
    people: BTreeMap<String, Person>,
    logins: Logins,
    org_id: Option<String>,
    /// Codes and names of products, and whether they are plug-ins.
    pub products: BTreeMap<String, (Entry, String, bool)>,
    /// Owners and labels, and the highest number that a label has there.
    used: HashMap<(String, String), usize>,
}

impl Draft {
    pub fn new(now: Time, pseudonyms: Option<Pseudonyms>) -> Self {
        Self {
            now,
            notes: Notes::default(),
            pseudonyms,
            people: BTreeMap::new(),
            logins: Logins::default(),
            org_id: None,
            products: BTreeMap::new(),
            used: HashMap::new(),
        }
    }

    /// A text, or what stands for it: `title` and a pseudonym.
    pub fn hide(&self, kind: &str, title: &str, text: String) -> String {
        match &self.pseudonyms {
            Some(pseudonyms) => format!("{title}{}", pseudonyms.word(kind, &text)),
            None => text,
        }
    }

    pub fn hide_address(&self, email: String) -> String {
        match &self.pseudonyms {
            Some(pseudonyms) => pseudonyms.email(&email),
            None => email,
        }
    }

    /// The code of a product: those that the catalogue has are everybody's, others may be a customer's own.
    pub fn hide_code(&self, code: &str) -> String {
        match &self.pseudonyms {
            Some(some) if product_catalogue::find(code).is_none() => some.upper("product code", code, 10),
            _ => code.to_owned(),
        }
    }

    /// The name of a product, by the same rule.
    pub fn hide_product(&self, name: &str) -> String {
        let is_known = product_catalogue::CATALOGUE.iter().any(|(_, known)| *known == name);
        if is_known { name.to_owned() } else { self.hide("product", "Product ", name.to_owned()) }
    }

    /// What names a product by its code or by its name.
    pub fn hide_product_or_code(&self, text: &str) -> String {
        let is_code = self.products.contains_key(text) || product_catalogue::find(text).is_some();
        if is_code { self.hide_code(text) } else { self.hide_product(text) }
    }

    /// A moment as a seed has it, relative to the clock.
    pub fn moment(&self, time: Time) -> String {
        let millis = (time - self.now).num_milliseconds();
        for (unit, each) in [("d", DAY), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)] {
            if millis % each == 0 {
                return format!("{:+}{unit}", millis / each);
            }
        }
        format!("{millis:+}ms")
    }

    /// The same of a moment that is hardly later than now; a service's clock may be ahead.
    pub fn recent(&mut self, time: Time, member: &str, place: Place) -> String {
        if time > self.now {
            self.notes.warn(place, format!("`{member}` {AFTER_NOW}"));
        }
        self.moment(time)
    }

    /// The same of a moment that cannot be later than now.
    pub fn past(&mut self, time: Time, place: Place) -> String {
        if time > self.now {
            self.notes.refuse(place, format!("`{}` {AFTER_NOW}", crate::core::clock::write(time)));
        }
        self.moment(time)
    }

    /// A label that nobody of `owner` has yet, because a seed has each once.
    pub fn make_unique(&mut self, owner: &str, label: &str, place: Place) -> String {
        let mut unique = label.to_owned();
        // Where the last one stopped, because thousands may have one label.
        let mut number = self.used.get(&(owner.to_owned(), unique.clone())).copied().unwrap_or(0) + 1;
        if number > 1 {
            unique = format!("{label} ({number})");
            while self.used.contains_key(&(owner.to_owned(), unique.clone())) {
                number += 1;
                unique = format!("{label} ({number})");
            }
            self.used.insert((owner.to_owned(), unique.clone()), 1);
        }
        self.used.insert((owner.to_owned(), label.to_owned()), number);
        if number > 1 {
            let message = "another record has the same label, which a seed has once: this one gets a number";
            self.notes.warn(place, message);
        }
        unique
    }

    /// Notes that there is a person; returns the address that the seed has.
    pub fn add_person(&mut self, email: &str, name: Option<String>, is_masked: bool, place: Place) -> String {
        let written = self.insert_person(email, name, is_masked, place);
        self.logins.add_address(email, &written);
        written
    }

    fn insert_person(&mut self, email: &str, name: Option<String>, is_masked: bool, place: Place) -> String {
        let written = self.hide_address(email.to_owned());
        let hidden = name.as_ref().map(|name| match &self.pseudonyms {
            // By the address, because two services may know one person by two names.
            Some(pseudonyms) => format!("Person {}", pseudonyms.word("name", &email_key(email))),
            None => name.clone(),
        });
        let person = self.people.entry(email_key(&written)).or_insert_with(|| {
            let mut entry = Entry::new(place);
            entry.text("email", &written);
            Person { entry, spelling: None, is_masked: true, name: None }
        });
        let spelling = person.spelling.get_or_insert_with(|| Spelling::new(email, place));
        spelling.compare(email, place, &mut self.notes);
        if let (Some(name), Some(hidden)) = (name, hidden) {
            let is_other = person.name.as_ref().is_some_and(|known| *known != name);
            if is_other && !person.is_masked && !is_masked {
                self.notes.warn(place, "another list knows the person by another name, which is kept");
            } else if person.name.is_none() || person.is_masked {
                person.entry.text("name", hidden);
                person.name = Some(name);
                person.is_masked = is_masked;
            }
        }
        written
    }

    /// Adds somebody who is in no list, and whose name is no secret.
    pub fn add_operator(&mut self, email: &str, name: &str) {
        let mut entry = Entry::default();
        entry.text("email", email).text("name", name);
        let person = Person { entry, spelling: None, is_masked: false, name: None };
        self.people.entry(email_key(email)).or_insert(person);
    }

    /// Sets a field of a person, by the address that the seed has. Another value than one that is there is a
    /// contradiction.
    pub fn set_of_person(&mut self, written: &str, name: &'static str, value: &str, place: Place) {
        let Some(person) = self.people.get_mut(&email_key(written)) else { return };
        match person.entry.find_text(name) {
            Some(known) if known != value => {
                let message = format!("a person has two different values of `{name}`");
                self.notes.refuse(place, message);
            }
            _ => {
                person.entry.text(name, value);
            }
        }
    }

    /// Sets a word of the format, like `true`, of a person.
    pub fn mark_person(&mut self, written: &str, name: &'static str, word: &str) {
        if let Some(person) = self.people.get_mut(&email_key(written)) {
            person.entry.plain(name, word);
        }
    }

    /// The address of whom a list names by a login. Call it when all lists with addresses were read.
    pub fn find_login(&mut self, login: &str, place: Place) -> String {
        if login.trim().is_empty() {
            self.notes.refuse(place, "the user's login is empty");
        }
        if is_whole_address(login) {
            return self.add_person(login, None, true, place);
        }
        if let Some(written) = self.logins.find(login, place, &mut self.notes) {
            return written;
        }
        let encoded = encode(login);
        let how = if encoded == login { "" } else { ", with a blank as %20, and what else no address has as in a URL" };
        let message = "no list has the address of the user, which is made of the login: @imported.test";
        self.notes.warn(place, format!("{message}{how}"));
        // Not by what stands before the `@`, which may be another's login.
        let written = self.insert_person(&format!("{encoded}@imported.test"), None, true, place);
        self.logins.add_login(login, written.clone(), place);
        written
    }

    /// Notes a product or a plug-in, unless the catalogue has it by this name.
    pub fn declare(&mut self, code: &str, name: &str, is_plugin: bool, place: Place) {
        match (product_catalogue::find(code), self.products.get(code)) {
            (Some((_, known)), None) if known == name => {}
            (_, Some((_, known, _))) => {
                if known != name {
                    self.notes.warn(place, "a record before has another name for the product, which is kept");
                }
            }
            (_, None) => {
                let mut entry = Entry::new(place);
                entry.text("code", self.hide_code(code)).text("name", self.hide_product(name));
                self.products.insert(code.to_owned(), (entry, name.to_owned(), is_plugin));
            }
        }
    }

    /// Notes the id of the organization, which all records share.
    pub fn set_org_id(&mut self, id: &str, place: Place) {
        match &self.org_id {
            Some(known) if known != id => {
                self.notes.refuse(place, format!("this is of another organization than the records before: `{id}`"));
            }
            _ => self.org_id = Some(id.to_owned()),
        }
    }

    /// Writes the head of the seed: all that is not a service's.
    pub fn write_head(&self, name: &str, customer_code: Option<u64>) -> Written {
        let mut written = Written::default();
        let nowhere = Place::default();
        written.line("version: 1", nowhere);
        written.line("organizations:", nowhere);
        written.line(&format!("  - name: {}", quote(name)), nowhere);
        if let Some(code) = customer_code {
            written.line(&format!("    customer_code: {code}"), nowhere);
        }
        if let Some(id) = &self.org_id {
            let id = self.pseudonyms.as_ref().map_or_else(|| id.clone(), |some| some.uuid("org", id));
            written.line(&format!("    org_id: {}", quote(&id)), nowhere);
        }
        write_list(&mut written, "    people:", self.people.values().map(|person| &person.entry));
        written
    }
}

/// Writes a list below its title, unless it is empty.
pub fn write_list<'a>(written: &mut Written, title: &str, entries: impl IntoIterator<Item = &'a Entry>) {
    let depth = title.len() - title.trim_start().len() + 2;
    for (nth, entry) in entries.into_iter().enumerate() {
        if nth == 0 {
            written.line(title, Place::default());
        }
        written.entry(entry, depth);
    }
}

//! The registry's part of imports: which lists there are, and which service knows each.

use std::collections::{BTreeMap, HashMap};

use super::{atlassian, jetbrains_account, license_vault, seeding};
use crate::{
    core::{ids::IdSeed, progress::Progress},
    seed::{
        Diagnostic,
        file::SeedFile,
        import::{
            List, ListFile,
            draft::Draft,
            entry::Written,
            notes::{Notes, Place},
            pages::{self, Ending},
            record::Record,
            table,
        },
    },
};

/// The name of the seed while it is checked.
const SEED: &str = "the seed";

/// An import that is under way.
pub struct Import {
    pub draft: Draft,
    jetbrains_account: jetbrains_account::import::Import,
    license_vault: license_vault::import::Import,
    atlassian: atlassian::import::Import,
    /// Which records there were, of each option.
    seen: HashMap<(&'static str, [u8; 32]), Seen>,
    /// Of each option, whether its pages end.
    endings: BTreeMap<&'static str, Ending>,
}

/// How often a record is there.
#[derive(Default)]
struct Seen {
    kept: usize,
    /// The number of the last file that has it, and how often that does.
    file: usize,
    in_file: usize,
}

/// What is done with a list, and with a record of it.
struct Reading {
    list: List,
    note_list: fn(&mut Import),
    add: fn(&mut Import, Record),
}

/// The lists that can be imported. Products come first, because licences name them.
fn all() -> [Reading; 11] {
    use jetbrains_account::import as account;
    let of_account = |list, add| Reading { list, note_list: |all| all.jetbrains_account.note_list(), add };
    let of_vault = |list, add| Reading { list, note_list: |all| all.license_vault.note_list(), add };
    let of_administration = |list, add| Reading { list, note_list: |all| all.atlassian.note_list(), add };
    [
        of_account(account::PRODUCTS, |all, record| all.jetbrains_account.add_product(&mut all.draft, record, false)),
        of_account(account::PLUGINS, |all, record| all.jetbrains_account.add_product(&mut all.draft, record, true)),
        of_account(account::LICENSES, |all, record| all.jetbrains_account.add_license(&mut all.draft, record)),
        of_administration(atlassian::import::TOKENS, |all, record| all.atlassian.add_token(&mut all.draft, record)),
        of_administration(atlassian::import::KEYS, |all, record| all.atlassian.add_key(&mut all.draft, record)),
        of_administration(atlassian::import::ACCOUNTS, |all, record| all.atlassian.add_account(&mut all.draft, record)),
        of_administration(atlassian::import::ACCOUNT_TOKENS, |all, record| {
            all.atlassian.add_account_token(&mut all.draft, record);
        }),
        of_administration(atlassian::import::CLIENTS, |all, record| all.atlassian.add_client(&mut all.draft, record)),
        of_vault(license_vault::import::USAGE, |all, record| all.license_vault.add_usage(&mut all.draft, record)),
        of_vault(license_vault::import::DENIALS, |all, record| all.license_vault.add_denial(&mut all.draft, record)),
        of_vault(license_vault::import::REPORT, |all, record| all.license_vault.add_row(&mut all.draft, record)),
    ]
}

/// The lists that can be imported.
pub fn lists() -> Vec<List> {
    all().map(|reading| reading.list).to_vec()
}

impl Import {
    pub fn new(draft: Draft) -> Self {
        Self {
            draft,
            jetbrains_account: jetbrains_account::import::Import::default(),
            license_vault: license_vault::import::Import::default(),
            atlassian: atlassian::import::Import::default(),
            seen: HashMap::new(),
            endings: BTreeMap::new(),
        }
    }

    /// Reads a file of the list of an option.
    pub fn read(&mut self, option: &str, file: &ListFile, progress: &Progress) {
        let known = lists();
        let Some(reading) = all().into_iter().find(|reading| reading.list.option == option) else { return };
        let Reading { list, note_list, add } = reading;
        note_list(self);
        // The notes are the draft's, so that they are out of it while the file is read.
        let mut notes = std::mem::take(&mut self.draft.notes);
        let mut ending = self.endings.remove(list.option).unwrap_or_default();
        let mut add_record = |record: Record, notes: &mut Notes| {
            std::mem::swap(&mut self.draft.notes, notes);
            if self.is_new(&list, &record) {
                add(self, record);
            }
            std::mem::swap(&mut self.draft.notes, notes);
        };
        // A table in the option of another list is read too, so that it is named as what it is.
        let is_table = table::is_table(&file.text) && (list.is_table || table::is_of_any(&file.text, &known));
        if is_table {
            table::read(file, &list, &known, &mut notes, progress, &mut add_record);
        } else {
            pages::read(file, &list, &known, &mut ending, &mut notes, progress, &mut add_record);
        }
        self.draft.notes = notes;
        self.endings.insert(list.option, ending);
    }

    /// Whether a record is to be added; of one that was there before it is said what becomes of it.
    fn is_new(&mut self, list: &List, record: &Record) -> bool {
        let place = record.place;
        let seen = self.seen.entry((list.option, record.fingerprint())).or_default();
        if seen.file != place.file {
            (seen.file, seen.in_file) = (place.file, 0);
        }
        seen.in_file += 1;
        // Of twins there are as many as the file has that has most of them.
        let is_new = seen.kept == 0 || (list.has_twins && seen.in_file > seen.kept);
        seen.kept += usize::from(is_new);
        if seen.kept == 1 && is_new {
            return true;
        }
        let message = if is_new {
            "the file has another record that is the same in everything: both are kept"
        } else {
            "a record before is the same in everything: it is kept once"
        };
        self.draft.notes.warn(place, message);
        is_new
    }

    /// Writes the seed.
    ///
    /// # Errors
    /// Everything wrong with the lists, by file and record.
    pub fn finish(mut self, name: &str, code: Option<u64>, progress: &Progress) -> (Notes, Result<String, String>) {
        self.endings.values().for_each(|ending| ending.check(&mut self.draft.notes));
        let finished = self.license_vault.finish(&mut self.draft);
        self.jetbrains_account.check_products(&mut self.draft);
        self.jetbrains_account.add_operator(&mut self.draft);
        self.atlassian.add_operator(&mut self.draft);
        if let Some(problems) = self.draft.notes.list_problems() {
            return (self.draft.notes, Err(problems));
        }
        let mut written = self.draft.write_head(name, code);
        self.jetbrains_account.write(&mut self.draft, &mut written);
        self.license_vault.write(&finished, &mut written);
        self.atlassian.write(&mut written);
        let mut notes = self.draft.notes;
        check(&written, &mut notes, progress);
        match notes.list_problems() {
            Some(problems) => (notes, Err(problems)),
            None => (notes, Ok(written.text)),
        }
    }
}

/// Reads the seed as every seed is read, because what a seed cannot be is known there: also what contradicts.
fn check(written: &Written, notes: &mut Notes, progress: &Progress) {
    let seeds = seeding::read_all(&[SeedFile::local(SEED, &*written.text)], progress);
    progress.begin("checking seeds", 0);
    let checked = seeds.and_then(|seeds| seeding::check(&seeds, &mut IdSeed(0).of_requests()));
    progress.end();
    for Diagnostic { line, message, .. } in checked.err().into_iter().flat_map(|problems| problems.0) {
        let place = written.find_place(line).unwrap_or_default();
        let message = match find_other(&message) {
            Some((before, other)) => match written.find_place(other) {
                Some(other) => format!("{before}in {}", notes.describe_place(other)),
                None => message,
            },
            None => message,
        };
        notes.refuse(place, message);
    }
}

/// A message that ends with another place in the seed: what is before it, and its line.
fn find_other(message: &str) -> Option<(&str, u64)> {
    let at = message.rfind("in line ")?;
    let (line, _) = message[at + "in line ".len()..].split_once(", column ")?;
    Some((&message[..at], line.parse().ok()?))
}

/// The place of a file as a whole.
pub fn place_of_file(file: usize) -> Place {
    Place { file, ..Place::default() }
}

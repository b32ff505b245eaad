//! Checks what every seed has, and helps the services to check their sections: fills in what was left out, and reports
//! what contradicts another file or what is there.

use std::collections::{BTreeMap, HashMap, HashSet};

use uuid::Uuid;

use super::{
    Diagnostic, Diagnostics,
    file::{Scalar, Seed, VERSION},
    keys::Keys,
    read::Reader,
};
use crate::{
    core::{
        clock::{self, Clock, Time},
        ids::Ids,
        suggest::suggest,
        token::PlainToken,
    },
    domain::organization::email_key,
};

/// The longest token; it has to fit into a header.
const LONGEST_TOKEN: usize = 512;

/// Organizations that a seed must not clash with.
#[derive(Debug, Default)]
pub struct Existing {
    /// Of the space: customer codes, and the org id of each.
    pub org_ids: HashMap<i64, String>,
    /// Customer codes that are not to be generated, because another space has them.
    pub codes_elsewhere: HashSet<i64>,
}

/// Somebody a seed can refer to.
#[derive(Debug, Clone)]
pub struct Person {
    /// The id that the organization's user directory gave them; empty for somebody who has none.
    pub id: String,
    pub name: String,
    pub email: String,
}

/// Everybody of an organization, by the key of the address.
pub type People = BTreeMap<String, Person>;

/// What identifies an organization.
#[derive(Debug, Clone)]
pub struct OrganizationHead {
    pub name: String,
    pub customer_code: i64,
    pub org_id: String,
}

/// The clock that the files ask for; the last one wins. With what is wrong with it, and which files are of another
/// version of the format.
pub fn find_clock<O>(seeds: &[Seed<O>]) -> (Option<Clock>, Vec<Diagnostic>) {
    let mut clock = None;
    let mut diagnostics = Vec::new();
    for seed in seeds {
        let reader = Reader::new(&seed.file);
        if check_version(&reader, &seed.document.version)
            && let Some(scalar) = &seed.document.clock
            && let Some(text) = reader.text(scalar)
        {
            match clock::parse(&text) {
                Ok(at) => clock = Some(Clock::Frozen(at)),
                Err(message) => reader.report(scalar.referenced, message),
            }
        }
        diagnostics.extend(reader.into_diagnostics());
    }
    (clock, diagnostics)
}

fn check_version(reader: &Reader<'_>, version: &Scalar) -> bool {
    let text = reader.text(version);
    if text.as_ref().is_some_and(|text| text != VERSION) {
        reader.report(version.referenced, "this Locum reads version 1 of the format");
    }
    text.as_deref() == Some(VERSION)
}

/// What the organizations of one or more seeds share while they are planned.
pub struct Planner<'a> {
    existing: Existing,
    /// Org ids, and whose they are.
    taken_org_ids: HashMap<String, i64>,
    /// Org ids that the files have named.
    named_org_ids: Keys<String>,
    /// Customer codes that the files have named.
    named_codes: Keys<i64>,
    taken_tokens: Keys<String>,
    /// No customer code, org id or token is spelled out, even where the files do.
    fresh: bool,
    now: Time,
    ids: &'a mut Ids,
}

impl<'a> Planner<'a> {
    pub fn new(existing: Existing, now: Time, ids: &'a mut Ids, fresh: bool) -> Self {
        let taken_org_ids = existing.org_ids.iter().map(|(code, id)| (id.clone(), *code)).collect();
        let (named_org_ids, named_codes, taken_tokens) = (Keys::default(), Keys::default(), Keys::default());
        Self { existing, taken_org_ids, named_org_ids, named_codes, taken_tokens, fresh, now, ids }
    }

    /// Plans every organization of the files with `plan_one`, which reports what is wrong to the reader. What was found
    /// before, in `diagnostics`, is told with it.
    pub fn plan_all<O, P>(
        &mut self,
        seeds: &[Seed<O>],
        mut diagnostics: Vec<Diagnostic>,
        mut plan_one: impl FnMut(&mut Self, &Reader<'_>, &O) -> Option<P>,
    ) -> Result<Vec<P>, Diagnostics> {
        let mut planned = Vec::new();
        for seed in seeds {
            let reader = Reader::new(&seed.file);
            // What stands in another version of the format is not known.
            if !check_version(&reader, &seed.document.version) {
                continue;
            }
            planned.extend(seed.document.organizations.iter().filter_map(|o| plan_one(self, &reader, o)));
            diagnostics.extend(reader.into_diagnostics());
        }
        if diagnostics.is_empty() {
            return Ok(planned);
        }
        Err(Diagnostics(diagnostics).in_order_of(seeds.iter().map(|seed| seed.file.name.as_str())))
    }

    /// What a section of an organization is planned with.
    pub fn section<'b>(&'b mut self, reader: &'b Reader<'b>, people: &'b People) -> SectionPlanner<'b> {
        let Self { taken_tokens: taken, now, ids, fresh, .. } = self;
        SectionPlanner { reader, people, now: *now, ids, taken, fresh: *fresh }
    }

    pub fn ids(&mut self) -> &mut Ids {
        self.ids
    }

    /// The name, customer code and org id of an organization, made where they are left out.
    pub fn head(
        &mut self,
        reader: &Reader<'_>,
        name: &Scalar,
        customer_code: Option<&Scalar>,
        org_id: Option<&Scalar>,
    ) -> (Option<i64>, Option<OrganizationHead>) {
        let name = reader.text(name);
        let code = self.customer_code(reader, customer_code);
        let org_id = self.org_id(reader, org_id, code);
        let head = || Some(OrganizationHead { name: name?, customer_code: code?, org_id: org_id? });
        (code, head())
    }

    fn customer_code(&mut self, reader: &Reader<'_>, scalar: Option<&Scalar>) -> Option<i64> {
        let Some(scalar) = scalar.filter(|_| !self.fresh) else {
            let Existing { org_ids, codes_elsewhere } = &self.existing;
            let taken = |code: &i64| {
                self.named_codes.contains(code) || org_ids.contains_key(code) || codes_elsewhere.contains(code)
            };
            let code = std::iter::repeat_with(|| self.ids.customer_code()).find(|code| !taken(code))?;
            self.named_codes.insert_made(code);
            return Some(code);
        };
        let code = reader.whole(scalar, 1, 999_999_999_999)?;
        let message = format!(
            "another organization has the customer code {code} (what comes to an organization later is sent to the \
             control API's `seed?mode=merge`)"
        );
        self.named_codes.insert(reader, code, scalar.referenced, message).then_some(code)
    }

    fn org_id(&mut self, reader: &Reader<'_>, scalar: Option<&Scalar>, code: Option<i64>) -> Option<String> {
        let Some(scalar) = scalar.filter(|_| !self.fresh) else {
            let known = code.and_then(|code| self.existing.org_ids.get(&code).cloned());
            return Some(known.unwrap_or_else(|| self.ids.uuid().to_string()));
        };
        let text = reader.text(scalar)?;
        let Ok(uuid) = text.parse::<Uuid>() else {
            reader.report(scalar.referenced, format!("`{text}` is not a UUID"));
            return None;
        };
        let id = uuid.to_string();
        let message = format!("another organization has the org_id {id}");
        if !self.named_org_ids.insert(reader, id.clone(), scalar.referenced, &message) {
            return None;
        }
        let owner = *self.taken_org_ids.entry(id.clone()).or_insert(code?);
        if Some(owner) != code {
            reader.report(scalar.referenced, message);
            return None;
        }
        Some(id)
    }
}

/// What one section of an organization is planned with.
pub struct SectionPlanner<'a> {
    pub reader: &'a Reader<'a>,
    pub people: &'a People,
    pub now: Time,
    pub ids: &'a mut Ids,
    /// Tokens that the files have spelled out.
    pub taken: &'a mut Keys<String>,
    /// Tokens are made, even where the files spell them out, because the copy stands beside what they were made from.
    pub fresh: bool,
}

impl SectionPlanner<'_> {
    /// The token that the seed spells out; a new one where it does not, or where tokens are to be fresh.
    pub fn token(&mut self, scalar: Option<&Scalar>, make: fn(&mut Ids) -> PlainToken) -> Option<PlainToken> {
        match scalar.filter(|_| !self.fresh) {
            None => Some(make(self.ids)),
            Some(scalar) => self.literal_token(scalar),
        }
    }

    /// A token that the seed spells out.
    pub fn literal_token(&mut self, scalar: &Scalar) -> Option<PlainToken> {
        literal_token(self.reader, scalar, self.taken)
    }

    /// The address of one of the organization's people.
    pub fn person(&self, scalar: &Scalar) -> Option<String> {
        person(self.reader, scalar, self.people)
    }
}

/// Looser than what the vendors take of clients, because the seed's author knows best.
pub fn is_address(text: &str) -> bool {
    text.contains('@') && !text.contains(char::is_whitespace)
}

pub(crate) fn literal_token(reader: &Reader<'_>, scalar: &Scalar, taken: &mut Keys<String>) -> Option<PlainToken> {
    let text = reader.text(scalar)?;
    if text.len() > LONGEST_TOKEN || !text.bytes().all(|b| b.is_ascii_graphic()) {
        let detail = format!("a token is at most {LONGEST_TOKEN} visible ASCII characters without spaces");
        reader.report(scalar.referenced, detail);
    }
    taken.insert(reader, text.clone(), scalar.referenced, "another credential has the same token");
    Some(PlainToken::new(text))
}

pub fn person(reader: &Reader<'_>, scalar: &Scalar, people: &People) -> Option<String> {
    let email = reader.text(scalar)?;
    if people.contains_key(&email_key(&email)) {
        return Some(email);
    }
    let near = suggest(&email, people.keys().map(String::as_str));
    reader.report(scalar.referenced, format!("`{email}` is not one of the organization's people{near}"));
    None
}

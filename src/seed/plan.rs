//! Checks what every seed has, and helps the services to check their sections: fills in what was left out, and reports
//! what contradicts another file or what is there.

use std::collections::{BTreeMap, HashMap};

use uuid::Uuid;

use super::{
    Diagnostic, Diagnostics,
    file::{Scalar, Seed, VERSION},
    keys::Keys,
    own_names::OwnNames,
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
    /// Chooses customer codes, org ids and tokens, where the space stands beside others.
    own: Option<&'a mut OwnNames>,
    now: Time,
    ids: &'a mut Ids,
}

impl<'a> Planner<'a> {
    pub fn new(existing: Existing, now: Time, ids: &'a mut Ids, own: Option<&'a mut OwnNames>) -> Self {
        let taken_org_ids = existing.org_ids.iter().map(|(code, id)| (id.clone(), *code)).collect();
        let (named_org_ids, named_codes, taken_tokens) = (Keys::default(), Keys::default(), Keys::default());
        Self { existing, taken_org_ids, named_org_ids, named_codes, taken_tokens, own, now, ids }
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
        let Self { taken_tokens: taken, now, ids, own, .. } = self;
        SectionPlanner { reader, people, now: *now, ids, taken, own: own.as_deref_mut() }
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

    /// What the seed spells out, where that is looked at.
    fn literal<'s>(&self, scalar: Option<&'s Scalar>) -> Option<&'s Scalar> {
        scalar.filter(|_| self.own.as_ref().is_none_or(|own| own.keeps_literals()))
    }

    fn customer_code(&mut self, reader: &Reader<'_>, scalar: Option<&Scalar>) -> Option<i64> {
        let literal = match self.literal(scalar) {
            Some(scalar) => Some((self.literal_code(reader, scalar)?, scalar.referenced)),
            None => None,
        };
        let code = match (&mut self.own, literal) {
            (Some(own), literal) => own.customer_code(literal, &self.named_codes)?,
            (None, Some((code, _))) => code,
            (None, None) => {
                let (named, org_ids) = (&self.named_codes, &self.existing.org_ids);
                let is_taken = |code: &i64| named.contains(code) || org_ids.contains_key(code);
                std::iter::repeat_with(|| self.ids.customer_code()).find(|code| !is_taken(code))?
            }
        };
        // One that is spelled out is there already.
        self.named_codes.insert_made(code);
        Some(code)
    }

    fn literal_code(&mut self, reader: &Reader<'_>, scalar: &Scalar) -> Option<i64> {
        let code = reader.whole(scalar, 1, 999_999_999_999)?;
        let message = format!(
            "another organization has the customer code {code} (what comes to an organization later is sent to the \
             control API's `seed?mode=merge`)"
        );
        self.named_codes.insert(reader, code, scalar.referenced, message).then_some(code)
    }

    fn org_id(&mut self, reader: &Reader<'_>, scalar: Option<&Scalar>, code: Option<i64>) -> Option<String> {
        let literal = match self.literal(scalar) {
            Some(scalar) => Some((self.literal_org_id(reader, scalar, code)?, scalar.referenced)),
            None => None,
        };
        Some(match (&mut self.own, literal) {
            (Some(own), literal) => own.org_id(literal),
            (None, Some((id, _))) => id,
            (None, None) => {
                let known = code.and_then(|code| self.existing.org_ids.get(&code).cloned());
                known.unwrap_or_else(|| self.ids.uuid().to_string())
            }
        })
    }

    fn literal_org_id(&mut self, reader: &Reader<'_>, scalar: &Scalar, code: Option<i64>) -> Option<String> {
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
    taken: &'a mut Keys<String>,
    /// Chooses tokens, where the space stands beside others.
    own: Option<&'a mut OwnNames>,
}

impl SectionPlanner<'_> {
    /// The token that the seed spells out; a new one where it does not, or where another space has it.
    pub fn token(&mut self, scalar: Option<&Scalar>, make: fn(&mut Ids) -> PlainToken) -> Option<PlainToken> {
        let is_read = self.own.as_ref().is_none_or(|own| own.keeps_literals());
        let literal = match scalar.filter(|_| is_read) {
            Some(scalar) => Some((literal_token(self.reader, scalar, self.taken)?, scalar.referenced)),
            None => None,
        };
        Some(match (&mut self.own, literal) {
            (Some(own), literal) => own.token(literal, make),
            (None, Some((token, _))) => token,
            (None, None) => make(self.ids),
        })
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

fn literal_token(reader: &Reader<'_>, scalar: &Scalar, taken: &mut Keys<String>) -> Option<PlainToken> {
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

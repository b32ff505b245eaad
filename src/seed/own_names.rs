//! Customer codes, org ids and tokens of a space that stands beside others: none of them is another space's.

use std::collections::{HashSet, VecDeque};

use serde_saphyr::Location;
use uuid::Uuid;

use super::{apply::Beside, keys::Keys, places::Places};
use crate::core::{ids::Ids, token::PlainToken};

/// What other spaces have.
#[derive(Default)]
pub struct TakenNames {
    pub codes: HashSet<i64>,
    pub org_ids: HashSet<String>,
    /// Of the tokens that are asked for, those that are somebody's.
    pub tokens: HashSet<String>,
}

/// Chooses them, in the order in which a seed is planned. They have ids of their own, so that all other ids are the
/// same whichever of them are made.
pub struct OwnNames {
    keeps_literals: bool,
    taken: TakenNames,
    before: VecDeque<String>,
    ids: Ids,
    chosen: ChosenNames,
}

/// What was chosen.
#[derive(Debug, Default)]
pub struct ChosenNames {
    /// In order: what a reset goes back to.
    pub names: Vec<String>,
    /// Where the seed spells out something else.
    pub replaced: Vec<Location>,
}

impl ChosenNames {
    /// The ways to what the one text of a seed spells out and did not get.
    pub fn find_replaced(&self, text: &str) -> Vec<String> {
        if self.replaced.is_empty() {
            return Vec::new();
        }
        let places = Places::of(text);
        let describe = |at: &Location| match places.path(at.line(), at.column()) {
            Some(path) => path.join("/"),
            None => format!("line {}, column {}", at.line(), at.column()),
        };
        self.replaced.iter().map(describe).collect()
    }
}

/// Something that a seed spells out, and where.
type Literal<T> = Option<(T, Location)>;

impl OwnNames {
    pub fn new(beside: &Beside, taken: TakenNames, ids: &mut Ids) -> Self {
        Self {
            keeps_literals: beside.keeps_literals,
            taken,
            before: beside.before.iter().cloned().collect(),
            ids: ids.fork(),
            chosen: ChosenNames::default(),
        }
    }

    pub fn keeps_literals(&self) -> bool {
        self.keeps_literals
    }

    pub fn into_chosen(self) -> ChosenNames {
        self.chosen
    }

    pub(super) fn customer_code(&mut self, literal: Literal<i64>, named: &Keys<i64>) -> Option<i64> {
        let literal = literal.map(|(code, at)| (code.to_string(), at));
        let is_free = |taken: &TakenNames, text: &str| text.parse().is_ok_and(|code| !taken.codes.contains(&code));
        let make = |ids: &mut Ids, taken: &TakenNames| {
            let mut codes = std::iter::repeat_with(|| ids.customer_code());
            codes.find(|code| !taken.codes.contains(code) && !named.contains(code)).unwrap_or_default().to_string()
        };
        self.choose(literal, is_free, make).parse().ok()
    }

    pub(super) fn org_id(&mut self, literal: Literal<String>) -> String {
        let is_free = |taken: &TakenNames, id: &str| id.parse::<Uuid>().is_ok() && !taken.org_ids.contains(id);
        self.choose(literal, is_free, |ids, _| ids.uuid().to_string())
    }

    pub(super) fn token(&mut self, literal: Literal<PlainToken>, make: fn(&mut Ids) -> PlainToken) -> PlainToken {
        let literal = literal.map(|(token, at)| (token.expose().to_owned(), at));
        let is_free = |taken: &TakenNames, token: &str| !taken.tokens.contains(token);
        PlainToken::new(self.choose(literal, is_free, |ids, _| make(ids).expose().to_owned()))
    }

    /// What was there before, else what the seed spells out, else a new one.
    fn choose(
        &mut self,
        literal: Literal<String>,
        is_free: impl Fn(&TakenNames, &str) -> bool,
        make: impl FnOnce(&mut Ids, &TakenNames) -> String,
    ) -> String {
        let before = self.before.pop_front();
        let spelled_out = literal.as_ref().map(|(text, _)| text.clone());
        let free = before.into_iter().chain(spelled_out).find(|text| is_free(&self.taken, text));
        let chosen = free.unwrap_or_else(|| make(&mut self.ids, &self.taken));
        if let Some((text, at)) = literal
            && text != chosen
        {
            self.chosen.replaced.push(at);
        }
        self.chosen.names.push(chosen.clone());
        chosen
    }
}

//! Ids and tokens in JetBrains' shapes.

use crate::core::{ids::Ids, token::PlainToken};

/// What JetBrains Account gives out.
pub(crate) trait JetBrainsIds {
    /// A licence id: 10 upper-case letters and digits (jetbrains-account §2).
    fn license_id(&mut self) -> String;
    /// A token: 24 lower-case letters and digits (jetbrains-account §2).
    fn jetbrains_token(&mut self) -> PlainToken;
    /// A team id, as large as the ones seen in 2023 to 2026 (jetbrains-account §2).
    fn team_id(&mut self) -> i32;
    /// A subscription pack reference like `1222/MMM56MR` (jetbrains-account §4.1).
    fn subscription_pack(&mut self) -> String;
}

impl JetBrainsIds for Ids {
    fn license_id(&mut self) -> String {
        self.upper(10)
    }

    fn jetbrains_token(&mut self) -> PlainToken {
        PlainToken::new(self.lower(24))
    }

    fn team_id(&mut self) -> i32 {
        i32::try_from(2_000_000 + self.below(1_000_000)).unwrap_or(2_000_000)
    }

    fn subscription_pack(&mut self) -> String {
        format!("{}/{}", 1000 + self.below(9000), self.upper(7))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::ids::IdSeed;

    #[test]
    fn shapes() {
        let mut ids = IdSeed(1).of_requests();
        for _ in 0..200 {
            assert!((2_000_000..3_000_000).contains(&ids.team_id()));
            let pack = ids.subscription_pack();
            assert_eq!(pack.find('/'), Some(4), "{pack}");
        }
    }
}

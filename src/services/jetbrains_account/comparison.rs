//! What `locum compare` asks the real service.

use crate::services::comparison::{Comparison, Parameter, Question, Scheme};

const DATES: (&str, &str) = ("4.1", "every date has milliseconds");
const BLANKS: (&str, &str) = ("0.15", "blanks around it do not count");
const PAGES: (&str, &str) = ("5.2", "`page` below 1, `perPage` outside 1 to 200");
const LINKS: (&str, &str) = ("5.2", "`Link` has `first`, `prev`, `next`, `last`");
const TEAMS: (&str, &str) = ("5.3", "`teamId` that is no number: HTML 400");
const WRONG_PATHS: (&str, &str) = ("8.3", "HTML 404 for a wrong path, 405 with `Allow`");
const ROUTE_FIRST: (&str, &str) = ("6", "a wrong path or method is refused before authentication");

const KEY_ONLY: &[(&str, &str)] = &[("x-api-key", "{token}")];

/// No licence of the demo's is for a domain.
const MORE_DATA: &str = "
version: 1
organizations:
  - name: Example Corp
    customer_code: 6700001
    jetbrains_account:
      licenses:
        - { id: COMPARE001, product: II, team: 2001, domain: example.test }
";

/// Reading, and refusals of what is asked wrongly. No wrong key is sent: somebody may be told of it.
pub(super) const COMPARISON: Comparison = Comparison {
    name: "jetbrains_account",
    title: "JetBrains Account",
    schemes: &[Scheme { word: "X-Api-Key", demo_token: "demo-jba-organization-admin" }],
    parameters: &[Parameter { name: "customer_code", demo: "6700001" }],
    headers: &[("x-customer-code", "{customer_code}"), ("x-api-key", "{token}")],
    more_data: Some(MORE_DATA),
    questions: &[
        Question::new("token", "/api/v1/token")
            .takes(&[("team", "/teams/0/id")])
            .settles(&[("4.2", "a team in which the owner has no role has no `role`")]),
        Question::new("licenses", "/api/v1/customer/licenses?perPage=200")
            .takes(&[("license", "/0/licenseId")])
            .settles(&[DATES, LINKS]),
        Question::new("licenses-assigned", "/api/v1/customer/licenses?assigned=true&perPage=200").settles(&[DATES]),
        Question::new("licenses-free", "/api/v1/customer/licenses?assigned=false&perPage=200"),
        Question::new("licenses-default-page", "/api/v1/customer/licenses"),
        Question::new("licenses-first-page", "/api/v1/customer/licenses?page=1&perPage=1").settles(&[LINKS]),
        Question::new("licenses-second-page", "/api/v1/customer/licenses?page=2&perPage=1").settles(&[LINKS]),
        Question::new("licenses-past-the-end", "/api/v1/customer/licenses?page=1000000").settles(&[LINKS]),
        Question::new("licenses-page-0", "/api/v1/customer/licenses?page=0").settles(&[PAGES]),
        Question::new("licenses-page-no-number", "/api/v1/customer/licenses?page=first").settles(&[PAGES]),
        Question::new("licenses-per-page-0", "/api/v1/customer/licenses?perPage=0").settles(&[PAGES]),
        Question::new("licenses-per-page-201", "/api/v1/customer/licenses?perPage=201").settles(&[PAGES]),
        Question::new("licenses-unknown-status", "/api/v1/customer/licenses?assignmentStatus=NOTHING")
            .settles(&[PAGES]),
        Question::new("licenses-contradiction", "/api/v1/customer/licenses?assigned=true&assignmentStatus=UNASSIGNED")
            .settles(&[("5.2", "contradictory filters list nothing")]),
        Question::new("licenses-assigned-in-capitals", "/api/v1/customer/licenses?assigned=True&perPage=1"),
        Question::new("licenses-assigned-no-flag", "/api/v1/customer/licenses?assigned=perhaps"),
        Question::new("licenses-null-filter", "/api/v1/customer/licenses?productCode=null&perPage=1")
            .settles(&[BLANKS]),
        Question::new("licenses-empty-filter", "/api/v1/customer/licenses?productCode=&perPage=1").settles(&[BLANKS]),
        Question::new("licenses-blank-number", "/api/v1/customer/licenses?perPage=%201").settles(&[BLANKS]),
        Question::new("licenses-unknown-product", "/api/v1/customer/licenses?productCode=NOPRODUCT"),
        Question::new("licenses-team-no-number", "/api/v1/customer/licenses?teamId=mine").settles(&[PAGES]),
        Question::new("licenses-unknown-team", "/api/v1/customer/licenses?teamId=1"),
        Question::new("team-licenses", "/api/v1/customer/teams/{team}/licenses?perPage=200").settles(&[DATES]),
        Question::new("team-licenses-unknown-team", "/api/v1/customer/teams/1/licenses").settles(&[TEAMS]),
        Question::new("team-licenses-no-number", "/api/v1/customer/teams/mine/licenses").settles(&[TEAMS]),
        Question::new("license", "/api/v1/customer/licenses/{license}").settles(&[DATES]),
        Question::new("license-unknown", "/api/v1/customer/licenses/NOLICENSE0")
            .settles(&[("5.4", "unknown licence: 404 `LICENSE_NOT_FOUND`")]),
        Question::new("products", "/api/v1/products").with(KEY_ONLY),
        Question::new("plugins", "/api/v1/plugins").with(KEY_ONLY),
        Question::new("document", "/api/v1/swagger.json").with(&[]),
        Question::new("document-page", "/api-doc").with(&[]).settles(&[("2", "`/api-doc` and `/openapi` lead on to")]),
        Question::new("wrong-path", "/api/v1/no-such-path").settles(&[WRONG_PATHS]),
        Question::new("wrong-method", "/api/v1/customer/changeLicensesTeam").settles(&[WRONG_PATHS]),
        Question::new("no-credential", "/api/v1/token").with(&[]),
        Question::new("no-customer-code", "/api/v1/token").with(KEY_ONLY),
        Question::new("empty-key", "/api/v1/token")
            .with(&[("x-customer-code", "{customer_code}"), ("x-api-key", "")])
            .settles(&[("6, 1b", "an empty `X-Api-Key`")]),
        Question::new("wrong-path-without-credential", "/api/v1/no-such-path").with(&[]).settles(&[ROUTE_FIRST]),
        Question::new("wrong-method-without-credential", "/api/v1/customer/changeLicensesTeam")
            .with(&[])
            .settles(&[ROUTE_FIRST]),
    ],
};

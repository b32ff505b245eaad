//! What `locum compare` asks the real service.

use crate::services::comparison::{Comparison, Question, Scheme};

const UNKNOWN_PATHS: (&str, &str) = ("2.4", "paths, methods and bodies of a user's licences");
const DENIALS: (&str, &str) = ("2.3", "oldest first; `to`; the defaults");
const BLANKS: (&str, &str) = ("2.3, 2.4, 5", "an empty or blank value of a query parameter");
const ERRORS: (&str, &str) = ("2.5", "the body of errors, that of a wrong method too");
const DOCUMENT: (&str, &str) = ("2.6, 9", "the document needs no credential");

const SERVER_NAMES: (&str, &str) = ("5, 9", "the suffix ` Toolbox`");
const SERVER_TOKEN: (&str, &str) = ("5, 9", "a wrong token is a 403 with a text");
const SERVER_ERRORS: (&str, &str) = ("5, 9", "those of the other routes a text");

pub(super) const COMPARISONS: [Comparison; 2] = [VAULT, LICENSE_SERVER];

/// Reading, and refusals of what is asked wrongly. No wrong token is sent: somebody may be told of it.
const VAULT: Comparison = Comparison {
    name: "license_vault",
    title: "License Vault",
    schemes: &[
        Scheme { word: "Bearer", demo_token: "demo-vault-token" },
        Scheme { word: "Automation", demo_token: "demo-automation-token" },
    ],
    parameters: &[],
    headers: &[("authorization", "{scheme} {token}")],
    more_data: None,
    questions: &[
        Question::new("usage", "/public-api/licenses/usage").settles(&[("4.3", "every vault counts")]),
        Question::new("denials", "/public-api/denials/report?from=2020-01-01&offset=0&limit=100")
            .takes(&[("user", "/0/username")]),
        Question::new("denials-by-default", "/public-api/denials/report").settles(&[DENIALS]),
        Question::new("denials-until", "/public-api/denials/report?from=2020-01-01&to=2099-01-01").settles(&[DENIALS]),
        Question::new("denials-past-the-end", "/public-api/denials/report?offset=100000000&limit=100"),
        Question::new("denials-bad-day", "/public-api/denials/report?from=yesterday").settles(&[DENIALS, ERRORS]),
        Question::new("denials-limit-0", "/public-api/denials/report?limit=0").settles(&[DENIALS, ERRORS]),
        Question::new("denials-offset-below-0", "/public-api/denials/report?offset=-1").settles(&[DENIALS, ERRORS]),
        Question::new("denials-limit-no-number", "/public-api/denials/report?limit=all").settles(&[DENIALS, ERRORS]),
        Question::new("denials-empty-limit", "/public-api/denials/report?limit=").settles(&[BLANKS]),
        Question::new("denials-blank-day", "/public-api/denials/report?from=%20").settles(&[BLANKS]),
        Question::new("user-licenses", "/public-api/licenses?username={user}").settles(&[UNKNOWN_PATHS]),
        Question::new("user-licenses-of-nobody", "/public-api/licenses").settles(&[UNKNOWN_PATHS, ERRORS]),
        Question::new("user-licenses-unknown-user", "/public-api/licenses?username=no-such-user")
            .settles(&[UNKNOWN_PATHS, ERRORS]),
        Question::new("report", "/public-api/licenses/report?limit=100").settles(&[UNKNOWN_PATHS]),
        Question::new("document", "/api-docs").with(&[]).settles(&[DOCUMENT, UNKNOWN_PATHS]),
        Question::new("document-page", "/swagger-ui.html").with(&[]),
        Question::new("health", "/actuator/health").with(&[]),
        Question::new("wrong-path", "/public-api/no-such-path").settles(&[ERRORS]),
        Question::new("wrong-method", "/public-api/licenses/revoke").settles(&[ERRORS, UNKNOWN_PATHS]),
        Question::new("no-credential", "/public-api/licenses/usage").with(&[]).settles(&[ERRORS]),
        Question::new("wrong-path-without-credential", "/public-api/no-such-path").with(&[]).settles(&[ERRORS]),
    ],
};

/// What monitors ask the License Server, another product on another host (license-vault §5). Its token stands in the
/// query. `/reportApi` is left out, because it is a POST.
const LICENSE_SERVER: Comparison = Comparison {
    name: "license_server",
    title: "License Server",
    schemes: &[Scheme { word: "token", demo_token: "demo-reporting-token" }],
    parameters: &[],
    headers: &[],
    more_data: None,
    questions: &[
        Question::new("licenses", "/licenses-report.json?token={token}").settles(&[SERVER_NAMES]),
        Question::new("tickets", "/tickets-report.json?token={token}").settles(&[SERVER_NAMES]),
        Question::new("health", "/health"),
        Question::new("version", "/check-version").settles(&[("5, 9", "build numbers")]),
        Question::new("connection", "/check-connection"),
        Question::new("configuration", "/check-configuration").settles(&[("5, 9", "`check-configuration`")]),
        Question::new("no-token", "/licenses-report.json").settles(&[SERVER_TOKEN]),
        Question::new("no-token-for-tickets", "/tickets-report.json").settles(&[SERVER_TOKEN]),
        Question::new("empty-token", "/licenses-report.json?token=").settles(&[BLANKS, SERVER_TOKEN]),
        Question::new("wrong-path", "/no-such-path").settles(&[SERVER_ERRORS]),
        Question::new("wrong-method", "/reportApi").settles(&[SERVER_ERRORS]),
    ],
};

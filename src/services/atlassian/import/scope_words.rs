//! Which scopes say nothing of a customer.

/// The words that the vendor's own scopes are made of, of all its products.
const WORDS: &str = "\
    access account accounts action actions activity adjustments admin administration agent alert alerts all \
    analytics api app application approval approvals archive asset assets assignable atlassian attachment \
    attachments attribute audit automation avatar bitbucket blogpost board build builds calendar call catalogue \
    category changelog channel cmdb code columns comment comments compass component components config configuration \
    configurations confluence connect container content contextual create custom customer customers dashboard data \
    database default delete deployment deployments details development directory domain domains email embed entity \
    epic escalation event events export expressions feature features feedback field fields file filter flag folder \
    form forms gate goal goals gpg graph group groups guard hierarchical hierarchy history hook incident index info \
    information inlinetask insight insights instance issue issues item jira join jql jsm jsw key keys knowledge \
    knowledgebase label labels level library license link linked links list log login logs loom manage me media \
    member members meta metadata metric metrics moderate notification notifications object objects offline on \
    operations ops opsgenie option options org organization organizations orgs package page pages participant \
    participants people permission permissions personal pipeline pipelines policies policy priority private process \
    product profile project projects properties property props provider public pullrequest queue read readonly \
    record relation release remote report reports repository request requests requesttype resolution resource \
    restriction restrictions role roles roster rovo rule rules runner runners saas schedule schema scheme schemes \
    scope scopes scorecard screen screenable screens search security service servicedesk servicemanagement services \
    session setting settings share site sla snippet software source space spaces sprint sprints ssh status statuses \
    statuspage storage subscription summary tab tag task tasks team teams template templates test time timeline \
    token tokens tracking transition transitions trello trigger type types update usage user users value values \
    variable variables version versions view vote votes watcher watchers webhook webhooks whiteboard widget wiki \
    work worker workflow workflows worklog workspace workspaces write";

/// The scopes that are one word, or written another way than the others.
const WHOLE: [&str; 4] = ["email", "offline_access", "openid", "profile"];

/// Whether a scope is one as the vendor writes them, like `read:jira-work`, of nothing but its own words. Any other one
/// may be a customer's text.
pub(super) fn is_public_scope(scope: &str) -> bool {
    let is_known = |word: &str| WORDS.split_ascii_whitespace().any(|known| known == word);
    let is_of_words = scope.contains(':') && scope.split([':', '-', '.']).all(is_known);
    is_of_words || WHOLE.contains(&scope)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_of_other_words_may_be_a_customers() {
        for scope in ["read:jira-work", "read:service-accounts-tokens:admin", "write:confluence-content.all", "openid"]
        {
            assert!(is_public_scope(scope), "{scope}");
        }
        for scope in ["read:quagga", "read:jira-quagga", "read", "quagga:read", "read:", "Read:Jira-Work", ""] {
            assert!(!is_public_scope(scope), "{scope}");
        }
    }
}

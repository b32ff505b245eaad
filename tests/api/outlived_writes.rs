//! Writes that wait for the writer, or are in their transaction, while everything is replaced: each is in one world,
//! with its answer, its change and its entry in the journal, or in none.

use std::{collections::BTreeSet, sync::Arc};

use futures_util::future::join;
use serde_json::{Value, json};

use crate::support::{Answer, Client, NOW, Role, TestApp, apply, on_both_databases};

const SEED: &str = include_str!("../../seeds/demo.yaml");
const CLIENTS: usize = 12;
/// Of each client: together more than there are licences.
const ASSIGNMENTS: usize = 8;

/// The world that is replaced.
struct World {
    admin: Client,
    control: Client,
}

impl World {
    fn of_default(app: &TestApp) -> Self {
        Self { admin: app.jetbrains_account(Role::OrgAdmin).without_document_check(), control: app.control() }
    }

    /// One beside it, made by the name that it had before.
    async fn make(app: &TestApp) -> Self {
        let made = app.control().post("/spaces", r#"{"name":"t1"}"#).await.expect_ok();
        let variable = |name: &str| made["variables"][name].as_str().unwrap().to_owned();
        let (key, code) = (variable("JETBRAINS_ACCOUNT_API_KEY"), variable("JETBRAINS_ACCOUNT_CUSTOMER_CODE"));
        let admin = app.jetbrains_account_token(&key, &code).without_document_check();
        Self { admin, control: app.control().in_space("t1") }
    }

    async fn assign(&self, email: &str) -> Answer {
        let contact = json!({"firstName": "E", "lastName": "S", "email": email});
        let body = json!({"license": {"team": 2002, "productCode": "ALL"}, "contact": contact});
        self.admin.post("/customer/licenses/assign", body).await
    }

    /// Who holds a licence.
    async fn list_assignees(&self) -> BTreeSet<String> {
        let state = self.control.get("/state").await.expect_ok().to_string();
        state.split('"').filter(|text| text.starts_with("eve-")).map(str::to_owned).collect()
    }

    /// How many assignments the journal has, by status.
    async fn count_in_journal(&self, status: u16) -> usize {
        let path = format!("/requests?operation=assignLicense&status={status}&limit=500");
        self.control.get(&path).await.expect_ok()["requests"].as_array().unwrap().len()
    }
}

async fn replace(app: &TestApp, how: &str, state: &Value) {
    let control = app.control();
    match how {
        "reset" => drop(control.post("/reset", "").await.expect_ok()),
        "seed" => drop(control.post("/seed?mode=replace", format!("clock: {NOW}\n{SEED}")).await.expect_ok()),
        "import" => drop(control.put("/state", state).await.expect_ok()),
        "restore" => drop(control.post("/snapshots/before/restore", "").await.expect_ok()),
        _ => {
            control.delete("/spaces/t1").await.expect_ok();
            control.post("/spaces", r#"{"name":"t1"}"#).await.expect_ok();
        }
    }
}

/// Asks one after the other, and returns the statuses.
async fn assign_some(world: Arc<World>, round: usize, client: usize) -> Vec<u16> {
    let mut statuses = Vec::new();
    for number in 0..ASSIGNMENTS {
        let answer = world.assign(&format!("eve-{round}-{client}-{number}@example.test")).await;
        let status = answer.status.as_u16();
        assert!([200, 400, 401, 503].contains(&status), "{status}: {}", answer.text());
        statuses.push(status);
    }
    statuses
}

#[apply(on_both_databases)]
async fn who_waited_for_the_writer_over_a_replacement(app: TestApp) {
    app.control().put("/snapshots/before", "").await.expect_ok();
    let state = app.control().get("/state").await.expect_ok();
    let (mut outlived, mut survived) = (0, 0);
    for (round, how) in ["reset", "seed", "import", "restore", "delete"].into_iter().cycle().take(15).enumerate() {
        let (name, world) = if how == "delete" {
            ("t1", World::make(&app).await)
        } else {
            app.control().post("/reset", "").await.expect_ok();
            ("default", World::of_default(&app))
        };
        world.admin.get("/token").await.expect_ok();
        let world = Arc::new(world);
        let space = app.app.space(name).await.unwrap();
        // Whoever comes meanwhile waits for its end.
        let open = app.app.db.write(space.id).await.unwrap();
        let asking: Vec<_> =
            (0..CLIENTS).map(|client| tokio::spawn(assign_some(Arc::clone(&world), round, client))).collect();
        let replacing = async {
            for _ in 0..3 {
                replace(&app, how, &state).await;
            }
        };
        let release = async {
            tokio::task::yield_now().await;
            drop(open);
        };
        join(replacing, release).await;
        let mut statuses = Vec::new();
        for asked in asking {
            statuses.extend(asked.await.unwrap());
        }
        let what = format!("round {round}, {how}: {statuses:?}");
        // The credential of a space that is gone is nobody's, until there is the next one.
        assert!(how == "delete" || !statuses.contains(&401), "{what}");
        let assignees = world.list_assignees().await;
        assert_eq!(world.count_in_journal(200).await, assignees.len(), "{what}: {assignees:?}");
        assert_eq!(world.count_in_journal(503).await, 0, "{what}");
        outlived += statuses.iter().filter(|status| **status == 503).count();
        survived += assignees.len();
        if how == "delete" {
            app.control().delete("/spaces/t1").await.expect_ok();
        }
    }
    assert!(outlived > 0 && survived > 0, "nobody waited: {outlived} were refused, {survived} are there");
}

//! Writes that wait for the writer, or are in their transaction, while everything is replaced: each is in one world,
//! with its answer, its change and its entry in the journal, or in none.
//!
//! If you are here because a change has no entry: a write was carried out in the world after the one that it was asked
//! in. `Caller::write` refuses that twice: by the generation, and, where the caller has new ids there, as on
//! PostgreSQL, because it is no longer who it was.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use futures_util::future::join;
use serde_json::{Value, json};

use crate::support::{Answer, Client, NOW, Role, TestApp, apply, on_both_databases};

const SEED: &str = include_str!("../../seeds/demo.yaml");
const CLIENTS: usize = 12;
/// Of each client, once nothing is replaced any more: together as many as there are licences, about.
const ASSIGNMENTS: usize = 2;

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

    /// Lists the addresses that the world's licences are assigned to.
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

/// Asks one after the other, for as long as something is replaced and a little longer, and returns the statuses.
async fn assign_some(world: Arc<World>, is_replaced: Arc<AtomicBool>, round: usize, client: usize) -> Vec<u16> {
    let (mut statuses, mut left) = (Vec::new(), ASSIGNMENTS);
    while left > 0 {
        left -= usize::from(is_replaced.load(Ordering::Relaxed));
        let number = statuses.len();
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
    // By how the world was replaced: how many were refused, and how many are there.
    let mut counts = BTreeMap::<&str, (usize, usize)>::new();
    for (round, how) in ["reset", "seed", "import", "restore", "delete"].into_iter().cycle().take(10).enumerate() {
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
        let is_replaced = Arc::new(AtomicBool::new(false));
        let ask = |client| assign_some(Arc::clone(&world), Arc::clone(&is_replaced), round, client);
        let asking: Vec<_> = (0..CLIENTS).map(|client| tokio::spawn(ask(client))).collect();
        let replacing = async {
            for _ in 0..3 {
                replace(&app, how, &state).await;
            }
            is_replaced.store(true, Ordering::Relaxed);
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
        let (outlived, survived) = counts.entry(how).or_default();
        *outlived += statuses.iter().filter(|status| **status == 503).count();
        *survived += assignees.len();
        if how == "delete" {
            app.control().delete("/spaces/t1").await.expect_ok();
        }
    }
    let is_tried = |(outlived, survived): &(usize, usize)| *outlived > 0 && *survived > 0;
    assert!(counts.values().all(is_tried), "nobody waited: {counts:?}");
}

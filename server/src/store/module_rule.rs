//! Module rules, kept in their order.

use super::{
    Store, StoreError,
    audit::{Author, States, Subject, enter},
    connection::Connection,
    statement::{Column, bulk, query},
};
use crate::task::carry_out;
use model::{
    audit::Action,
    module_rule::{ModuleRule, ModuleRules, RuleKind},
};
use serde_json::json;

impl Store {
    /// Every rule.
    pub async fn module_rules(&self) -> Result<ModuleRules, StoreError> {
        every_rule(&mut self.read().await?.connection()).await
    }

    /// Puts these rules in place of all there are.
    pub async fn put_module_rules(&self, put: ModuleRules, author: Author) -> Result<(), StoreError> {
        let store = self.clone();
        carry_out(async move {
            let mut writing = store.write().await?;
            let connection = &mut writing.connection();
            let before = every_rule(connection).await?;
            if before != put {
                let states = States { before: json!(before), after: json!(put) };
                enter(connection, &author, Action::ReplaceModuleRules, &Subject::workspace(), states).await?;
            }
            let rules = put.rules;
            let places = || (0..).take(rules.len());
            // Place by place first, so that of two servers at once the later one's rules stand whole.
            bulk(
                "INSERT INTO module_rule (place, kind, prefix, module, strip) {rows} \
                 ON CONFLICT (place) DO UPDATE SET kind = excluded.kind, prefix = excluded.prefix, \
                 module = excluded.module, strip = excluded.strip",
                [
                    Column::ints(places()),
                    Column::texts(rules.iter().map(|rule| rule.kind.as_str())),
                    Column::texts(rules.iter().map(|rule| rule.prefix.as_str())),
                    Column::texts(rules.iter().map(|rule| rule.module.as_str())),
                    Column::ints(rules.iter().map(|rule| i64::from(rule.strip))),
                ],
            )
            .execute(connection)
            .await?;
            let count = i64::try_from(rules.len()).unwrap_or(i64::MAX);
            query("DELETE FROM module_rule WHERE place >= $1").bind(count).execute(connection).await?;
            writing.commit().await
        })
        .await
    }
}

async fn every_rule(connection: &mut Connection<'_>) -> Result<ModuleRules, StoreError> {
    let rules = query("SELECT kind, prefix, module, strip FROM module_rule ORDER BY place");
    let rules: Vec<(String, String, String, i64)> = rules.fetch_all(connection).await?;
    let rule = |(kind, prefix, module, strip): (String, String, String, i64)| {
        let known = RuleKind::ALL.into_iter().find(|known| known.as_str() == kind);
        let kind = known.ok_or(StoreError::Setting { name: "kind", value: kind })?;
        Ok(ModuleRule { kind, prefix, module, strip: strip != 0 })
    };
    Ok(ModuleRules { rules: rules.into_iter().map(rule).collect::<Result<_, StoreError>>()? })
}

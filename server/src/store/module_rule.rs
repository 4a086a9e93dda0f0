//! Module rules, kept in their order.

use super::{
    Store, StoreError,
    statement::{Column, bulk, query},
};
use model::module_rule::{ModuleRule, ModuleRules, RuleKind};

impl Store {
    /// Every rule.
    pub async fn module_rules(&self) -> Result<ModuleRules, StoreError> {
        let mut reading = self.read().await?;
        let rules = query("SELECT kind, prefix, module, strip FROM module_rule ORDER BY place");
        let rules: Vec<(String, String, String, i64)> = rules.fetch_all(&mut reading.connection()).await?;
        let rule = |(kind, prefix, module, strip): (String, String, String, i64)| {
            let known = RuleKind::ALL.into_iter().find(|known| known.as_str() == kind);
            let kind = known.ok_or(StoreError::Setting { name: "kind", value: kind })?;
            Ok(ModuleRule { kind, prefix, module, strip: strip != 0 })
        };
        Ok(ModuleRules { rules: rules.into_iter().map(rule).collect::<Result<_, StoreError>>()? })
    }

    /// Puts these rules in place of all there are.
    pub async fn put_module_rules(&self, ModuleRules { rules }: ModuleRules) -> Result<(), StoreError> {
        let store = self.clone();
        // In a task of its own: whoever asks may go away.
        let put = tokio::spawn(async move {
            let mut writing = store.write().await?;
            let connection = &mut writing.connection();
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
        });
        put.await.map_err(|_| StoreError::WriterFailed)?
    }
}

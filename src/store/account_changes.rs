//! Changes to accounts by hand: noted, kept and announced in one transaction, so that each is announced exactly once,
//! by the process that sees it first.

use equipemed_domain::account_change::{BY_HAND, ChangedAccount};
use equipemed_domain::announcement::Announcement;
use equipemed_domain::binding::Noted;
use equipemed_domain::desired::AccountState;
use jiff::Timestamp;

use super::bindings::state_word;
use super::rows::{ms, to_json};
use super::{Store, StoreError};

impl Store {
    /// Notes the present state of changed accounts, stores grants that keep locks and deactivations by hand, and
    /// announces the changes. Skips changes that another process noted meanwhile.
    ///
    /// # Errors
    /// When the database fails; nothing is changed then.
    pub async fn note_changed_accounts(
        &self,
        changed: &[ChangedAccount],
        tell: impl Fn(&[&ChangedAccount]) -> Announcement + Send + Sync,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const NOTE: &str = "update bindings set state = $3, admin = $4, name = $5,
                server_admin_given = case when $6 then $7 else server_admin_given end,
                signed_out = case when $3 = 'locked' then signed_out end
            where person_id = $1 and user_id = $2 and state is not distinct from $8
                and admin is not distinct from $9 and name is not distinct from $10";
        const KEEP: &str = "insert into grants (person_id, kind, asker, created_at) values ($1, $2, $3, $4)";
        const TELL: &str = "insert into announcements (once, content, created_at) values ($1, $2, $3)
            on conflict (once) do nothing";
        let word = |noted: &Noted| noted.state.map(|state: AccountState| state_word(state));
        in_transaction!(self, tx => {
            let mut first: Vec<&ChangedAccount> = Vec::new();
            for one in changed {
                let done = sqlx::query(NOTE)
                    .bind(one.person.0)
                    .bind(one.user.as_str())
                    .bind(word(&one.now))
                    .bind(one.now.admin)
                    .bind(&one.now.name)
                    .bind(one.loses_admin())
                    .bind(true)
                    .bind(word(&one.before))
                    .bind(one.before.admin)
                    .bind(&one.before.name)
                    .execute(&mut *tx)
                    .await?;
                if done.rows_affected() == 0 {
                    continue;
                }
                if let Some(kind) = one.kept() {
                    let keep = sqlx::query(KEEP).bind(one.person.0).bind(kind.as_str()).bind(BY_HAND).bind(ms(now));
                    keep.execute(&mut *tx).await?;
                }
                first.push(one);
            }
            if let Some(one) = first.first() {
                let once = format!("accounts:{}:{}", one.person.0, now.as_millisecond());
                let content = to_json(&tell(&first))?;
                sqlx::query(TELL).bind(once).bind(content).bind(ms(now)).execute(&mut *tx).await?;
            }
        })
    }
}

//! Work that comes to its end, whoever asked for it.

use tokio::task::JoinError;

/// Carries something out in a task of its own. Whoever asks may go away: what was begun is done all the same, and a
/// transaction that was given up half-way would take the connection that writes along.
pub(crate) async fn carry_out<T, E>(work: impl Future<Output = Result<T, E>> + Send + 'static) -> Result<T, E>
where
    T: Send + 'static,
    E: From<JoinError> + Send + 'static,
{
    tokio::spawn(work).await?
}

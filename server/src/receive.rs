//! Receiving bodies: each within its size and its time, all together within the room there is.

use axum::body::{Body, Bytes, HttpBody};
use http_body_util::BodyExt;
use model::event::REQUEST_BYTES;
use std::{sync::Arc, time::Duration};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bodies of more bytes than this take long enough to send and to read that they hold others up. The others take no
/// room, so that many who send slowly keep none from anybody; there are no more of them than connections.
pub(crate) const SMALL_BODY: usize = 65_536;

/// How many bytes of large bodies are received at the same time.
const ROOM_BYTES: usize = 32 * 1024 * 1024;

/// How many bytes of a body that is too large are read and thrown away before the connection is closed.
const DISCARDED_BYTES: usize = 32 * 1024 * 1024;

/// How long a body may take to come, from its first byte to its last.
const TIME: Duration = Duration::from_secs(30);

/// Why a body was not received.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ReceiveError {
    /// It has more than [`REQUEST_BYTES`].
    #[error("the body has more than {REQUEST_BYTES} bytes, as sent or after decompression")]
    TooLarge,
    /// It took longer than it may.
    #[error("the body did not come within {} seconds", TIME.as_secs())]
    Slow,
    /// There is no room for it beside those that are being received.
    #[error("too many bodies are being received")]
    Busy,
    /// It broke off, or is not what HTTP says it is.
    #[error("the body can't be read: {0}")]
    Broken(String),
}

/// Receives bodies. Cheap to clone; all clones share the room.
#[derive(Clone, Debug)]
pub(crate) struct Receiver {
    room: Arc<Semaphore>,
    turns: Arc<Semaphore>,
}

/// A body that was received whole. It keeps its room until it is dropped.
#[derive(Debug)]
pub(crate) struct Received {
    /// The bytes, as they were sent.
    pub(crate) bytes: Bytes,
    _room: Option<OwnedSemaphorePermit>,
}

impl Default for Receiver {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self { room: Arc::new(Semaphore::new(ROOM_BYTES)), turns: Arc::new(Semaphore::new(processors)) }
    }
}

impl Receiver {
    /// Receives a body.
    pub(crate) async fn receive(&self, body: Body) -> Result<Received, ReceiveError> {
        tokio::time::timeout(TIME, self.read(body)).await.map_err(|_| ReceiveError::Slow)?
    }

    /// Waits for the turn of a body that takes long to decode; it ends when what is returned is dropped. As many as there
    /// are processors are decoded at once: more would not be done sooner, and each takes memory for what it grows to.
    pub(crate) async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        self.turns.clone().acquire_owned().await.ok()
    }

    /// Reads a body to its end. One that is refused is read on for a while, but not kept: a client that is still sending
    /// would not see the refusal.
    async fn read(&self, mut body: Body) -> Result<Received, ReceiveError> {
        let announced = body.size_hint().exact().and_then(|bytes| usize::try_from(bytes).ok());
        let whole = announced.unwrap_or(REQUEST_BYTES).min(REQUEST_BYTES);
        let mut size = 0;
        let mut kept = Ok((Vec::new(), None));
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| ReceiveError::Broken(error.to_string()))?;
            let Ok(data) = frame.into_data() else { continue };
            size += data.len();
            kept = match kept {
                Ok(_) if size > REQUEST_BYTES => Err(ReceiveError::TooLarge),
                // For all of it at once, so that whoever begins also ends, instead of many waiting for the last bit.
                Ok((mut bytes, None)) if size > SMALL_BODY => self.room_for(whole).map(|room| {
                    bytes.reserve_exact(whole.saturating_sub(bytes.len()));
                    (bytes, Some(room))
                }),
                kept => kept,
            };
            match &mut kept {
                Ok((bytes, _)) => bytes.extend_from_slice(&data),
                Err(_) if size > REQUEST_BYTES + DISCARDED_BYTES => break,
                Err(_) => {}
            }
        }
        kept.map(|(bytes, room)| Received { bytes: bytes.into(), _room: room })
    }

    fn room_for(&self, bytes: usize) -> Result<OwnedSemaphorePermit, ReceiveError> {
        let places = u32::try_from(bytes).map_err(|_| ReceiveError::Busy)?;
        self.room.clone().try_acquire_many_owned(places).map_err(|_| ReceiveError::Busy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::{StreamExt, future::join_all};

    #[tokio::test]
    async fn a_body_may_have_its_size_and_not_a_byte_more() {
        let receiver = Receiver::default();
        let sized =
            async |bytes: usize| receiver.receive(Body::from(vec![b' '; bytes])).await.map(|body| body.bytes.len());
        assert_eq!(sized(REQUEST_BYTES).await, Ok(REQUEST_BYTES));
        assert_eq!(sized(REQUEST_BYTES + 1).await, Err(ReceiveError::TooLarge));
        assert_eq!(sized(REQUEST_BYTES + DISCARDED_BYTES + 1).await, Err(ReceiveError::TooLarge));
    }

    #[tokio::test]
    async fn bodies_share_the_room_and_give_it_back() {
        let receiver = Receiver::default();
        let mut held = Vec::new();
        let refused = loop {
            match receiver.receive(Body::from(vec![b' '; REQUEST_BYTES])).await {
                Ok(body) => held.push(body),
                Err(refused) => break refused,
            }
        };
        assert_eq!((held.len(), refused), (ROOM_BYTES / REQUEST_BYTES, ReceiveError::Busy));
        held.pop();
        assert!(receiver.receive(Body::from(vec![b' '; REQUEST_BYTES])).await.is_ok());
    }

    #[tokio::test]
    async fn slow_senders_take_no_room() {
        let receiver = Receiver::default();
        let slow = || {
            let begun = futures::stream::iter([Ok::<_, std::io::Error>(Bytes::from(vec![b' '; SMALL_BODY]))]);
            Body::from_stream(begun.chain(futures::stream::pending()))
        };
        let mut waiting = Box::pin(join_all((0..1_000).map(|_| receiver.receive(slow()))));
        assert!(futures::poll!(&mut waiting).is_pending());
        assert!(receiver.receive(Body::from(vec![b' '; REQUEST_BYTES])).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_ends_is_given_up() {
        let body = Body::from_stream(futures::stream::pending::<Result<Bytes, std::io::Error>>());
        assert_eq!(Receiver::default().receive(body).await.map(|body| body.bytes), Err(ReceiveError::Slow));
    }
}

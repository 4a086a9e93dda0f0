//! A client that costs next to nothing, so that what is measured is the server: it sends requests that were written
//! beforehand, and reads of each answer only where it ends.

use crate::processor;
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// The key that every request carries.
pub(crate) const KEY: &str = "um_bench";

/// What a run showed.
pub(crate) struct Run {
    pub(crate) took: Duration,
    /// From sending to having the answer, request by request.
    pub(crate) latencies: Vec<Duration>,
    /// Processor time of this process without the client.
    pub(crate) processor: Option<Duration>,
}

/// A request that posts a body of events.
pub(crate) fn request(body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {KEY}\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// Sends requests over so many connections, on each one after the other, from a thread of its own.
pub(crate) fn send(address: SocketAddr, requests: &[Vec<u8>], connections: usize) -> Run {
    std::thread::scope(|scope| scope.spawn(|| send_here(address, requests, connections)).join().unwrap())
}

fn send_here(address: SocketAddr, requests: &[Vec<u8>], connections: usize) -> Run {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut streams = Vec::new();
        for _ in 0..connections {
            let stream = TcpStream::connect(address).await.unwrap();
            stream.set_nodelay(true).unwrap();
            streams.push(stream);
        }
        let (process_before, thread_before) = (processor::of_process(), processor::of_thread());
        let began = Instant::now();
        let sending = streams.iter_mut().enumerate().map(async |(number, stream)| {
            let mut latencies = Vec::new();
            let mut answer = Vec::new();
            for request in requests.iter().skip(number).step_by(connections) {
                let sent = Instant::now();
                stream.write_all(request).await.unwrap();
                read_answer(stream, &mut answer).await;
                latencies.push(sent.elapsed());
            }
            latencies
        });
        let latencies = futures::future::join_all(sending).await.concat();
        let took = began.elapsed();
        let spent = |before: Option<Duration>, after: Option<Duration>| Some(after?.saturating_sub(before?));
        let process = spent(process_before, processor::of_process());
        let thread = spent(thread_before, processor::of_thread());
        let processor = process.zip(thread).map(|(process, thread)| process.saturating_sub(thread));
        Run { took, latencies, processor }
    })
}

/// Reads an answer to its end.
async fn read_answer(stream: &mut TcpStream, answer: &mut Vec<u8>) {
    answer.clear();
    loop {
        let read = stream.read_buf(answer).await.unwrap();
        assert!(read > 0, "the server closed the connection: {}", String::from_utf8_lossy(answer));
        let Some(end) = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { continue };
        let head = std::str::from_utf8(&answer[..end]).unwrap();
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        if answer.len() >= end + 4 + length.parse::<usize>().unwrap() {
            assert!(answer.ends_with(b"\"rejected\":[]}"), "{}", String::from_utf8_lossy(answer));
            return;
        }
    }
}

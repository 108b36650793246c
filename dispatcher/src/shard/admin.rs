//! What Console asks a shard; the JSON stands in `outbox::admin`.

use super::pump::Pump;
use crate::WORKER;
use edge::report;
use edge::shard::stub;
use outbox::admin::{
    BackfillRequest, DeadRequest, EraseFindRequest, EraseRequest, PauseRequest, RegisterRequest,
    ReplayRequest, ShardStatus, Shards,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::rc::Rc;
use worker::{Error, Method, Request, RequestInit, Response, Result};

/// Answers a question.
pub async fn route(pump: &Rc<Pump>, path: &str, request: Request) -> Result<Response> {
    let now = edge::clock::now();
    let response = match (request.method(), path) {
        (Method::Get, "/status") => {
            let status = pump.shard().status(now);
            let rows_written = pump.shard().database().rows_written();
            answer(status.map(|status| ShardStatus { rows_written, ..status }))
        }
        (Method::Get, "/metrics") => {
            pump.note_reports(WORKER, report::counted());
            answer(pump.shard().metrics(now))
        }
        (Method::Get, "/shards") => answer(pump.shard().shards()),
        (Method::Post, "/dead") => {
            let asked: DeadRequest = read(request).await?;
            answer(pump.shard().dead(&asked))
        }
        (Method::Post, "/erase/find") => {
            let asked: EraseFindRequest = read(request).await?;
            answer(pump.shard().find_to_erase(&asked))
        }
        (Method::Post, "/erase") => {
            let asked: EraseRequest = read(request).await?;
            let random = edge::random::bytes()?;
            answer(pump.shard().erase(&asked, random, now))
        }
        (Method::Post, "/replay") => {
            let asked: ReplayRequest = read(request).await?;
            answer(pump.shard().replay(&asked.run, &asked.filter, now))
        }
        (Method::Post, "/backfill") => {
            let asked: BackfillRequest = read(request).await?;
            answer(pump.shard().backfill(&asked, now))
        }
        (Method::Post, "/pause") => {
            let asked: PauseRequest = read(request).await?;
            answer(pump.shard().pause(&asked.tracker, asked.paused))
        }
        (Method::Post, "/register") => {
            let asked: RegisterRequest = read(request).await?;
            let mut shard = pump.shard();
            let done = shard.name(0).and_then(|()| shard.register(asked.shard)).and_then(|()| shard.shards());
            answer(done)
        }
        _ => Response::error("not found", 404),
    };
    pump.kick();
    response
}

fn answer<T: Serialize>(result: std::result::Result<T, outbox::sql::SqlError>) -> Result<Response> {
    match result {
        Ok(answer) => Response::from_json(&answer),
        Err(error) => Response::error(error.to_string(), 500),
    }
}

async fn read<T: DeserializeOwned>(mut request: Request) -> Result<T> {
    let body = request.bytes().await?;
    serde_json::from_slice(&body).map_err(|_| Error::from("the question is of another release"))
}

/// Tells shard 0 that this one is used, and hears from it what is paused.
pub async fn register(pump: &Rc<Pump>, number: u32) -> Result<()> {
    if number == 0 {
        return Ok(());
    }
    let mut init = RequestInit::new();
    let body = serde_json::to_string(&RegisterRequest { shard: number })?;
    init.with_method(Method::Post).with_body(Some(body.into()));
    let request = Request::new_with_init("https://outbox/register", &init)?;
    let mut response = stub(&pump.env, &pump.settings.shards, 0)?.fetch_with_request(request).await?;
    if response.status_code() != 200 {
        return Err(Error::from(format!("shard 0 answered {}", response.status_code())));
    }
    let Shards { paused, .. } = response.json().await?;
    for tracker in paused {
        let done = pump.shard().pause(&tracker, true);
        done.map_err(|error| Error::from(error.to_string()))?;
    }
    Ok(())
}

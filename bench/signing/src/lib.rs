//! A Worker that signs what Sparrow sends to BigQuery instead of a password, as often as a request says.
//!
//! `GET /{with}/{now}/{count}` answers as many tokens, one to a line. Their claims are made at `now`, in ms, and at each
//! second after it. `with` is a feature, or `nothing`. As in any Worker, key file and key are read for the first token
//! and kept from then on; no token, nothing is read.

mod key;

use event::Millis;
use key::Key;
use std::cell::RefCell;
use std::rc::Rc;
use warehouse::bigquery::{INSERT_SCOPE, ServiceAccount, bearer};
use worker::{Context, Env, Request, Response, Result, event};

#[event(fetch)]
async fn fetch(request: Request, env: Env, _ctx: Context) -> Result<Response> {
    let path = request.path();
    let mut parts = path.split('/').skip(1);
    let (Some(with), Some(now), Some(count)) = (parts.next(), number(parts.next()), number(parts.next()))
    else {
        return Response::error("ask for /{with}/{now}/{count}", 404);
    };
    let mut tokens = String::new();
    for second in 0..count {
        let signer = signer(&env, with).await?;
        let claims = bearer(&signer.account, INSERT_SCOPE, Millis(now + second * 1000));
        tokens.push_str(&signer.key.token(claims).await?);
        tokens.push('\n');
    }
    Response::ok(tokens)
}

fn number(text: Option<&str>) -> Option<i64> {
    text?.parse().ok()
}

struct Signer {
    account: ServiceAccount,
    key: Key,
}

thread_local! {
    static SIGNER: RefCell<Option<Rc<Signer>>> = const { RefCell::new(None) };
}

/// The one that was used first.
async fn signer(env: &Env, with: &str) -> Result<Rc<Signer>> {
    if let Some(signer) = SIGNER.with_borrow(Clone::clone) {
        return Ok(signer);
    }
    let file = env.var("SERVICE_ACCOUNT")?.to_string();
    let account = ServiceAccount::read(&file).map_err(|error| error.to_string())?;
    let key = Key::import(with, account.private_key()).await?;
    let signer = Rc::new(Signer { account, key });
    SIGNER.set(Some(Rc::clone(&signer)));
    Ok(signer)
}

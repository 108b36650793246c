//! The stack, with the names of functions, as JavaScript tells it.

use js_sys::{Error, Function, Reflect};
use sentry::protocol::{Addr, Frame, Stacktrace};
use wasm_bindgen::prelude::{JsCast, JsValue};

/// Most frames that are told.
const MAX_FRAMES: u32 = 100;

/// The stack of whoever calls the crate.
pub(crate) fn here() -> Option<Stacktrace> {
    parse(&text().ok()?)
}

/// JavaScript keeps ten frames where nobody asks for more.
fn text() -> Result<String, JsValue> {
    let limit = JsValue::from_str("stackTraceLimit");
    let class: Function = Reflect::get(&js_sys::global(), &"Error".into())?.unchecked_into();
    let before = Reflect::get(&class, &limit)?;
    Reflect::set(&class, &limit, &MAX_FRAMES.into())?;
    let error = Error::new("");
    Reflect::set(&class, &limit, &before)?;
    let stack = Reflect::get(&error, &"stack".into())?;
    Ok(stack.as_string().unwrap_or_default())
}

/// Oldest frame first. What belongs to the capture itself is left out.
fn parse(stack: &str) -> Option<Stacktrace> {
    let frames = stack.lines().filter_map(frame).skip_while(is_own).collect();
    Stacktrace::from_frames_reversed(frames)
}

/// `at NAME (PLACE)` or `at PLACE`.
fn frame(line: &str) -> Option<Frame> {
    let line = line.trim().strip_prefix("at ")?;
    let (name, place) = match line.strip_suffix(')').and_then(|line| line.rsplit_once(" (")) {
        Some((name, place)) => (Some(name), place),
        None => (None, line),
    };
    Some(wasm_frame(name, place).unwrap_or_else(|| script_frame(name, place)))
}

/// `wasm://wasm/HASH:wasm-function[INDEX]:0xOFFSET`, where the offset is one in the module's file.
fn wasm_frame(name: Option<&str>, place: &str) -> Option<Frame> {
    let (file, offset) = place.rsplit_once(":0x")?;
    let (_, index) = file.split_once(":wasm-function")?;
    let name = name.map_or_else(|| format!("wasm-function{index}"), |name| function(name).to_owned());
    Some(Frame {
        in_app: Some(is_in_app(&name)),
        function: Some(name),
        instruction_addr: u64::from_str_radix(offset, 16).ok().map(Addr),
        // Relative to the first image, which is the only one.
        addr_mode: Some("rel:0".to_owned()),
        ..Frame::default()
    })
}

/// JavaScript is what wasm-bindgen and the runtime made.
fn script_frame(name: Option<&str>, place: &str) -> Frame {
    let mut parts = place.rsplitn(3, ':');
    let (column, line) = (parts.next(), parts.next());
    Frame {
        function: name.map(str::to_owned),
        filename: Some(parts.next().unwrap_or(place).to_owned()),
        lineno: line.and_then(|line| line.parse().ok()),
        colno: column.and_then(|column| column.parse().ok()),
        in_app: Some(false),
        ..Frame::default()
    }
}

/// A function's name as it is in the source: without the module before it and the hash of legacy mangling after it.
fn function(name: &str) -> &str {
    let name = name.split_once(".wasm.").map_or(name, |(_, name)| name);
    match name.rsplit_once("::h") {
        Some((name, hash)) if hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => name,
        _ => name,
    }
}

/// Crates that are not the application: Rust's own, and those between it and JavaScript.
const LIBRARIES: [&str; 15] = [
    "alloc",
    "core",
    "std",
    "futures_util",
    "futures_core",
    "futures_channel",
    "js_sys",
    "sentry",
    "sentry_core",
    "sentry_types",
    "sentry_workers",
    "wasm_bindgen",
    "wasm_bindgen_futures",
    "web_sys",
    "worker",
];

/// Of a function, the crate; of an implementation, the crate of the type.
fn is_in_app(function: &str) -> bool {
    let path = function.trim_start_matches(['<', '&', '*', '(', ' ']);
    let path = path.strip_prefix("dyn ").unwrap_or(path);
    let Some((krate, _)) = path.split_once("::") else { return false };
    !LIBRARIES.contains(&krate)
}

/// Frames between a failure and whoever tells of it: this crate, Rust's handling of panics, JavaScript's glue.
fn is_own(frame: &Frame) -> bool {
    let Some(function) = &frame.function else { return true };
    frame.instruction_addr.is_none()
        || [
            "sentry_workers::",
            "std::panicking",
            "core::panicking",
            "<alloc::boxed::Box<",
            "std::sys::",
            "std::rt",
        ]
        .iter()
        .any(|own| function.trim_start_matches('<').contains(own))
}

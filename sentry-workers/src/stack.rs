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
    let name = name.map_or_else(|| format!("wasm-function{index}"), function);
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

/// A function's name as it is in the source: without the module before it, crates' hashes, and what wasm-bindgen adds.
fn function(name: &str) -> String {
    let name = name.split_once(".wasm.").map_or(name, |(_, name)| name);
    let name = name.split_once(" externref shim").map_or(name, |(name, _)| name);
    let name = match name.rsplit_once("::h") {
        // Legacy mangling.
        Some((name, hash)) if hash.len() == 16 && is_hash(hash) => name,
        _ => name,
    };
    let mut pieces = name.split('[');
    let mut clean = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        match piece.split_once(']') {
            Some((hash, rest)) if is_hash(hash) => clean.push_str(rest),
            _ => clean.extend(["[", piece]),
        }
    }
    clean
}

/// Shorter ones are rare, and could be lengths.
fn is_hash(text: &str) -> bool {
    text.len() >= 12 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Crates that are not the application: Rust's own, and those between it and JavaScript.
const LIBRARIES: [&str; 16] = [
    "__rustc",
    "alloc",
    "core",
    "futures_channel",
    "futures_core",
    "futures_util",
    "js_sys",
    "sentry",
    "sentry_core",
    "sentry_types",
    "sentry_workers",
    "std",
    "wasm_bindgen",
    "wasm_bindgen_futures",
    "web_sys",
    "worker",
];

/// Whether any crate in the name is the application's. Its functions are often inlined, and then only the types of generic
/// functions name them.
fn is_in_app(function: &str) -> bool {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let mut rest = function;
    while let Some(start) = rest.find(is_name) {
        let path = &rest[start..];
        let end = path.find(|c: char| !is_name(c) && c != ':').unwrap_or(path.len());
        let is_whole = !rest[..start].ends_with(":") && !rest[..start].ends_with("#");
        if is_whole && path[..end].split_once("::").is_some_and(|(krate, _)| !LIBRARIES.contains(&krate)) {
            return true;
        }
        rest = &path[end..];
    }
    false
}

/// Frames between a failure and whoever tells of it: this crate, Rust's handling of panics, JavaScript's glue.
fn is_own(frame: &Frame) -> bool {
    const OWN: [&str; 8] = [
        "__rustc::",
        "alloc::boxed::Box<",
        "core::ops::function",
        "core::panicking",
        "js_sys::",
        "sentry_workers::",
        "std::",
        "wasm_bindgen::",
    ];
    if frame.instruction_addr.is_none() {
        return true;
    }
    let function = frame.function.as_deref().unwrap_or_default();
    frame.in_app == Some(false) && OWN.iter().any(|own| function.trim_start_matches('<').starts_with(own))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As workerd tells it, from a panic.
    const STACK: &str = "Error
    at file:///build/index.js:1:13823
    at __wbg_new_787b9fb330d55d78 (file:///build/index.js:1:13800)
    at shop.wasm.<js_sys[ab8b946746df6d5b]::Error>::new::__wbg_new_787b9fb330d55d78 externref shim (wasm://wasm/shop.wasm-0034363a:wasm-function[906]:0x83506)
    at shop.wasm.sentry_workers[c716a02b6907329]::panics::install::{closure#0} (wasm://wasm/shop.wasm-0034363a:wasm-function[139]:0x37420)
    at shop.wasm.std[5667eb06fc8dd172]::panicking::panic_with_hook (wasm://wasm/shop.wasm-0034363a:wasm-function[474]:0x733f2)
    at shop.wasm.__rustc[b7974e8690430dd9]::rust_begin_unwind (wasm://wasm/shop.wasm-0034363a:wasm-function[820]:0x80be2)
    at shop.wasm.core[f27f0626671f06aa]::panicking::panic_fmt (wasm://wasm/shop.wasm-0034363a:wasm-function[781]:0x7fd56)
    at shop.wasm.sentry_workers[c716a02b6907329]::panics::caught::<shop[c75f27cd681f6c17]::route::{closure#0}>::{closure#0} (wasm://wasm/shop.wasm-0034363a:wasm-function[163]:0x4a9f4)
    at shop.wasm.<js_sys[ab8b946746df6d5b]::futures::queue::Queue>::new::{closure#0} (wasm://wasm/shop.wasm-0034363a:wasm-function[245]:0x5cecd)
    at wasm://wasm/shop.wasm-0034363a:wasm-function[7]:0x12
    at Z (file:///build/index.js:1:19265)";

    fn one(line: &str) -> Frame {
        frame(line).expect("a frame")
    }

    #[test]
    fn a_stack_begins_with_its_oldest_frame_and_ends_where_it_failed() {
        let stack = parse(STACK).expect("frames");
        let told: Vec<_> = stack
            .frames
            .iter()
            .map(|frame| {
                (
                    frame.function.as_deref().unwrap_or_default(),
                    frame.in_app,
                    frame.instruction_addr.map(|at| at.0),
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                ("Z", Some(false), None),
                ("wasm-function[7]", Some(false), Some(0x12)),
                ("<js_sys::futures::queue::Queue>::new::{closure#0}", Some(false), Some(0x5cecd)),
                (
                    "sentry_workers::panics::caught::<shop::route::{closure#0}>::{closure#0}",
                    Some(true),
                    Some(0x4a9f4)
                ),
            ]
        );
        assert!(stack.frames[1..].iter().all(|frame| frame.addr_mode.as_deref() == Some("rel:0")));
        assert_eq!((stack.frames[0].lineno, stack.frames[0].colno), (Some(1), Some(19265)));
    }

    #[test]
    fn names_are_those_of_the_source() {
        for (name, clean) in [
            ("shop.wasm.shop::route::h0123456789abcdef", "shop::route"),
            ("shop.wasm.shop::route::hello", "shop::route::hello"),
            (
                "shop.wasm.<shop[0123456789abcdef]::A as core[fedcba9876543210]::B>::f",
                "<shop::A as core::B>::f",
            ),
            ("shop.wasm.shop::f::<[u8; 16], [u8]>", "shop::f::<[u8; 16], [u8]>"),
            ("shop.wasm.f externref shim multivalue shim sp wrapper", "f"),
            ("memcpy", "memcpy"),
        ] {
            assert_eq!(function(name), clean);
        }
    }

    #[test]
    fn a_name_may_hold_brackets_and_spaces() {
        let frame =
            one("    at shop.wasm.<fn (A, B) as shop::F>::call (wasm://wasm/shop-1:wasm-function[1]:0xab)");
        assert_eq!(frame.function.as_deref(), Some("<fn (A, B) as shop::F>::call"));
        assert_eq!(frame.instruction_addr, Some(Addr(0xab)));
    }

    #[test]
    fn a_function_is_the_applications_if_its_name_mentions_it() {
        for (function, is) in [
            ("shop::route", true),
            ("<shop::Cart as core::fmt::Debug>::fmt", true),
            ("core::ptr::drop_in_place::<shop::Cart>", true),
            ("<alloc::boxed::Box<dyn core::ops::function::Fn()> as core::ops::function::Fn>::call", false),
            ("worker::init::init::{closure#0}", false),
            ("memcpy", false),
            ("", false),
        ] {
            assert_eq!(is_in_app(function), is, "{function}");
        }
    }

    #[test]
    fn what_is_no_stack_is_none() {
        assert_eq!(parse(""), None);
        assert_eq!(parse("Error: x\nwhatever"), None);
    }
}

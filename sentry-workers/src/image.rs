//! The module that runs, for Sentry to find its debug file.

use js_sys::{Array, Uint8Array};
use sentry::protocol::{DebugImage, DebugMeta, WasmDebugImage};
use sentry::types::Uuid;
use std::fmt::Write;
use wasm_bindgen::prelude::{JsCast, JsValue, wasm_bindgen};

/// As Sentry's own tool for WASM names the section, whose bytes are the id:
/// <https://docs.sentry.io/platforms/native/guides/wasm/>.
const SECTION: &str = "build_id";

/// As `worker-build` names it.
const FILE: &str = "index_bg.wasm";

/// Bytes of a debug id.
const ID_BYTES: usize = 16;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_namespace = ["WebAssembly", "Module"], js_name = customSections)]
    fn custom_sections(module: &JsValue, name: &str) -> Result<Array, JsValue>;
}

/// The module that runs, where it has a build id.
pub(crate) fn images() -> DebugMeta {
    DebugMeta { images: build_id().and_then(|id| image(&id)).into_iter().collect(), ..DebugMeta::default() }
}

fn build_id() -> Option<Vec<u8>> {
    let sections = custom_sections(&wasm_bindgen::module(), SECTION).ok()?;
    let section = sections.iter().next()?;
    Some(Uint8Array::new(section.unchecked_ref()).to_vec())
}

fn image(id: &[u8]) -> Option<DebugImage> {
    let debug_id = Uuid::from_slice(id.get(..ID_BYTES)?).ok()?;
    let mut code_id = String::new();
    for byte in id {
        write!(code_id, "{byte:02x}").ok()?;
    }
    Some(DebugImage::Wasm(WasmDebugImage {
        name: FILE.to_owned(),
        debug_id,
        debug_file: None,
        code_id: Some(code_id),
        code_file: FILE.to_owned(),
    }))
}

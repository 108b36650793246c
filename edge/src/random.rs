//! Randomness.

use wasm_bindgen::JsCast;
use web_sys::WorkerGlobalScope;

/// Bytes from the runtime's cryptographic generator.
///
/// # Errors
/// Where the runtime has no generator, which no Workers runtime lacks.
pub fn bytes<const N: usize>() -> worker::Result<[u8; N]> {
    let mut bytes = [0; N];
    let scope: WorkerGlobalScope = js_sys::global().unchecked_into();
    scope.crypto()?.get_random_values_with_u8_array(&mut bytes)?;
    Ok(bytes)
}

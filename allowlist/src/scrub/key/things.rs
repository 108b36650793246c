//! The words that name what is nobody's: goods, documents, versions, hosts.

use super::words::Words;

/// Words that name goods or a document.
pub static GOODS: Words = Words::new(&[
    "art",
    "article",
    "artikel",
    "asin",
    "barcode",
    "batch",
    "campaign",
    "coupon",
    "dimension",
    "dimensions",
    "dims",
    "ean",
    "gtin",
    "invoice",
    "isbn",
    "issn",
    "item",
    "lot",
    "lotto",
    "lottery",
    "model",
    "mpn",
    "order",
    "part",
    "parcel",
    "price",
    "product",
    "ref",
    "reference",
    "serial",
    "shipment",
    "size",
    "sizes",
    "sku",
    "style",
    "ticket",
    "tracking",
    "transaction",
    "upc",
    "variant",
    "voucher",
]);

/// Words that name a version.
pub static VERSIONS: Words = Words::new(&[
    "version", "versions", "ver", "v", "rv", "build", "release", "firmware", "revision", "chrome",
    "chromium", "edge", "electron", "firefox", "opera", "safari", "webview",
]);

/// Words that name the address of a host.
pub static ADDRESSES: Words = Words::new(&[
    "addr",
    "address",
    "client",
    "dns",
    "dst",
    "forwarded",
    "from",
    "gateway",
    "host",
    "ip",
    "ips",
    "ipv",
    "listen",
    "peer",
    "ping",
    "remote",
    "src",
]);

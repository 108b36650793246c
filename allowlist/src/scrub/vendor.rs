//! What the tokens of well-known vendors look like: how they begin, and what follows. Beginnings are as the vendors'
//! pages and the open rule lists of secret scanners give them.

/// What stands behind the beginning of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rest {
    /// At least so many letters, digits, `_`, `-` and `.`, with a digit or letters of both cases.
    Mixed(usize),
    /// So many capitals and digits, and no more.
    Capitals(usize),
    /// So many hexadecimal digits, and no more.
    Hex(usize),
}

use Rest::{Capitals, Hex, Mixed};

/// Beginnings and what follows, in the order of their bytes. Publishable keys such as Stripe's `pk_` are public.
pub const VENDORS: &[(&str, Rest)] = &[
    ("ABIA", Capitals(16)),
    ("ACCA", Capitals(16)),
    ("AGE-SECRET-KEY-1", Mixed(40)),
    ("AIza", Mixed(30)),
    ("AKIA", Capitals(16)),
    ("AQVN", Mixed(30)),
    ("ASIA", Capitals(16)),
    ("ATATT3", Mixed(40)),
    ("ATCTT3", Mixed(30)),
    ("CCIPAT_", Mixed(30)),
    ("CCIPRJ_", Mixed(30)),
    ("CFPAT-", Mixed(30)),
    ("CLOJARS_", Mixed(40)),
    ("EAAA", Mixed(50)),
    ("EAACEdEose0cBA", Mixed(20)),
    ("EZAK", Mixed(30)),
    ("EZTK", Mixed(30)),
    ("FLWSECK", Mixed(20)),
    ("GOCSPX-", Mixed(20)),
    ("GR1348941", Mixed(16)),
    ("HRKU-", Mixed(30)),
    ("LTAI", Mixed(16)),
    ("NRAK-", Mixed(20)),
    ("NRII-", Mixed(20)),
    ("NRJS-", Mixed(16)),
    ("PMAK-", Mixed(40)),
    ("SG.", Mixed(40)),
    ("SK", Hex(32)),
    ("access-production-", Mixed(30)),
    ("access-sandbox-", Mixed(30)),
    ("aio_", Mixed(24)),
    ("api_org_", Mixed(30)),
    ("bkua_", Mixed(30)),
    ("cio", Mixed(32)),
    ("dapi", Hex(32)),
    ("dckr_oat_", Mixed(20)),
    ("dckr_pat_", Mixed(20)),
    ("ddp_", Mixed(30)),
    ("ddw_", Mixed(30)),
    ("doo_v1_", Mixed(30)),
    ("dop_v1_", Mixed(30)),
    ("dor_v1_", Mixed(30)),
    ("dp.ct.", Mixed(30)),
    ("dp.pt.", Mixed(30)),
    ("dp.sa.", Mixed(30)),
    ("dp.st.", Mixed(30)),
    ("dt0c01.", Mixed(60)),
    ("dt0s16.", Mixed(60)),
    ("duffel_", Mixed(30)),
    ("figd_", Mixed(30)),
    ("fio-u-", Mixed(40)),
    ("fm1", Mixed(60)),
    ("fm2_", Mixed(60)),
    ("fo1_", Mixed(30)),
    ("fw_", Mixed(20)),
    ("gho_", Mixed(20)),
    ("ghp_", Mixed(20)),
    ("ghr_", Mixed(20)),
    ("ghs_", Mixed(20)),
    ("ghu_", Mixed(20)),
    ("github_pat_", Mixed(20)),
    ("glagent-", Mixed(16)),
    ("glc_", Mixed(30)),
    ("glcbt-", Mixed(16)),
    ("gldt-", Mixed(16)),
    ("glffct-", Mixed(16)),
    ("glft-", Mixed(16)),
    ("glimt-", Mixed(16)),
    ("gloas-", Mixed(16)),
    ("glpat-", Mixed(16)),
    ("glptt-", Mixed(16)),
    ("glrt-", Mixed(16)),
    ("glrtr-", Mixed(16)),
    ("glsa_", Mixed(30)),
    ("glsoat-", Mixed(16)),
    ("gsk_", Mixed(30)),
    ("hf_", Mixed(30)),
    ("hvb.", Mixed(20)),
    ("hvr.", Mixed(20)),
    ("hvs.", Mixed(20)),
    ("key-", Hex(32)),
    ("lin_api_", Mixed(30)),
    ("lin_oauth_", Mixed(30)),
    ("lsv2_", Mixed(30)),
    ("nfp_", Mixed(30)),
    ("npm_", Mixed(30)),
    ("ntn_", Mixed(30)),
    ("nvapi-", Mixed(30)),
    ("oy2", Mixed(43)),
    ("p8e-", Mixed(30)),
    ("pat-eu1-", Mixed(30)),
    ("pat-na1-", Mixed(30)),
    ("pcsk_", Mixed(30)),
    ("phx_", Mixed(30)),
    ("plaid-", Mixed(30)),
    ("pnu_", Mixed(30)),
    ("pplx-", Mixed(30)),
    ("pscale_", Mixed(30)),
    ("pul-", Mixed(30)),
    ("pypi-", Mixed(40)),
    ("r8_", Mixed(30)),
    ("rdme_", Mixed(40)),
    ("re_", Mixed(24)),
    ("rk_live_", Mixed(10)),
    ("rk_prod_", Mixed(10)),
    ("rk_test_", Mixed(10)),
    ("rubygems_", Mixed(30)),
    ("rzp_live_", Mixed(10)),
    ("rzp_test_", Mixed(10)),
    ("sb_secret_", Mixed(20)),
    ("sbp_", Mixed(30)),
    ("secret_", Mixed(40)),
    ("sgp_", Mixed(30)),
    ("shippo_live_", Mixed(30)),
    ("shippo_test_", Mixed(30)),
    ("shpat_", Mixed(30)),
    ("shpca_", Mixed(30)),
    ("shppa_", Mixed(30)),
    ("shpss_", Mixed(30)),
    ("shptka_", Mixed(30)),
    ("sk-", Mixed(20)),
    ("sk.eyJ", Mixed(40)),
    ("sk_live_", Mixed(10)),
    ("sk_prod_", Mixed(10)),
    ("sk_test_", Mixed(10)),
    ("sl.", Mixed(100)),
    ("sntrys_", Mixed(40)),
    ("sntryu_", Mixed(40)),
    ("sq0atp-", Mixed(20)),
    ("sq0csp-", Mixed(20)),
    ("sqa_", Mixed(30)),
    ("squ_", Mixed(30)),
    ("t1.", Mixed(80)),
    ("tfp_", Mixed(30)),
    ("tskey-", Mixed(16)),
    ("tvly-", Mixed(20)),
    ("vercel_", Mixed(20)),
    ("whsec_", Mixed(16)),
    ("xai-", Mixed(30)),
    ("xapp-", Mixed(10)),
    ("xkeysib-", Mixed(40)),
    ("xoxa-", Mixed(10)),
    ("xoxb-", Mixed(10)),
    ("xoxc-", Mixed(10)),
    ("xoxd-", Mixed(10)),
    ("xoxe-", Mixed(10)),
    ("xoxe.xox", Mixed(10)),
    ("xoxo-", Mixed(10)),
    ("xoxp-", Mixed(10)),
    ("xoxr-", Mixed(10)),
    ("xoxs-", Mixed(10)),
    ("xsmtpsib-", Mixed(40)),
    ("xwfp-", Mixed(10)),
    ("ya29.", Mixed(20)),
];

/// For each byte, where in [`VENDORS`] those stand that begin with it.
pub const VENDORS_BY_FIRST: [(u8, u8); 256] = {
    let mut ranges = [(0, 0); 256];
    let mut at = 0;
    while at < VENDORS.len() {
        let first = VENDORS[at].0.as_bytes()[0] as usize;
        if ranges[first].1 == 0 {
            ranges[first].0 = at as u8;
        }
        at += 1;
        ranges[first].1 = at as u8;
    }
    ranges
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginnings_are_in_order_and_each_is_found_by_its_first_byte() {
        assert!(VENDORS.is_sorted_by(|before, after| before.0 < after.0));
        for (at, (beginning, _)) in VENDORS.iter().enumerate() {
            let (start, end) = VENDORS_BY_FIRST[usize::from(beginning.as_bytes()[0])];
            assert!((usize::from(start)..usize::from(end)).contains(&at), "{beginning}");
        }
    }
}

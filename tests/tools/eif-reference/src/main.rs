//! Builds, signs and checks enclave images with AWS's own library, so that its bytes,
//! measurements and times can be compared with ours.
//!
//!     eif-reference build KERNEL CMDLINE METADATA.json OUT CERT|- KEY|- x86_64|arm64 RAMDISK...
//!     eif-reference sign  IMAGE CERT KEY        replaces the signature in place
//!     eif-reference check IMAGE                 fails unless checksum and signature are good
//!
//! `build` and `check` print a JSON object with the measurements and the seconds taken.

use aws_nitro_enclaves_image_format::defs::{EifIdentityInfo, EIF_HDR_ARCH_ARM64};
use aws_nitro_enclaves_image_format::utils::eif_reader::EifReader;
use aws_nitro_enclaves_image_format::utils::{EifBuilder, EifSigner, PcrSignatureChecker, SignKeyData};
use serde_json::json;
use sha2::{Digest, Sha384};
use std::error::Error;
use std::fs::{self, OpenOptions};
use std::path::Path;
use std::time::Instant;

type Outcome = Result<(), Box<dyn Error>>;

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["build", kernel, cmdline, metadata, out, certificate, key, architecture, ramdisks @ ..] => {
            let start = Instant::now();
            let metadata: EifIdentityInfo = serde_json::from_slice(&fs::read(metadata)?)?;
            let flags = if *architecture == "arm64" { EIF_HDR_ARCH_ARM64 } else { 0 };
            let signer = signer_of(certificate, key)?;
            let mut builder =
                EifBuilder::new(Path::new(kernel), cmdline.to_string(), signer, Sha384::new(), flags, metadata);
            for ramdisk in ramdisks {
                builder.add_ramdisk(Path::new(ramdisk));
            }
            let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(out)?;
            let measurements = builder.write_to(&mut file);
            print(&json!(measurements), start)
        }
        ["sign", image, certificate, key] => {
            let signer = EifSigner::new(signer_of(certificate, key)?).ok_or("no key")?;
            Ok(signer.sign_image(image)?)
        }
        ["check", image] => check(image),
        _ => Err("see the comment at the top of main.rs".into()),
    }
}

fn signer_of(certificate: &str, key: &str) -> Result<Option<SignKeyData>, String> {
    if certificate == "-" {
        return Ok(None);
    }
    SignKeyData::new(key, Path::new(certificate)).map(Some)
}

fn check(image: &str) -> Outcome {
    let start = Instant::now();
    let mut reader = EifReader::from_eif(image.to_string())?;
    let measurements = reader.get_measurements()?;
    if !reader.check_crc() {
        return Err("the checksum is wrong".into());
    }
    if reader.get_metadata().is_none() {
        return Err("there is no metadata".into());
    }
    if reader.signature_section.is_some() {
        reader.get_certificate_info(measurements.clone())?;
        if reader.sign_check != Some(true) {
            return Err("another PCR0 was signed".into());
        }
        PcrSignatureChecker::from_eif(image)?.verify()?;
    }
    print(&json!(measurements), start)
}

fn print(measurements: &serde_json::Value, start: Instant) -> Outcome {
    println!("{}", json!({"Measurements": measurements, "Seconds": start.elapsed().as_secs_f64()}));
    Ok(())
}

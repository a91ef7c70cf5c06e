//! Puts the built web client (`ui/dist`) into the binary, compressed as well. Without one the
//! relay is built all the same and says so on its page.

use std::collections::hash_map::DefaultHasher;
use std::fmt::Write as _;
use std::hash::{Hash, Hasher};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?);
    let out = PathBuf::from(env::var("OUT_DIR").map_err(io::Error::other)?);
    let dist = root.join("../ui/dist");
    // A folder that is not there would be looked at in every build.
    fs::create_dir_all(&dist)?;
    println!("cargo::rerun-if-changed={}", dist.display());
    println!("cargo::rerun-if-changed=build.rs");

    let mut files = Vec::new();
    collect(&dist, &mut files)?;
    files.sort();
    let mut source = String::from("static ASSETS: &[Asset] = &[\n");
    for (number, file) in files.iter().enumerate() {
        let path = file.strip_prefix(&dist).map_err(io::Error::other)?;
        let path = path.to_string_lossy().replace('\\', "/");
        let bytes = fs::read(file)?;
        let brotli = compressed(&out, number, "br", &bytes, brotli(&bytes)?)?;
        let gzip = compressed(&out, number, "gz", &bytes, gzip(&bytes)?)?;
        let mut hasher = DefaultHasher::new();
        bytes.hash(&mut hasher);
        let plain = file.canonicalize()?;
        let _ = writeln!(
            source,
            "    Asset {{ path: {path:?}, mime: {:?}, etag: {:?}, immutable: {}, \
             plain: include_bytes!({plain:?}), brotli: {brotli}, gzip: {gzip} }},",
            mime(&path),
            format!("\"{:016x}\"", hasher.finish()),
            path.starts_with("assets/"),
        );
    }
    source.push_str("];\n");
    fs::write(out.join("assets.rs"), source)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), files)?;
        } else if !entry.file_name().to_string_lossy().ends_with(".map") {
            files.push(entry.path());
        }
    }
    Ok(())
}

/// Writes the compressed form if it is worth it, and says how the source names it.
fn compressed(
    out: &Path,
    number: usize,
    kind: &str,
    plain: &[u8],
    packed: Vec<u8>,
) -> io::Result<String> {
    if packed.len() * 10 > plain.len() * 9 {
        return Ok("None".into());
    }
    let path = out.join(format!("asset-{number}.{kind}"));
    fs::write(&path, packed)?;
    Ok(format!("Some(include_bytes!({path:?}))"))
}

fn brotli(bytes: &[u8]) -> io::Result<Vec<u8>> {
    // The best quality takes seconds for each megabyte, which only a release is worth.
    let quality =
        if env::var("PROFILE").is_ok_and(|profile| profile == "release") { 11 } else { 5 };
    let mut packed = Vec::new();
    let mut writer = brotli::CompressorWriter::new(&mut packed, 4_096, quality, 22);
    writer.write_all(bytes)?;
    drop(writer);
    Ok(packed)
}

fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    writer.write_all(bytes)?;
    writer.finish()
}

fn mime(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "ogg" | "opus" => "audio/ogg",
        "mp3" => "audio/mpeg",
        "wav" => "audio/wav",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

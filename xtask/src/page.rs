//! The page's files, from the crate `frontend`, style/ and public/ to target/site/:
//! WebAssembly → bindings → optimized → hashed names → compressed. Scripts of public/ are minified.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};
use brotli::enc::BrotliEncoderParams;
use flate2::{Compression, write::GzEncoder};
use serde_json::json;
use wasm_bindgen_cli_support::Bindgen;

use crate::{
    progress::Steps,
    style,
    tools::{self, cargo},
};

/// How many steps [`build`] takes.
pub(crate) const STEPS: usize = 5;

const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// Where the npm packages with wasm-opt and terser are listed and installed.
const NODE_DIRECTORY: &str = "xtask/node";

/// What rustc lets the browser do, so that wasm-opt neither refuses it nor uses more.
const WASM_FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// What the crate `frontend` is called in the browser.
const NAME: &str = "usage-monitor";

/// The one script that is loaded by pages of others.
const TRACKER: &str = "usage.js";

/// A file of the site.
struct File {
    /// Path below target/site, with `/`.
    path: String,
    bytes: Vec<u8>,
}

/// Everything the browser may ask for, before compression.
struct Site {
    files: Vec<File>,
    js: String,
    wasm: String,
    css: String,
}

/// Builds target/site, leaving out the steps whose inputs are those of the last time. Without `optimize`, wasm-opt
/// and terser are left out, and so is the need for Node.
///
/// # Errors
/// A tool is missing, a step fails, or a file cannot be read or written.
pub(crate) fn build(steps: &mut Steps, optimize: bool) -> Result<()> {
    steps.spin("Look for the page's tools", || {
        tools::need_rust_target(WASM_TARGET)?;
        if optimize {
            tools::need_node("Making the page small (left out with --no-wasm-opt)")?;
            tools::need_node_packages(Path::new(NODE_DIRECTORY))?;
        }
        Ok(())
    })?;

    let compiled = steps.stream("Compile the page to WebAssembly", compile)?;

    let bound = Path::new("target/page");
    let tools = fs::read(Path::new(NODE_DIRECTORY).join("package-lock.json"))?;
    let inputs = key([&fs::read(&compiled)?[..], &tools, &[optimize.into()]]);
    let title = if optimize { "Bind and optimize the WebAssembly" } else { "Bind the WebAssembly" };
    unless_done(steps, title, bound, &inputs, || bind(&compiled, bound, optimize))?;

    let mut public = Vec::new();
    collect(Path::new("public"), "", &mut public)?;
    let minified = Path::new("target/public");
    let inputs = key(contents(&public).chain([&tools[..], &[optimize.into()]]));
    let title = if optimize { "Minify the scripts" } else { "Copy the scripts" };
    unless_done(steps, title, minified, &inputs, || minify(&public, minified, optimize))?;

    let site = Site::new(bound, Path::new("style"), minified)?;
    let directory = Path::new("target/site");
    let inputs = key(contents(&site.files));
    unless_done(steps, "Compress the page", directory, &inputs, || site.write(directory))?;
    print!("{}", site.sizes(directory)?);
    Ok(())
}

/// Compiles the crate `frontend`, and tells where the WebAssembly is.
fn compile() -> Result<PathBuf> {
    const PROFILE: &str = "wasm-release";
    tools::run(&mut cargo(["build", "--package", "frontend", "--target", WASM_TARGET, "--profile", PROFILE]))?;
    Ok(tools::target_dir().join(WASM_TARGET).join(PROFILE).join("frontend.wasm"))
}

/// Writes NAME.js and NAME_bg.wasm to `directory`.
fn bind(compiled: &Path, directory: &Path, optimize: bool) -> Result<()> {
    Bindgen::new()
        .input_path(compiled)
        .out_name(NAME)
        .web(true)?
        .typescript(false)
        .omit_default_module_path(false)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate(directory)?;
    ensure!(
        !directory.join("snippets").exists(),
        "a dependency of the page brings JavaScript of its own, which the page's build does not handle: see {}",
        directory.join("snippets").display()
    );
    if optimize {
        let wasm = directory.join(format!("{NAME}_bg.wasm"));
        let mut wasm_opt = Command::new("node");
        wasm_opt.arg(Path::new(NODE_DIRECTORY).join("node_modules/binaryen/bin/wasm-opt"));
        wasm_opt.arg("-Oz").args(WASM_FEATURES).arg(&wasm).arg("-o").arg(&wasm);
        tools::run_quietly(&mut wasm_opt)?;
    }
    Ok(())
}

/// Writes the files of public/ to `directory`, with `optimize` the scripts among them minified.
fn minify(public: &[File], directory: &Path, optimize: bool) -> Result<()> {
    for File { path, bytes } in public {
        write_file(directory, path, bytes)?;
        if optimize && path.ends_with(".js") {
            let script = directory.join(path);
            let mut terser = Command::new("node");
            terser.arg(Path::new(NODE_DIRECTORY).join("node_modules/terser/bin/terser")).arg(&script);
            terser.args(["--compress", "--mangle", "--ecma", "2020", "--output"]).arg(&script);
            tools::run_quietly(&mut terser)?;
        }
    }
    Ok(())
}

impl Site {
    /// Gathers the page's parts under names that change with their content, so that browsers may keep them for
    /// ever, and the files of `public` under their own names.
    fn new(bound: &Path, style: &Path, public: &Path) -> Result<Self> {
        let mut files = Vec::new();
        collect(public, "", &mut files)?;

        let unhashed = format!("{NAME}_bg.wasm");
        let wasm = add_hashed(&mut files, NAME, "wasm", fs::read(bound.join(&unhashed))?);
        let glue = fs::read_to_string(bound.join(format!("{NAME}.js")))?;
        let js = add_hashed(&mut files, NAME, "js", start_with(&glue, &unhashed, &wasm)?.into_bytes());
        let css = add_hashed(&mut files, "main", "css", style::sheet(style)?.into_bytes());
        Ok(Self { files, js, wasm, css })
    }

    /// Writes every file, compressed ones beside those that get smaller by it, and at last manifest.json with the
    /// names of the page's parts.
    fn write(&self, directory: &Path) -> Result<()> {
        for File { path, bytes } in &self.files {
            write_file(directory, path, bytes)?;
            for (extension, compressed) in [("br", brotli(bytes)?), ("gz", gzip(bytes)?)] {
                if compressed.len() < bytes.len() {
                    write_file(directory, &format!("{path}.{extension}"), &compressed)?;
                }
            }
        }
        let names = json!({ "js": self.js, "wasm": self.wasm, "css": self.css });
        write_file(directory, "manifest.json", format!("{names:#}\n").as_bytes())
    }

    /// A table of what the first visit loads beside the HTML, and of what the tracker adds to other pages.
    fn sizes(&self, directory: &Path) -> Result<String> {
        let row = |name: &str, sizes: [u64; 3]| {
            let [raw, gzip, brotli] = sizes;
            format!("{name:<40} {raw:>10} {gzip:>10} {brotli:>10}\n")
        };
        let mut table = format!("\n{:<40} {:>10} {:>10} {:>10}\n", "First load, bytes", "raw", "gzip", "brotli");
        let mut total = [0; 3];
        for path in [&self.css, &self.js, &self.wasm] {
            let sizes = sizes_of(directory, path)?;
            table += &row(path, sizes);
            total = std::array::from_fn(|size| total[size] + sizes[size]);
        }
        Ok(table + &row("together", total) + &row("tracker", sizes_of(directory, TRACKER)?))
    }
}

/// Makes the bindings load the WebAssembly by its new name, and start the page without a further script, so that a
/// content security policy need not allow inline scripts.
fn start_with(glue: &str, unhashed: &str, wasm: &str) -> Result<String> {
    let file = wasm.rsplit('/').next().unwrap_or(wasm);
    ensure!(
        glue.matches(unhashed).count() == 1 && glue.contains("__wbg_init as default"),
        "the bindings of this version of wasm-bindgen look different: adapt xtask/src/page.rs"
    );
    Ok(glue.replace(unhashed, file) + "__wbg_init();\n")
}

/// Adds every file below `directory` under its own path.
fn collect(directory: &Path, prefix: &str, files: &mut Vec<File>) -> Result<()> {
    let mut entries: Vec<_> = fs::read_dir(directory)
        .with_context(|| format!("cannot read {}", directory.display()))?
        .collect::<Result<_, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &format!("{path}/"), files)?;
        } else {
            files.push(File { path, bytes: fs::read(entry.path())? });
        }
    }
    Ok(())
}

/// Paths and bytes, for a key.
fn contents(files: &[File]) -> impl Iterator<Item = &[u8]> {
    files.iter().flat_map(|file| [file.path.as_bytes(), &file.bytes])
}

/// How many bytes a written file has as it is, and as gzip and brotli leave it.
fn sizes_of(directory: &Path, path: &str) -> Result<[u64; 3]> {
    let raw = fs::metadata(directory.join(path))?.len();
    let compressed =
        |extension| fs::metadata(directory.join(format!("{path}.{extension}"))).map_or(raw, |file| file.len());
    Ok([raw, compressed("gz"), compressed("br")])
}

/// Adds a file as `pkg/STEM.HASH.EXTENSION` and returns that path.
fn add_hashed(files: &mut Vec<File>, stem: &str, extension: &str, bytes: Vec<u8>) -> String {
    let path = format!("pkg/{stem}.{}.{extension}", &blake3::hash(&bytes).to_hex()[..16]);
    files.push(File { path: path.clone(), bytes });
    path
}

fn write_file(directory: &Path, path: &str, bytes: &[u8]) -> Result<()> {
    let file = directory.join(path);
    file.parent().map_or(Ok(()), fs::create_dir_all)?;
    fs::write(&file, bytes).with_context(|| format!("cannot write {}", file.display()))
}

fn brotli(bytes: &[u8]) -> Result<Vec<u8>> {
    let params = BrotliEncoderParams { quality: 11, size_hint: bytes.len(), ..Default::default() };
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut &bytes[..], &mut compressed, &params)?;
    Ok(compressed)
}

fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

/// Does `work` anew in an empty `directory`, unless it was done before from inputs with the same `key`.
fn unless_done(
    steps: &mut Steps,
    title: &str,
    directory: &Path,
    key: &str,
    work: impl FnOnce() -> Result<()>,
) -> Result<()> {
    let stamp = directory.with_extension("key");
    if directory.is_dir() && fs::read_to_string(&stamp).is_ok_and(|done| done == key) {
        steps.skip(title);
        return Ok(());
    }
    steps.spin(title, || {
        for leftover in [fs::remove_file(&stamp), fs::remove_dir_all(directory)] {
            leftover.or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })?;
        }
        work()?;
        Ok(fs::write(&stamp, key)?)
    })
}

/// A key that changes with any of the inputs, and with the steps themselves: this very file.
fn key<'a>(inputs: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hasher = blake3::Hasher::new();
    for input in [include_bytes!("page.rs").as_slice()].into_iter().chain(inputs) {
        hasher.update(&input.len().to_le_bytes()).update(input);
    }
    hasher.finalize().to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(wasm: &str) -> (tempfile::TempDir, Site) {
        let directory = tempfile::tempdir().unwrap();
        let glue = "new URL('usage-monitor_bg.wasm');\nexport { __wbg_init as default };\n";
        for (path, text) in [
            ("page/usage-monitor.js", glue),
            ("page/usage-monitor_bg.wasm", wasm),
            ("style/main.css", "a { }"),
            ("public/favicon.svg", "<svg/>"),
            ("public/icons/dot.svg", &"<svg/>".repeat(99)),
        ] {
            write_file(directory.path(), path, text.as_bytes()).unwrap();
        }
        let [bound, style, public] = ["page", "style", "public"].map(|name| directory.path().join(name));
        let site = Site::new(&bound, &style, &public).unwrap();
        (directory, site)
    }

    #[test]
    fn names_change_with_the_content() {
        let ((_, one), (_, same), (_, other)) = (site("1"), site("1"), site("2"));
        assert_eq!((&one.wasm, &one.js), (&same.wasm, &same.js));
        assert_ne!(one.wasm, other.wasm);
        assert_ne!(one.js, other.js, "the bindings name the WebAssembly, so they change with it");
        assert_eq!(one.css, other.css);
        assert!(one.css.starts_with("pkg/main.") && one.css.ends_with(".css"));
    }

    #[test]
    fn bindings_load_the_hashed_name_and_start_the_page() {
        let (_, site) = site("1");
        let js = site.files.iter().find(|file| file.path == site.js).unwrap();
        let js = std::str::from_utf8(&js.bytes).unwrap();
        assert!(js.contains(&format!("new URL('{}')", &site.wasm["pkg/".len()..])));
        assert!(js.ends_with("\n__wbg_init();\n"));
    }

    #[test]
    fn unknown_bindings_are_refused() {
        assert!(start_with("export default init;", "usage-monitor_bg.wasm", "pkg/usage-monitor.1.wasm").is_err());
    }

    #[test]
    fn writes_files_with_smaller_ones_beside_them() {
        let (directory, site) = site("1");
        let out = directory.path().join("site");
        site.write(&out).unwrap();
        assert!(out.join("favicon.svg").exists());
        assert!(!out.join("favicon.svg.br").exists(), "a file that does not get smaller stays alone");
        assert!(out.join("icons/dot.svg.br").exists() && out.join("icons/dot.svg.gz").exists());
        let manifest = fs::read_to_string(out.join("manifest.json")).unwrap();
        let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
        assert_eq!(manifest, json!({ "js": site.js, "wasm": site.wasm, "css": site.css }));
    }

    #[test]
    fn sizes_of_the_first_load_and_the_tracker_are_told() {
        let (directory, site) = site("1");
        let out = directory.path().join("site");
        site.write(&out).unwrap();
        write_file(&out, TRACKER, &[b' '; 99]).unwrap();
        let table = site.sizes(&out).unwrap();
        let total = [&site.css, &site.js, &site.wasm].map(|path| sizes_of(&out, path).unwrap()[0]).iter().sum::<u64>();
        let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
        assert!(rows.iter().any(|row| row[..] == ["tracker", "99", "99", "99"]), "{table}");
        assert!(rows.iter().any(|row| row.len() == 4 && row[..2] == ["together", &total.to_string()]), "{table}");
    }

    #[test]
    fn work_is_done_once_for_the_same_inputs() {
        let directory = tempfile::tempdir().unwrap();
        let out = directory.path().join("out");
        let mut done = Vec::new();
        for input in ["a", "a", "b"] {
            let key = key([input.as_bytes()]);
            unless_done(&mut Steps::new(1), "Work", &out, &key, || {
                done.push(input);
                Ok(fs::create_dir(&out)?)
            })
            .unwrap();
        }
        assert_eq!(done, ["a", "b"]);
    }
}

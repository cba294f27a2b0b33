//! Called by Trunk, through `script/shorten`: makes the programs' glue smaller, and the page's start a
//! file of its own, for the content policy lets no script run that stands in the page.
//!
//! Each function that a program takes from its glue has a name of some forty letters, half of them a
//! hash that no compression shortens, in the glue and in the program: they become `a`, `b` and so on.
//! Comments and indentation go, too. Trunk's own minifier fails on the glue's `export … as default`.
//!
//! The format of the programs is that of the WebAssembly core specification, 5.5 (binary modules).

use std::{
    collections::{HashMap, HashSet},
    env,
    error::Error,
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::Path,
    process::ExitCode,
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    match env::args()
        .nth(1)
        .ok_or("which folder?".into())
        .and_then(|folder| {
            shorten(folder.as_ref())?;
            move_start(folder.as_ref())
        }) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("script/shorten: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Makes all glue in a folder and below it shorter, each with its program.
fn shorten(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            shorten(&path)?;
            continue;
        }
        let program = path.with_file_name(format!("{}_bg.wasm", stem(&path)));
        let is_glue = path.extension().is_some_and(|end| end == "js") && program.exists();
        if is_glue {
            let glue = fs::read_to_string(&path)?;
            let (module, names) = rename_imports(&fs::read(&program)?)?;
            fs::write(&path, without_space(&rename_keys(&glue, &names)?))?;
            fs::write(&program, module)?;
        } else if path.extension().is_some_and(|end| end == "js") && !is_minified(&path) {
            fs::write(&path, without_space(&fs::read_to_string(&path)?))?;
        }
    }
    Ok(())
}

/// Whether it is as short as it gets.
fn is_minified(script: &Path) -> bool {
    stem(script).ends_with(".min")
}

/// Moves the script that stands in the page into a file, behind `public/start.js`.
fn move_start(folder: &Path) -> Result<()> {
    let page = folder.join("index.html");
    let first = without_space(&fs::read_to_string("public/start.js")?);
    let (html, name, script) = without_script(&fs::read_to_string(&page)?, &first)?;
    fs::write(folder.join(name), script)?;
    fs::write(page, html)?;
    Ok(())
}

/// A page without the script that stands in it; the name of the file that it refers to instead, with a
/// hash of its content; and that content, which begins with `first`.
fn without_script(html: &str, first: &str) -> Result<(String, String, String)> {
    let missing = "no script that starts the program stands in the page";
    let (before, rest) = html.split_once("<script type=").ok_or(missing)?;
    let (kind, rest) = rest.split_once('>').ok_or(missing)?;
    let (script, after) = rest.split_once("</script>").ok_or(missing)?;
    // Beside the program that it imports.
    let program = script.split(['\'', '"']).nth(1).ok_or(missing)?;
    let (place, _) = program.rsplit_once('/').ok_or(missing)?;
    let script = format!("{first}{}", without_space(script));
    let mut hasher = DefaultHasher::new();
    script.hash(&mut hasher);
    let name = format!("start-{:016x}.js", hasher.finish());
    let html = format!("{before}<script type={kind} src=\"{place}/{name}\"></script>{after}");
    Ok((html, name, script))
}

fn stem(path: &Path) -> String {
    path.file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// The lines without their indentation, and without those that are a comment.
fn without_space(glue: &str) -> String {
    let mut is_comment = false;
    let lines = glue.lines().map(str::trim).filter(|line| {
        is_comment |= line.starts_with("/*");
        let is_code = !is_comment && !line.is_empty() && !line.starts_with("//");
        is_comment &= !line.ends_with("*/");
        is_code
    });
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// The glue with other keys in the object that it hands to its program.
fn rename_keys(glue: &str, names: &HashMap<String, String>) -> Result<String> {
    let mut left: HashSet<_> = names.keys().map(String::as_str).collect();
    let mut renamed = String::new();
    for line in glue.lines() {
        match line.trim_start().split_once(": ") {
            Some((key, rest)) if names.contains_key(key) => {
                if !left.remove(key) {
                    return Err(format!("{key} stands twice in the glue").into());
                }
                renamed.extend([names[key].as_str(), ": ", rest]);
            }
            _ => renamed += line,
        }
        renamed.push('\n');
    }
    match left.into_iter().next() {
        Some(key) => Err(format!("{key} does not stand in the glue").into()),
        None => Ok(renamed),
    }
}

const IMPORTS: u8 = 2;

/// A module with short names for what it imports from its glue, and which they were.
fn rename_imports(module: &[u8]) -> Result<(Vec<u8>, HashMap<String, String>)> {
    let (head, mut rest) = module.split_at_checked(8).ok_or("no module")?;
    let mut renamed = head.to_vec();
    let mut names = HashMap::new();
    while let Some(id) = take(&mut rest, 1).ok().and_then(|id| id.first()) {
        let length = number(&mut rest)?;
        let section = take(&mut rest, length)?;
        let imports = match *id {
            IMPORTS => Some(rename_section(section, &mut names)?),
            _ => None,
        };
        let section = imports.as_deref().unwrap_or(section);
        renamed.push(*id);
        write_number(&mut renamed, section.len());
        renamed.extend_from_slice(section);
    }
    Ok((renamed, names))
}

fn rename_section(mut section: &[u8], names: &mut HashMap<String, String>) -> Result<Vec<u8>> {
    let mut renamed = Vec::new();
    let count = number(&mut section)?;
    write_number(&mut renamed, count);
    for _ in 0..count {
        let module = text(&mut section)?;
        let name = text(&mut section)?;
        let before = section;
        // What else could be imported, wasm-bindgen does not have imported.
        let [0] = take(&mut section, 1)? else {
            return Err(format!("{name} is no function").into());
        };
        number(&mut section)?;
        let kind = &before[..before.len() - section.len()];
        let name = if module.ends_with("_bg.js") {
            let next = short(names.len());
            names.entry(name.to_owned()).or_insert(next).as_str()
        } else {
            name
        };
        for text in [module, name] {
            write_number(&mut renamed, text.len());
            renamed.extend_from_slice(text.as_bytes());
        }
        renamed.extend_from_slice(kind);
    }
    Ok(renamed)
}

/// A name by its number: a to z, aa, ab and so on.
fn short(number: usize) -> String {
    let (before, letter) = (number / 26, (b'a' + (number % 26) as u8) as char);
    let mut name = before.checked_sub(1).map(short).unwrap_or_default();
    name.push(letter);
    name
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Result<&'a [u8]> {
    let (taken, rest) = bytes
        .split_at_checked(length)
        .ok_or("the module is cut off")?;
    *bytes = rest;
    Ok(taken)
}

fn text<'a>(bytes: &mut &'a [u8]) -> Result<&'a str> {
    let length = number(bytes)?;
    Ok(std::str::from_utf8(take(bytes, length)?)?)
}

/// Reads a number in LEB128.
fn number(bytes: &mut &[u8]) -> Result<usize> {
    let mut number = 0;
    for shift in (0..35).step_by(7) {
        let byte = take(bytes, 1)?[0];
        number |= usize::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(number);
        }
    }
    Err("a number is too long".into())
}

/// Writes a number in LEB128.
fn write_number(bytes: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A module that imports these functions from its glue, and has one more section.
    fn module(imports: &[&str]) -> Vec<u8> {
        let mut section = Vec::new();
        write_number(&mut section, imports.len());
        for name in imports {
            for text in ["./program_bg.js", name] {
                write_number(&mut section, text.len());
                section.extend_from_slice(text.as_bytes());
            }
            section.extend_from_slice(&[0, 0x81, 1]);
        }
        let mut module = b"\0asm\x01\0\0\0".to_vec();
        module.push(IMPORTS);
        write_number(&mut module, section.len());
        module.extend(section);
        module.extend_from_slice(&[11, 2, 7, 8]);
        module
    }

    #[test]
    fn imports_are_renamed_and_the_rest_stays() {
        let long: Vec<_> = (0..200)
            .map(|number| format!("__wbg_name_{number:016x}"))
            .collect();
        let long: Vec<_> = long.iter().map(String::as_str).collect();
        let (renamed, names) = rename_imports(&module(&long)).unwrap();
        let short: Vec<_> = long.iter().map(|name| names[*name].as_str()).collect();
        assert_eq!(renamed, module(&short));
        assert_eq!(
            (short[0], short[25], short[26], short[199]),
            ("a", "z", "aa", "gr")
        );
    }

    #[test]
    fn a_script_becomes_a_file() {
        let page = |script: &str| format!("<p><script type=module{script}</script><p>");
        let start = "import init from '/a/collate-01.js';\ninit();\n";
        let (html, name, script) = without_script(&page(&format!(">{start}")), "a();\n").unwrap();
        assert!(
            name.starts_with("start-") && name.ends_with(".js"),
            "{name}"
        );
        assert_eq!(html, page(&format!(" src=\"/a/{name}\">")));
        assert_eq!(script, format!("a();\n{start}"));
        assert!(without_script("<p>", "").is_err());
    }

    #[test]
    fn a_module_that_is_cut_off_is_an_error() {
        let whole = module(&["a", "b"]);
        for length in 9..whole.len() - 4 {
            assert!(rename_imports(&whole[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn keys_are_renamed_once_each() {
        let names = HashMap::from([("__wbg_log_1".to_owned(), "a".to_owned())]);
        let check = |glue: &str, expected: Option<&str>| {
            let renamed = rename_keys(glue, &names).ok();
            assert_eq!(renamed.as_deref(), expected, "{glue}");
        };
        check("{\n  __wbg_log_1: f,\n}", Some("{\na: f,\n}\n"));
        check("{\n  __wbg_log_2: f,\n}", None);
        check("__wbg_log_1: f,\n__wbg_log_1: g", None);
        // Also where another is missing for the one too many.
        let names = [("x", "a"), ("y", "b")].map(|(key, name)| (key.to_owned(), name.to_owned()));
        assert!(rename_keys("x: f,\nx: g", &names.into()).is_err());
    }

    #[test]
    fn space_and_comments_go() {
        let glue = "/**\n * Words.\n */\nlet a = 1; // kept\n\n    // gone\n    b();\n/* gone\n too */\n    * c;\n/* gone */\n";
        assert_eq!(without_space(glue), "let a = 1; // kept\nb();\n* c;\n");
    }
}

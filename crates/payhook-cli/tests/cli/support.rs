//! Running the command and reading its output.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

pub(crate) const SECRET: &str = "cbs_7Qm2vX9tR4kL8pN1";

/// The result of a run of the command.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("{}{}", self.out, self.err))
    }
}

/// With the secret of the recorded bodies in `SECRET`.
pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_payhook"));
    command
        .args(args)
        .env("SECRET", SECRET)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::null());
    command
}

pub(crate) fn run(args: &[&str]) -> Ran {
    ran(&mut command(args))
}

pub(crate) fn ran(command: &mut Command) -> Ran {
    let output = command.output().unwrap();
    Ran {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// With `input` on standard input.
pub(crate) fn run_on(input: &[u8], args: &[&str]) -> Ran {
    let mut child = command(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    Ran {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A file of the library, by its path in the repository.
pub(crate) fn library(path: &str) -> String {
    format!("{}/../../{path}", env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn body(name: &str) -> String {
    library(&format!("examples/bodies/{name}.json"))
}

/// A temporary directory of the test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let folder = format!("{name}-{}", std::process::id());
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    /// The path of a file to be created in it.
    pub(crate) fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    /// Creates a file with this content, and returns its path.
    pub(crate) fn file(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// `payhook listen --json` on a free port, for a number of callbacks.
pub(crate) struct Listener {
    child: Child,
    /// `None` once the output is discarded.
    lines: Option<BufReader<ChildStdout>>,
    pub(crate) url: String,
}

impl Listener {
    pub(crate) fn start(count: usize, more: &[&str]) -> Self {
        let count = count.to_string();
        let mut args = vec!["--json", "listen", "--port", "0", "--count", count.as_str()];
        args.extend(more);
        let mut child = command(&args).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut first = String::new();
        lines.read_line(&mut first).unwrap();
        let first: Value = serde_json::from_str(&first).unwrap();
        let url = first["listening"].as_str().unwrap().to_owned();
        Self {
            child,
            lines: Some(lines),
            url,
        }
    }

    /// Discards further output: a full pipe would block the listener.
    pub(crate) fn discard_output(&mut self) {
        let mut lines = self.lines.take().unwrap();
        std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
    }

    /// The output, once all callbacks have arrived.
    pub(crate) fn seen(self) -> Vec<Value> {
        let lines = self.lines();
        let seen = lines.iter().map(|line| serde_json::from_str(line).unwrap());
        seen.collect()
    }

    /// The lines of the output.
    pub(crate) fn lines(mut self) -> Vec<String> {
        let lines = self.lines.take().unwrap().lines();
        let lines = lines.map(Result::unwrap).collect();
        assert!(self.child.wait().unwrap().success());
        lines
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

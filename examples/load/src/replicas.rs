//! The server processes: two of the shop, one of the bare route.

use std::fs::{File, OpenOptions};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::process::{Child, Command};
use tokio::sync::Mutex;

use crate::Error;

/// The time limit for the start.
const PATIENCE: Duration = Duration::from_secs(20);

/// A process on its own port. It is killed on drop, also in a panic.
#[derive(Debug)]
pub(crate) struct Replica {
    address: SocketAddr,
    staff: SocketAddr,
    log: PathBuf,
    program: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(&'static str, String)>,
    child: Mutex<Option<Child>>,
}

impl Replica {
    /// `program` is in the directory of this one.
    pub(crate) fn new(name: &str, program: &str) -> Result<Self, Error> {
        let this = std::env::current_exe()?;
        let (address, staff) = (free_address()?, free_address()?);
        let log = this.with_file_name(format!("load-{name}.log"));
        File::create(&log)?;
        Ok(Self {
            address,
            staff,
            log,
            program: this.with_file_name(program),
            arguments: Vec::new(),
            environment: vec![
                ("LISTEN", address.to_string()),
                ("STAFF_LISTEN", staff.to_string()),
            ],
            child: Mutex::new(None),
        })
    }

    pub(crate) fn argument(mut self, argument: String) -> Self {
        self.arguments.push(argument);
        self
    }

    pub(crate) fn variable(mut self, name: &'static str, value: String) -> Self {
        self.environment.push((name, value));
        self
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A URL of the staff's port.
    pub(crate) fn staff(&self, path: &str) -> String {
        format!("http://{}{path}", self.staff)
    }

    /// Starts it, and returns once it responds.
    pub(crate) async fn start(&self, client: &reqwest::Client) -> Result<(), Error> {
        let mut log = OpenOptions::new();
        let log = log.create(true).append(true).open(&self.log)?;
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .env_remove("REDIS_URL")
            .env("NO_COLOR", "1")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true);
        let child = command
            .spawn()
            .map_err(|error| format!("{}: {error}", self.program.display()))?;
        *self.child.lock().await = Some(child);
        let start = Instant::now();
        loop {
            let answer = client.get(self.url("/health")).send().await;
            if answer.is_ok_and(|answer| answer.status() == 200) {
                return Ok(());
            }
            self.is_alive().await?;
            if start.elapsed() > PATIENCE {
                return Err(format!("{} does not answer", self.program.display()).into());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Checks that it has not ended by itself.
    pub(crate) async fn is_alive(&self) -> Result<(), Error> {
        let ended = match &mut *self.child.lock().await {
            Some(child) => child.try_wait()?,
            None => None,
        };
        match ended {
            Some(status) => {
                let log = self.log.display();
                Err(format!(
                    "{} ended by itself ({status}): see {log}",
                    self.program.display()
                )
                .into())
            }
            None => Ok(()),
        }
    }

    /// SIGKILL.
    pub(crate) async fn kill(&self) -> Result<(), Error> {
        let child = self.child.lock().await.take();
        if let Some(mut child) = child {
            child.kill().await?;
        }
        Ok(())
    }
}

fn free_address() -> Result<SocketAddr, Error> {
    TcpListener::bind("127.0.0.1:0")?
        .local_addr()
        .map_err(Into::into)
}

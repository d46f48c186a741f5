//! Where the lines come from: a file that can be read again, or something that is read once.

use std::fs::File;
use std::io::{Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use tokio::io::{AsyncBufRead, BufReader};

use crate::app::App;
use crate::commands::lines;
use crate::error::{Error, Exit};
use crate::system;

/// The lines of a batch.
pub(super) struct Input {
    from: PathBuf,
    kind: Kind,
}

enum Kind {
    /// A regular file, and its size.
    Regular(u64),
    /// A copy of what could be read only once.
    Copied(File),
    Once,
}

impl Input {
    /// What `--from` names.
    pub(super) fn of(from: &Path) -> Self {
        let found = (from != Path::new("-")).then(|| std::fs::metadata(from).ok()).flatten();
        let regular = found.filter(std::fs::Metadata::is_file);
        Self { from: from.to_owned(), kind: regular.map_or(Kind::Once, |found| Kind::Regular(found.len())) }
    }

    /// The same as something that can be read again.
    ///
    /// # Errors
    /// When there is no room for a copy.
    pub(super) async fn kept(self, app: &App) -> Result<Self, Error> {
        if !matches!(self.kind, Kind::Once) {
            return Ok(self);
        }
        let failed = |error| Error::new(Exit::Usage, anyhow::Error::new(error).context("the lines cannot be copied"));
        let mut input = lines::open(&self.from).await?;
        let file = system::spool().map_err(failed)?;
        let mut copy = tokio::fs::File::from_std(file.try_clone().map_err(failed)?);
        let copied = async {
            tokio::io::copy_buf(&mut input, &mut copy).await?;
            tokio::io::AsyncWriteExt::flush(&mut copy).await
        };
        app.progress.waiting_for("the lines", copied).await.map_err(failed)?;
        Ok(Self { kind: Kind::Copied(file), ..self })
    }

    /// Reads it from its beginning.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub(super) async fn open(&self) -> Result<Box<dyn AsyncBufRead + Unpin>, Error> {
        let Kind::Copied(file) = &self.kind else { return lines::open(&self.from).await };
        let failed = |error: std::io::Error| Error::new(Exit::Internal, error);
        let mut file = file.try_clone().map_err(failed)?;
        file.seek(SeekFrom::Start(0)).map_err(failed)?;
        Ok(Box::new(BufReader::with_capacity(1 << 16, tokio::fs::File::from_std(file))))
    }

    /// Whether it can be read again, and to its end without waiting for anybody.
    pub(super) fn is_kept(&self) -> bool {
        !matches!(self.kind, Kind::Once)
    }

    /// How many bytes it has, where that is known.
    pub(super) fn size(&self) -> Option<u64> {
        match &self.kind {
            Kind::Regular(size) => Some(*size),
            Kind::Copied(file) => file.metadata().ok().map(|found| found.len()),
            Kind::Once => None,
        }
    }

    /// What it is called.
    pub(super) fn name(&self) -> String {
        if self.from == Path::new("-") { "standard input".to_owned() } else { self.from.display().to_string() }
    }

    /// What was named.
    pub(super) fn from(&self) -> &Path {
        &self.from
    }
}

//! Progress on stderr: a line that lives on a terminal, and lines that stay in a pipe's log.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::output::{Output, harmless};

/// Progress of one wait.
pub(super) struct Progress<'o> {
    out: &'o Output,
    bar: Option<ProgressBar>,
    away: bool,
}

impl<'o> Progress<'o> {
    /// Begins. Nothing moves where stderr is no terminal, or where a program reads the events.
    pub(super) fn new(out: &'o Output) -> Self {
        let bar = (out.stderr_tty && !out.json()).then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(std::time::Duration::from_millis(120));
            bar
        });
        Self { out, bar, away: false }
    }

    /// Says what is waited for now: in a pipe this is a line of its own.
    pub(super) fn say(&mut self, line: &str) {
        match &self.bar {
            Some(bar) => bar.set_message(harmless(line)),
            None if !self.out.json() => self.out.note(harmless(line)),
            None => {}
        }
        self.away = false;
    }

    /// Brings the living line up to date.
    pub(super) fn update(&mut self, line: &str) {
        if let Some(bar) = &self.bar
            && !self.away
        {
            bar.set_message(harmless(line));
        }
    }

    /// Says something that stays.
    pub(super) fn above(&mut self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| self.out.note(harmless(line))),
            None if !self.out.json() => self.out.note(harmless(line)),
            None => {}
        }
    }

    /// Says that the broker is away. Says whether that is news.
    pub(super) fn away(&mut self, why: &str) -> bool {
        let news = !self.away;
        if news {
            let line = format!("{why}; trying again");
            match &self.bar {
                Some(bar) => bar.set_message(harmless(&line)),
                None if !self.out.json() => self.out.note(harmless(&line)),
                None => {}
            }
        }
        self.away = true;
        news
    }

    /// Notes that the broker is there again.
    pub(super) fn back(&mut self) {
        self.away = false;
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

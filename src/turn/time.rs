//! What time does to a turn: signs of life, the filler, and patience that ends.

use super::{Stage, Turn};
use crate::call::{Call, Millis};
use crate::error::{Error, Phase};

/// How long the caller may take nothing of what waits for it: as long as it waits itself before it gives a turn up (a
/// read timeout of 10 s, observed with openai-python 2.44.0). Whoever takes nothing for longer is gone, whatever the
/// platform has told of it.
const CALLER_PATIENCE_MS: Millis = 10_000.0;

impl Turn {
    /// When to call [`Turn::tick`], if nothing else happens before.
    #[must_use]
    pub fn deadline(&self) -> Option<Millis> {
        let own = match &self.stage {
            Stage::Over => return None,
            Stage::Preparing { .. } => self.heard + self.setup.options.first_token_ms(true),
            Stage::Calling(round) => round.deadline(),
            Stage::Asking => {
                let call = self.race.call().and_then(Call::deadline).unwrap_or(Millis::INFINITY);
                call.min(self.heard + self.patience().0)
            }
        };
        let taken = self
            .untaken
            .map_or(Millis::INFINITY, |since| since + CALLER_PATIENCE_MS);
        let first = own.min(taken).min(self.sign_due()).min(self.filler_due());
        first.is_finite().then_some(first)
    }

    fn sign_due(&self) -> Millis {
        if self.said.is_streamed() && self.said.is_begun() {
            self.written + self.setup.options.heartbeat_ms
        } else {
            Millis::INFINITY
        }
    }

    fn filler_due(&self) -> Millis {
        match (&self.lines.filler, self.quiet) {
            (Some(filler), Some(quiet)) if self.said.is_voice() => quiet + filler.after_ms,
            _ => Millis::INFINITY,
        }
    }

    /// How long the source may be silent now.
    fn patience(&self) -> (Millis, Phase) {
        let options = &self.setup.options;
        if self.said.has_answered() {
            (options.idle_ms, Phase::Idle)
        } else {
            (options.first_token_ms(self.race.is_last()), Phase::FirstToken)
        }
    }

    /// The caller is slow to take what it gets: until now no silence was the source's, and no sign of life is missing.
    pub fn rest(&mut self, now: Millis) {
        if let Stage::Asking = self.stage
            && self.race.call_mut().is_some_and(|call| call.rest(now))
        {
            self.heard = now;
            self.written = now;
            self.quiet = self.quiet.map(|_| now);
        }
    }

    /// Since when the caller has taken nothing, though something waits for it; `None` while nothing does. To be told when
    /// something begins to wait, and before [`Turn::tick`]. Who takes nothing for 10 000 ms has hung up.
    pub fn untaken(&mut self, since: Option<Millis>) {
        self.untaken = since;
    }

    /// See [`Call::listen`].
    pub fn listen(&mut self, since: Millis) {
        self.heard = self.heard.max(since);
        if let Some(call) = self.race.call_mut() {
            call.listen(since);
        }
    }

    /// Time has passed: gives a sign of life where one is due, and gives up on what takes too long, or on a
    /// caller that takes nothing.
    pub fn tick(&mut self, now: Millis) {
        if self.untaken.is_some_and(|since| now >= since + CALLER_PATIENCE_MS) {
            return self.interrupt(now);
        }
        match &mut self.stage {
            Stage::Over => return,
            Stage::Preparing { .. } => {
                let limit = self.setup.options.first_token_ms(true);
                if now >= self.heard + limit {
                    return self.give_up(Some(Error::deadline(Phase::Prepare, limit)), now);
                }
            }
            Stage::Calling(round) => {
                round.tick(now);
                self.settle_round(now);
            }
            Stage::Asking => {
                let (limit, phase) = self.patience();
                if now >= self.heard + limit {
                    // Of an answer that is finished nothing is missing, whatever its connection does.
                    let overdue = Err(Error::deadline(phase, limit));
                    self.leave(if self.is_finished() { Ok(()) } else { overdue }, now);
                } else {
                    self.each(now, &mut |call, _| call.tick(now));
                }
            }
        }
        if let Stage::Over = self.stage {
            return;
        }
        if now >= self.filler_due() {
            self.quiet = None;
            self.report.filler = true;
            let line = self.lines.filler.as_ref().map(|filler| filler.line.as_str());
            self.said.line(line);
            self.written = now;
        }
        if now >= self.sign_due() {
            self.said.sign_of_life();
            self.written = now;
        }
    }
}

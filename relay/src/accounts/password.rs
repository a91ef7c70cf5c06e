//! Passwords: which are good enough, and their Argon2id hashes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use bellwire_protocol::http::ProblemReason;
use bellwire_protocol::{Secret, limits};
use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::CodePointMapData;
use icu_properties::props::GeneralCategory;
use tokio::sync::oneshot;

use super::queue::Queue;
use super::source::Source;

/// Passwords of ten characters and more among the commonest ones, sorted, in lower case. From the
/// password list of zxcvbn-ts (<https://github.com/zxcvbn-ts/zxcvbn>, MIT licence), which is
/// ordered by how often each was found in leaks; shorter ones are refused by their length.
const COMMON: &str = include_str!("common-passwords.txt");

/// Hashes computed at once. Each holds [`Cost::memory_kib`]; a third waits.
const AT_ONCE: usize = 2;

/// What one hash costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
}

impl Default for Cost {
    /// Above OWASP's floor for Argon2id (19 MiB, 2 passes, 1 lane; Password Storage Cheat Sheet).
    fn default() -> Self {
        Self { memory_kib: 32 * 1_024, passes: 3 }
    }
}

/// The relay is busy with other passwords, or cannot hash at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many sign-ins at once")]
pub struct Overloaded;

/// Hashes and checks passwords, a few at a time.
#[derive(Debug)]
pub struct Passwords {
    cost: Cost,
    turns: Arc<Turns>,
    /// What the password of nobody is checked against.
    nobody: String,
}

/// Whether a password matched, and whether its hash should be renewed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Match {
    /// It is wrong.
    Wrong,
    /// It is right.
    Right,
    /// It is right, and this is its hash at the present cost.
    Renew(String),
}

impl Passwords {
    /// With this cost for new hashes.
    ///
    /// # Errors
    /// [`Overloaded`] where Argon2 refuses the cost.
    pub fn new(cost: Cost) -> Result<Self, Overloaded> {
        let nobody = compute(cost, b"the password of nobody")?;
        Ok(Self {
            cost,
            turns: Arc::new(Turns(Mutex::new(Room { free: AT_ONCE, queue: Queue::default() }))),
            nobody,
        })
    }

    /// The hash of a new password.
    ///
    /// # Errors
    /// [`Overloaded`].
    pub async fn hash(&self, by: Source, password: &Secret) -> Result<String, Overloaded> {
        let (cost, password) = (self.cost, password.clone());
        self.run(by, move || compute(cost, normal(&password).as_bytes())).await?
    }

    /// Checks a password. Without a stored hash it takes as long and is wrong.
    ///
    /// # Errors
    /// [`Overloaded`].
    pub async fn check(
        &self,
        by: Source,
        password: &Secret,
        stored: Option<&str>,
    ) -> Result<Match, Overloaded> {
        let known = stored.is_some();
        let stored = stored.unwrap_or(&self.nobody).to_owned();
        let (cost, password) = (self.cost, password.clone());
        self.run(by, move || {
            let Ok(parsed) = PasswordHash::new(&stored) else { return Ok(Match::Wrong) };
            let is =
                |text: &str| Argon2::default().verify_password(text.as_bytes(), &parsed).is_ok();
            let normal = normal(&password);
            let right = is(&normal);
            // A hash of what was typed, from before it was brought into one form.
            let older = !right && normal != password.as_str() && is(password.as_str());
            if !known || !(right || older) {
                Ok(Match::Wrong)
            } else if right && is_of(cost, &parsed) {
                Ok(Match::Right)
            } else {
                compute(cost, normal.as_bytes()).map(Match::Renew)
            }
        })
        .await?
    }

    async fn run<T: Send + 'static>(
        &self,
        by: Source,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Overloaded> {
        let turn = self.turns.wait(by).await?;
        let work = move || {
            let done = work();
            drop(turn);
            done
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| Overloaded)
    }
}

/// Who may compute.
#[derive(Debug)]
struct Turns(Mutex<Room>);

#[derive(Debug)]
struct Room {
    /// None while somebody waits.
    free: usize,
    queue: Queue<oneshot::Sender<Turn>>,
}

/// Leave to compute one hash. Dropped, it is the next one's.
#[derive(Debug)]
struct Turn(Arc<Turns>);

impl Turns {
    async fn wait(self: &Arc<Self>, by: Source) -> Result<Turn, Overloaded> {
        let called = {
            let mut room = self.lock();
            if room.free > 0 {
                room.free -= 1;
                return Ok(Turn(Arc::clone(self)));
            }
            room.queue.retain(|call: &oneshot::Sender<Turn>| !call.is_closed());
            let (call, called) = oneshot::channel();
            // Whoever has to leave hears it by the end of the channel.
            let _ = room.queue.push(by, call);
            called
        };
        called.await.map_err(|_| Overloaded)
    }

    fn lock(&self) -> MutexGuard<'_, Room> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let next = {
            let mut room = self.0.lock();
            let next = room.queue.pop();
            if next.is_none() {
                room.free += 1;
            }
            next
        };
        if let Some(next) = next {
            // Whoever stopped waiting drops its turn here, which makes it the one's after it.
            let _ = next.send(Self(Arc::clone(&self.0)));
        }
    }
}

fn compute(cost: Cost, password: &[u8]) -> Result<String, Overloaded> {
    let params = Params::new(cost.memory_kib, cost.passes, 1, None).map_err(|_| Overloaded)?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let salt: [u8; 16] = super::token::random();
    let hash = argon2.hash_password_with_salt(password, &salt).map_err(|_| Overloaded)?;
    Ok(hash.to_string())
}

fn is_of(cost: Cost, hash: &PasswordHash) -> bool {
    Params::try_from(hash)
        .is_ok_and(|params| params.m_cost() == cost.memory_kib && params.t_cost() == cost.passes)
}

/// A password in the one form in which it is hashed: composed, with every kind of space as a blank.
/// That is what the profile `OpaqueString` of PRECIS maps (RFC 8265, section 4.2.1), so that a keyboard
/// that types another form of the same text signs in. What the profile refuses beside it, characters
/// without a meaning yet among it, is let in: a password is shown to nobody.
fn normal(password: &Secret) -> String {
    let spaces = CodePointMapData::<GeneralCategory>::new();
    let blank = |c| if spaces.get(c) == GeneralCategory::SpaceSeparator { ' ' } else { c };
    let spaced: String = password.as_str().chars().map(blank).collect();
    ComposingNormalizerBorrowed::new_nfc().normalize(&spaced).into_owned()
}

/// Why the password is not good enough, if it is not.
#[must_use]
pub fn weakness(password: &Secret) -> Option<ProblemReason> {
    let text = normal(password);
    if text.chars().count() < limits::PASSWORD_CHARS || text.len() > limits::PASSWORD_BYTES {
        return Some(ProblemReason::PasswordLength);
    }
    let lower = text.to_lowercase();
    // A search by lines: the text is small and sign-ups are rare.
    COMMON.lines().any(|common| common == lower).then_some(ProblemReason::PasswordCommon)
}

#[cfg(test)]
mod tests;

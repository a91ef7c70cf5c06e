/**
 * Keeps the screen on while the page is in sight; browsers give it up whenever it is not. Where a
 * browser has no such lock, or refuses it to save power, the screen does what it did.
 *
 * @returns what lets it sleep again.
 */
export function keepAwake(): () => void {
  let over = false;
  let lock: WakeLockSentinel | null = null;

  async function take(): Promise<void> {
    if (over || document.visibilityState !== 'visible') return;
    const taken = await navigator.wakeLock?.request('screen').catch(() => null);
    if (over) void taken?.release();
    else lock = taken ?? null;
  }
  const seen = () => void take();

  document.addEventListener('visibilitychange', seen);
  void take();
  return () => {
    over = true;
    document.removeEventListener('visibilitychange', seen);
    void lock?.release();
  };
}

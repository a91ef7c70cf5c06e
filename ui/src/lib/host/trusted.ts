/** What of the Trusted Types API is used here; not every browser has it. */
interface Policies {
  createPolicy(
    name: string,
    rules: { createScriptURL(address: string): string },
  ): { createScriptURL(address: string): string };
}

const policies = (globalThis as { trustedTypes?: Policies }).trustedTypes;

/** The relay's policy lets no plain string become a script; only those of this origin may. */
const policy = policies?.createPolicy('bellwire', {
  createScriptURL(address) {
    const { origin, href } = new URL(address, location.href);
    if (origin !== location.origin) throw new TypeError('a script of another origin');
    return href;
  },
});

/** An address of an own script, as `Worker` takes it. */
export function ownScript(address: string): string {
  return policy?.createScriptURL(address) ?? address;
}

import type { Relay } from './relay.ts';

/** An account that exists on a relay. */
export interface Account {
  readonly username: string;
  readonly name: string;
  readonly password: string;
  readonly user: string;
  readonly token: string;
}

let made = 0;

/** Makes an account over HTTP, signed in as a device that is not a browser. */
export async function makeAccount(relay: Relay, name: string): Promise<Account> {
  made += 1;
  const username = `${name.toLowerCase()}${made}`;
  const password = `correct-horse-${username}-battery`;
  const invite = relay.takeSetupCode();
  const signedIn = (await post(relay, '/auth/register', {
    ...(invite !== null && { invite }),
    username,
    display_name: name,
    password,
    device: { name: 'Harness', platform: 'cli' },
  })) as { user: string; access_token: string };
  return { username, name, password, user: signedIn.user, token: signedIn.access_token };
}

/** Signs an account in on one more device; gives its access token. */
export async function signInDevice(relay: Relay, account: Account): Promise<string> {
  const { access_token } = (await post(relay, '/auth/login', {
    username: account.username,
    password: account.password,
    device: { name: 'Harness', platform: 'cli' },
  })) as { access_token: string };
  return access_token;
}

/** Makes two accounts contacts of each other; the relay makes their conversation. */
export async function befriend(relay: Relay, one: Account, other: Account): Promise<void> {
  await post(relay, '/contacts', { username: other.username }, one.token);
  await post(relay, `/contacts/${one.user}/accept`, undefined, other.token);
}

/** Has an administrator make a code with which somebody sets a new password. */
export async function makeReset(relay: Relay, by: Account, whose: Account): Promise<string> {
  const { code } = (await post(relay, '/resets', { username: whose.username }, by.token)) as {
    code: string;
  };
  return code;
}

async function post(
  relay: Relay,
  path: string,
  body: unknown,
  token?: string,
): Promise<unknown> {
  const reply = await fetch(`${relay.origin}/api/v1${path}`, {
    method: 'POST',
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await reply.text();
  if (!reply.ok) throw new Error(`POST ${path}: ${reply.status} ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}

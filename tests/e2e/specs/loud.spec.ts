import { makeAccount } from '../harness/account.ts';
import { withDevices } from '../harness/chromium.ts';
import { expect, test } from '../harness/test.ts';

// The browser decides about sound, as it does for people.
test.use({
  launchOptions: {
    ...withDevices,
    args: withDevices.args?.filter((flag) => !flag.startsWith('--autoplay-policy')) ?? [],
  },
});

test('a page that was loaded without a press says that it cannot ring aloud, until one press', async ({
  relay,
  street,
}) => {
  const ada = await street.signIn(await makeAccount(relay, 'Ada'));
  const silent = ada.page.getByRole('alert').filter({ hasText: 'would not ring aloud' });
  await ada.page.reload();
  // Whatever Playwright asks a page counts as a press there, so the page is read without it first.
  const session = await ada.page.context().newCDPSession(ada.page);
  const expression = 'document.body.innerText';
  const words = async () => (await session.send('Runtime.evaluate', { expression })).result.value;
  await expect.poll(words).toContain('would not ring aloud');
  await expect(silent).toBeVisible();
  await ada.page.getByRole('button', { name: 'Let it ring' }).click();
  await expect(silent).toBeHidden();
});

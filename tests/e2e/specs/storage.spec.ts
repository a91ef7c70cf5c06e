import { expectMoving } from "../harness/media.ts";
import { expect, test } from "../harness/test.ts";

/** Ways in which a browser keeps nothing, each as a script that runs before the page's own. */
const WAYS: [string, () => void][] = [
  [
    "throws wherever it is touched",
    () => {
      for (const name of ["sessionStorage", "localStorage", "indexedDB"]) {
        Object.defineProperty(window, name, {
          get: () => {
            throw new DOMException("denied", "SecurityError");
          },
        });
      }
    },
  ],
  [
    "never answers",
    () => {
      IDBFactory.prototype.open = () => new EventTarget() as IDBOpenDBRequest;
    },
  ],
  [
    "opens and never reads",
    () => {
      IDBObjectStore.prototype.getAll = () => new EventTarget() as IDBRequest;
    },
  ],
  [
    "grants no lock",
    () => {
      LockManager.prototype.request = () => new Promise(() => undefined);
    },
  ],
  [
    "has no channel between windows",
    () => {
      Object.defineProperty(window, "BroadcastChannel", {
        value: class {
          constructor() {
            throw new DOMException("denied", "SecurityError");
          }
        },
      });
    },
  ],
];

for (const [how, break_] of WAYS) {
  test(`a storage that ${how} is said in words, and sign-in and calls work`, async ({
    street,
  }) => {
    const { ada, grace } = await street.pair();
    const other = await street.stranger();
    await other.context.addInitScript(break_);
    await other.page.goto("/");
    await other.welcome.expectShown();
    await expect(other.page.getByRole("alert")).toContainText(
      "keeps nothing for this page",
    );
    await other.welcome.signIn(ada.account);
    await other.welcome.skipDeviceCheck();
    await other.home.open(grace.name);
    await other.home.videoCall.click();
    await grace.incoming.accept.click();
    await expectMoving(grace.call.video(ada.name), "Ada at Grace");
  });
}

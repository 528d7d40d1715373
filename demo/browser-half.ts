import { click, consoleTab, row, seen, type } from '../test/e2e/page.ts';
import { ACCOUNTS, type Cast } from './cast.ts';
import { savePicture } from './picture.ts';
import { pairs, say, shownPath, step } from './print.ts';
import { proveIsolation } from './proof.ts';
import { EXTENSION, openScene, type Scene } from './scene.ts';
import type { Stage } from './stage.ts';
import { show } from './terminal-half.ts';
import { select } from './window.ts';

const CODE_FIELD = '[data-prompt=mfa][data-phase=asking] .code-field';

/** Two consoles, opened from the popup, side by side in one Firefox. */
export async function browserHalf(stage: Stage, cast: Cast, binary: string): Promise<Scene> {
  step('Let Firefox reach the vault');
  await show(stage, ['host install --browser firefox']);
  await show(stage, ['host status --browser firefox']);
  const scene = await openPopup(stage, binary);
  await openProduction(scene);
  await openClient(scene, cast);
  await proveIsolation(scene, stage);
  return scene;
}

async function openPopup(stage: Stage, binary: string): Promise<Scene> {
  step('The popup');
  say(
    `Firefox starts with a profile of its own and the extension in ${shownPath(EXTENSION)}. The host reads the same vault;
    the popup lists what is in it.`,
  );
  const scene = await openScene(stage, binary);
  await seen(scene.popup, row('client'));
  await scene.look();
  // The rows are there; the second frame is the one that shows them.
  await scene.popup.evaluate(
    'new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve(true))))',
  );
  pairs({ popup: savePicture('1-popup', await scene.popup.screenshot()) });
  return scene;
}

async function openProduction({ firefox, popup, look }: Scene): Promise<void> {
  step('One click: the console of production');
  await click(popup, row('production'));
  const tab = await consoleTab(firefox, ACCOUNTS.production);
  await look();
  const file = savePicture('2-console-production', await tab.screenshot());
  say(
    `No code was asked for: the session that the terminal opened serves the browser too. The console came up in a
    container tab named "production" and says it is account ${ACCOUNTS.production}.`,
  );
  pairs({ console: file });
}

async function openClient({ firefox, popup, look }: Scene, { devices }: Cast): Promise<void> {
  step('Another profile: the popup asks for the code');
  await click(popup, row('client'));
  await seen(popup, CODE_FIELD);
  await select(firefox, popup);
  const code = devices.client.freshCode();
  // For the picture one digit short, because the sixth sends the code.
  await type(popup, CODE_FIELD, code.slice(0, -1));
  await look();
  const question = savePicture('3-mfa-question', await popup.screenshot());
  await type(popup, CODE_FIELD, code);
  const tab = await consoleTab(firefox, ACCOUNTS.client);
  await look();
  const file = savePicture('4-console-client', await tab.screenshot());
  say(
    `The code, read off the client's MFA device, was typed into the popup; the sixth digit sends it. Account
    ${ACCOUNTS.client} came up in a container tab named "client".`,
  );
  pairs({ 'MFA question': question, console: file });
}

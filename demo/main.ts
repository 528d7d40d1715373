/** A tour of Keyturn without an AWS account: `npm run demo`. */
import { once } from 'node:events';
import readline from 'node:readline';
import type { Firefox } from '../test/e2e/firefox.ts';
import { browserHalf } from './browser-half.ts';
import { prepareCast } from './cast.ts';
import { findFirefox } from './find-firefox.ts';
import { heading, say, title } from './print.ts';
import type { Scene } from './scene.ts';
import { openStage, type Stage } from './stage.ts';
import { terminalHalf } from './terminal-half.ts';

const INTERRUPTED = 130;

async function tour(stage: Stage): Promise<Scene | undefined> {
  title('Keyturn without an AWS account');
  say(
    `A sandbox on this computer plays AWS and checks signatures, role trust and MFA codes as AWS does. Your own home,
    keyring and AWS settings are left alone: everything happens in a throwaway home, which goes away at the end.`,
  );
  const cast = prepareCast(stage);
  await terminalHalf(stage, cast);
  const found = findFirefox();
  if (found.binary === undefined) {
    heading('The other half: the browser');
    say(
      found.isConfined
        ? 'The Firefox of this computer is a Snap, which may not enter the throwaway home. With a Firefox from a distribution package, Mozilla or Debian, the demo goes on here and opens two AWS consoles side by side.'
        : 'There is no Firefox here (looked for firefox-esr and firefox on PATH). With one, the demo goes on and opens two AWS consoles side by side, each in a container tab. On Debian: apt-get install firefox-esr, then npm run demo again.',
    );
    return undefined;
  }
  return browserHalf(stage, cast, found.binary);
}

/** Leaves a visible Firefox to the person, if there is one who can end it. */
async function letPlay({ firefox, isVisible }: Scene, signal: AbortSignal): Promise<void> {
  if (!isVisible || !process.stdin.isTTY) return;
  heading('Your turn');
  say(
    `Firefox stays open. Keyturn is behind the puzzle piece at the top right, or press Alt+Shift+K in Firefox. Press Enter
    or Ctrl-C here to close it and to clean up.`,
  );
  const lines = readline.createInterface({ input: process.stdin });
  await Promise.race([once(lines, 'line'), once(lines, 'close'), closedByHand(firefox), aborted(signal)]);
  lines.close();
}

/** Its connection ends with it, and so does a question that is never answered. */
async function closedByHand(firefox: Firefox): Promise<void> {
  const window = await firefox.window();
  await window.evaluate('new Promise(() => {})').catch(() => undefined);
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}

/** The first Ctrl-C ends the tour in good order, the second at once; so do the other ways in which a terminal goes away. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  const interrupt = () => {
    if (controller.signal.aborted) process.exit(INTERRUPTED);
    controller.abort();
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, interrupt);
  process.stdout.on('error', () => controller.abort()); // `| head` has seen enough
  return controller.signal;
}

function sayInterrupted(): number {
  say('Interrupted.');
  return INTERRUPTED;
}

/** @returns the exit status */
async function main(): Promise<number> {
  const interrupted = interruption();
  const stage = await openStage();
  try {
    const shown = await Promise.race([tour(stage), aborted(interrupted)]);
    if (shown === undefined && interrupted.aborted) return sayInterrupted();
    stage.aws.assertNoUnexpectedCalls();
    if (shown !== undefined) await letPlay(shown, interrupted);
    return 0;
  } catch (error) {
    if (interrupted.aborted) return sayInterrupted(); // what failed is what was interrupted
    console.error(`\nThe demo stopped: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  } finally {
    await stage.close();
    say(`Cleaned up: the sandbox, ${stage.home} and every process that the demo started are gone.`);
  }
}

process.exit(await main()); // nothing that is still waiting somewhere has anything left to wait for
